"""Delete an instance, wherever its build is.

Delete wins: it raises the attempt by compare-and-swap, in the mapping first,
then as a tombstone in the cell, which also stops a late insert. The mapping is
DELETED only when the ledger shows nothing any more.
"""

from __future__ import annotations

import logging

from understudy.cells import errors as cell_errors
from understudy.cells import mapping_states
from understudy.cells.api_store import ApiStore
from understudy.cells.records import MappingRecord
from understudy.conductor.cell_access import CellAccess, CellDirectory
from understudy.conductor.first_claims import FirstClaims
from understudy.ledger import errors as ledger_errors
from understudy.objects import states
from understudy.rpcapi import errors as wire

LOG = logging.getLogger(__name__)

BATCH = 100
"""Deletes looked at in one sweep."""


class Deleter:
    """The super conductor's side of every delete."""

    def __init__(self, api: ApiStore, cells: CellDirectory, first_claims: FirstClaims) -> None:
        """Take the API database, the cells, and what gives first claims back."""
        self._api = api
        self._cells = cells
        self._first_claims = first_claims

    def delete(self, instance_uuid: str) -> None:
        """Set out to delete the instance; safe to repeat. Raises InstanceNotFound.

        The intent is on disk when this returns. A cell that cannot be reached
        gets its tombstone when it is back.
        """
        try:
            mapping = self._api.begin_deleting(instance_uuid)
        except cell_errors.InstanceUnknown as error:
            raise wire.InstanceNotFound(instance_uuid) from error
        if mapping.state == mapping_states.DELETED or mapping.cell_uuid is None:
            return
        try:
            self._bury(self._cells.get(mapping.cell_uuid), mapping)
        except cell_errors.CellUnreachable as error:
            LOG.warning("%s is deleted when its cell is back: %s", instance_uuid, error)

    def sweep(self) -> None:
        """Go on with every delete that has not ended."""
        for mapping in self._api.deleting(BATCH):
            try:
                self._go_on(mapping)
            except (cell_errors.CellUnreachable, ledger_errors.LedgerUnavailable) as error:
                LOG.warning("the delete of %s waits: %s", mapping.instance_uuid, error)

    def _go_on(self, mapping: MappingRecord) -> None:
        if mapping.cell_uuid is None:
            self._end_unmapped(mapping)
            return
        access = self._cells.get(mapping.cell_uuid)
        if self._bury(access, mapping) == states.DELETED:
            self._end(mapping)

    def _bury(self, access: CellAccess, mapping: MappingRecord) -> str:
        """Put the tombstone into the cell; return the row's state."""
        request = self._api.request(mapping.request_id).request
        record = access.store.begin_deleting(
            mapping.instance_uuid,
            request_id=mapping.request_id,
            name=mapping.name,
            project_id=mapping.project_id,
            user_id=mapping.user_id,
            consumer_type=str(request.consumer_type),
        )
        if record.state == states.DELETING:
            access.nudge(mapping, mapping.instance_uuid)
        return record.state

    def _end_unmapped(self, mapping: MappingRecord) -> None:
        """End a delete that came before the cell, once no selection is in flight."""
        if self._api.request(mapping.request_id).state == "DONE":
            self._end(mapping)

    def _end(self, mapping: MappingRecord) -> None:
        request = self._api.request(mapping.request_id).request
        self._first_claims.release(request, mapping.instance_uuid)
        self._api.end_deleting(mapping.instance_uuid)
