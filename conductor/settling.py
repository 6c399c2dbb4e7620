"""Settle hand-overs that came to nothing.

A selection may have moved the claim to another cell's host that was never told,
before its instance ended in the old cell. Nobody else owns such a claim: the
mapping still says HANDING_OVER.
"""

from __future__ import annotations

from understudy.cells.api_store import ApiStore
from understudy.cells.records import MappingRecord
from understudy.conductor.cell_access import CellDirectory
from understudy.conductor.first_claims import FirstClaims
from understudy.conductor.lease import Lease
from understudy.conductor.patience import apart_about
from understudy.objects import states

BATCH = 50
"""Hand-overs looked at in one sweep."""


class Settler:
    """Gives claims back that were left between two cells."""

    def __init__(
        self, api: ApiStore, cells: CellDirectory, first_claims: FirstClaims, lease: Lease
    ) -> None:
        """Take the collaborators; the lease is this object's own."""
        self._api = api
        self._cells = cells
        self._first_claims = first_claims
        self._lease = lease

    def sweep(self) -> None:
        """Settle what nobody works on and what has ended in its cell."""
        for mapping in self._api.handing_over(BATCH):
            with apart_about("the hand-over", mapping.request_id, mapping.instance_uuid):
                self._settle(mapping)

    def _settle(self, mapping: MappingRecord) -> None:
        access = self._cells.get(str(mapping.cell_uuid))
        record = access.store.instance(mapping.instance_uuid)
        if record.state != states.ERROR:
            return
        # That it has ended is for its cell to say; whose it is, and at which attempt, is not.
        uuid, lease = mapping.instance_uuid, self._lease
        self._api.begin_hand_over(uuid, mapping.attempt, lease.owner, lease.seconds)
        self._first_claims.release(self._api.request(mapping.request_id).request, uuid)
        self._api.give_up_hand_over(uuid, lease.owner)
