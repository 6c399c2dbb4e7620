"""Whose is a claim, and how is it given back?

A claim belongs to a row if it stands on one of the hosts that the row's own
attempts name. Anything else has another owner and is left alone.
"""

from __future__ import annotations

import logging

from understudy.cells.cell_store import CellStore
from understudy.cells.records import InstanceRecord
from understudy.ledger import errors as ledger_errors
from understudy.ledger.protocols import Claims, HeldClaim, Owner

LOG = logging.getLogger(__name__)


def owner_of(record: InstanceRecord) -> Owner:
    """Return whose claim an instance's is."""
    return Owner(record.project_id, record.user_id, record.consumer_type)


class Custody:
    """Looks at and gives back the claims of one cell's instances."""

    def __init__(self, store: CellStore, claims: Claims) -> None:
        """Take the cell's store and the ledger's claims."""
        self._store = store
        self._claims = claims

    def is_ours(self, record: InstanceRecord) -> bool:
        """Does the claim stand on the recorded target at the recorded generation?

        Raises LedgerUnavailable.
        """
        held = self._claims.read_back(record.uuid)
        return (
            record.selection is not None
            and held.generation == record.generation
            and same(held, record.selection.allocations)
        )

    def give_back(self, record: InstanceRecord) -> None:
        """Give back the claim at the instance's ending, if it is still ours.

        A tombstone that came before its insert holds none: whoever finds the
        tombstone gives back what it claimed. Raises LedgerUnavailable.
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
        held = self._claims.read_back(record.uuid)
        if held.generation is None or not held.allocations:
            return
        if not self._stands_on_an_attempt(record, held):
            LOG.warning("the claim of %s has another owner and is left: %s", record.uuid, stale)
            return
        self._claims.unclaim(record.uuid, owner_of(record), held.generation)

    def _stands_on_an_attempt(self, record: InstanceRecord, held: HeldClaim) -> bool:
        return any(
            same(held, attempt.selection.allocations)
            for attempt in self._store.attempts(record.uuid)
        )


def same(held: HeldClaim, allocations: dict[str, dict[str, int]]) -> bool:
    """Does the ledger hold exactly these allocations?"""
    found = {provider: dict(amounts) for provider, amounts in held.allocations.items()}
    return found == allocations
