"""Delete an instance, wherever its build is.

Delete wins: it raises the attempt by compare-and-swap, in the mapping first,
then as a tombstone in the cell, which also stops a late insert. The mapping is
DELETED only when the ledger shows nothing any more.
"""

from __future__ import annotations

from understudy.cells import errors as cell_errors
from understudy.cells import mapping_states
from understudy.cells.api import requests
from understudy.cells.api_store import ApiStore
from understudy.cells.records import MappingRecord
from understudy.conductor.cell_access import CellAccess, CellDirectory
from understudy.conductor.first_claims import FirstClaims
from understudy.conductor.patience import apart, apart_about
from understudy.objects import states
from understudy.rpcapi import errors as wire

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
        with apart(f"the delete of {instance_uuid}"):
            self._bury(self._cells.get(mapping.cell_uuid), mapping)

    def sweep(self) -> None:
        """Go on with every delete that has not ended; a silent cell is asked once."""
        silent: set[str | None] = set()
        for mapping in self._api.deleting(BATCH):
            if mapping.cell_uuid in silent:
                continue
            with apart_about("the delete", mapping.request_id, mapping.instance_uuid):
                try:
                    self._go_on(mapping)
                except cell_errors.CellUnreachable:
                    silent.add(mapping.cell_uuid)
                    raise

    def _go_on(self, mapping: MappingRecord) -> None:
        if mapping.cell_uuid is None:
            self._end_unmapped(mapping)
            return
        access = self._cells.get(mapping.cell_uuid)
        if self._bury(access, mapping) == states.DELETED:
            self._end(mapping)

    def _bury(self, access: CellAccess, mapping: MappingRecord) -> str:
        """Put the tombstone into the cell; return the row's state.

        A row that took itself for superseded ends as deleted once no host holds
        anything of it: the mapping knows no other cell.
        """
        request = self._api.request(mapping.request_id).request
        try:
            record = access.store.begin_deleting(
                mapping.instance_uuid,
                request_id=mapping.request_id,
                name=mapping.name,
                project_id=mapping.project_id,
                user_id=mapping.user_id,
                consumer_type=str(request.consumer_type),
            )
        except cell_errors.LostRace as race:
            held = access.store.uncleaned(mapping.instance_uuid)
            return race.found_state if held else states.DELETED
        if record.state == states.DELETING:
            access.nudge(mapping, mapping.instance_uuid)
        return record.state

    def _end_unmapped(self, mapping: MappingRecord) -> None:
        """End a delete that came before the cell, once no selection is in flight.

        Until its request is done, that is for whoever works on the request.
        """
        failed = mapping.fault is not None
        if failed or self._api.request(mapping.request_id).state == requests.DONE:
            self._end(mapping)

    def _end(self, mapping: MappingRecord) -> None:
        request = self._api.request(mapping.request_id).request
        self._first_claims.release(request, mapping.instance_uuid)
        self._api.end_deleting(mapping.instance_uuid)
