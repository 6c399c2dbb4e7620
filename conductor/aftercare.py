"""Give back claims that came to light after their instance had ended.

A copy of a selection, or a claim that nobody answered, may land when the
instance has ended and its consumer is gone: nothing fences it then, and it is
nobody's. So the ledger is read again for what has ended, until nothing of a
selection can be under way any more. What ends long after its selection, as most
deletes do, is never looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from understudy.cells import mapping_states
from understudy.cells.api_store import ApiStore
from understudy.cells.records import MappingRecord
from understudy.conductor.cell_access import CellDirectory
from understudy.conductor.first_claims import FirstClaims
from understudy.conductor.patience import apart, apart_about
from understudy.conductor.timing import Timing


class Aftercare:
    """Looks after what ended lately, ERROR or DELETED; an ending is final, so it is safe."""

    def __init__(
        self, api: ApiStore, cells: CellDirectory, first_claims: FirstClaims, timing: Timing
    ) -> None:
        """Take the collaborators.

        A selection is sent for half a lease at most, runs for no longer than
        that, and what it wrote last has landed after the settling time.
        """
        self._api = api
        self._cells = cells
        self._first_claims = first_claims
        self._seconds = timing.lease + timing.settle

    def sweep(self) -> None:
        """Read back each that ended; those whose cell does not answer come with a later sweep."""
        mapped: dict[str, list[MappingRecord]] = defaultdict(list)
        for mapping in self._api.selected_lately(self._seconds):
            if mapping.state != mapping_states.MAPPED:
                self._give_back([mapping])
            elif mapping.cell_uuid is not None:
                mapped[mapping.cell_uuid].append(mapping)
        for cell_uuid, mappings in mapped.items():
            with apart(f"what ended in cell {cell_uuid}"):
                store = self._cells.get(cell_uuid).store
                failed = store.failed_among([mapping.instance_uuid for mapping in mappings])
                self._give_back(one for one in mappings if one.instance_uuid in failed)

    def _give_back(self, mappings: Iterable[MappingRecord]) -> None:
        for mapping in mappings:
            with apart_about("a late claim", mapping.request_id, mapping.instance_uuid):
                if self._first_claims.is_held(mapping.instance_uuid):
                    request = self._api.request(mapping.request_id).request
                    self._first_claims.release(request, mapping.instance_uuid)
