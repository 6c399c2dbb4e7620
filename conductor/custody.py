"""Whose is a claim, and how is it given back?

A claim belongs to a row if it stands on one of the hosts that the row's own
attempts name. Anything else has another owner and is left alone.
"""

from __future__ import annotations

import enum
import logging
from dataclasses import dataclass

from understudy.cells.cell_store import CellStore
from understudy.cells.records import InstanceRecord
from understudy.ledger import errors as ledger_errors
from understudy.ledger.protocols import Claims, HeldClaim, Owner

LOG = logging.getLogger(__name__)


def owner_of(record: InstanceRecord) -> Owner:
    """Return whose claim an instance's is."""
    return Owner(record.project_id, record.user_id, record.consumer_type)


class Where(enum.Enum):
    """On what a row's claim stands."""

    TARGET = "the recorded target"
    EARLIER = "another target of this row's own"
    NOWHERE = "nothing: there is no claim"
    ELSEWHERE = "a host that this row never named"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a claim stands, and at which generation (0: there is none)."""

    where: Where
    generation: int


class Custody:
    """Looks at and gives back the claims of one cell's instances."""

    def __init__(self, store: CellStore, claims: Claims) -> None:
        """Take the cell's store and the ledger's claims."""
        self._store = store
        self._claims = claims

    def look(self, record: InstanceRecord) -> Standing:
        """Return where the instance's claim stands. Raises LedgerUnavailable.

        A claim on the recorded target is the row's at whatever generation: a
        late run of its selection may have adopted, and so rewritten, it.
        """
        held = self._claims.read_back(record.uuid)
        if held.generation is None or not held.allocations:
            return Standing(Where.NOWHERE, 0)
        return Standing(self._where(record, held), held.generation)

    def give_back(self, record: InstanceRecord) -> None:
        """Give back the claim at the instance's ending, if it is still ours.

        A tombstone that came before its insert holds none: whoever ends the
        delete gives back what was claimed. Raises LedgerUnavailable.
        """
        if record.generation is None:
            return
        try:
            self._claims.unclaim(record.uuid, owner_of(record), record.generation)
        except ledger_errors.StaleGeneration as stale:
            self._give_back_newer(record, stale)

    def _give_back_newer(
        self, record: InstanceRecord, stale: ledger_errors.StaleGeneration
    ) -> None:
        """Give back a claim that a swap of ours moved and could not write down."""
        standing = self.look(record)
        if standing.where is Where.NOWHERE:
            return
        if standing.where is Where.ELSEWHERE:
            LOG.warning("the claim of %s has another owner and is left: %s", record.uuid, stale)
            return
        self._claims.unclaim(record.uuid, owner_of(record), standing.generation)

    def _where(self, record: InstanceRecord, held: HeldClaim) -> Where:
        if record.selection is not None and same(held, record.selection.allocations):
            return Where.TARGET
        targets = (attempt.selection.allocations for attempt in self._store.attempts(record.uuid))
        return Where.EARLIER if any(same(held, target) for target in targets) else Where.ELSEWHERE


def same(held: HeldClaim, allocations: dict[str, dict[str, int]]) -> bool:
    """Does the ledger hold exactly these allocations?"""
    found = {provider: dict(amounts) for provider, amounts in held.allocations.items()}
    return found == allocations
