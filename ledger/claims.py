"""Claims in Placement: take, move, give back, read back.

Every write carries the generation it is based on, so that a repeated, late or
foreign write is refused instead of applied twice.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from understudy.ledger import allocations, api, claim_batch, errors, pauses
from understudy.ledger.protocols import ClaimResults, HeldClaim, Owner, WantedClaim


class PlacementClaims:
    """`protocols.Claims` on Placement. Safe to use from many threads."""

    def __init__(
        self,
        placement: api.PlacementApi,
        pause: pauses.Pause | None = None,
        batch_size: int = 100,
    ) -> None:
        """Write at most `batch_size` claims at once; `pause` between tries."""
        self._api = placement
        self._pause = pause or pauses.jittered()
        self._batch_size = batch_size

    def claim_many(self, wanted: Sequence[WantedClaim]) -> ClaimResults:
        """Write all claims, in one write where all fit; split it on conflict."""
        pending = [claim_batch.Pending(claim) for claim in wanted]
        if len({claim.consumer for claim in pending}) < len(pending):
            raise ValueError("a consumer stands twice in one batch")
        ordered = _by_host(pending)
        parts = [
            ordered[start : start + self._batch_size]
            for start in range(0, len(ordered), self._batch_size)
        ]
        return claim_batch.ClaimBatch(self._api, self._pause).settle(parts)

    def swap(self, wanted: WantedClaim) -> int:
        """Move the consumer's claim in one write; return the new generation."""
        if wanted.generation is None:
            raise ValueError("a move needs the generation read")
        results = self.claim_many([wanted])
        if wanted.consumer in results.refused:
            raise results.refused[wanted.consumer]
        return results.claimed[wanted.consumer]

    def unclaim(self, consumer: str, owner: Owner, generation: int) -> None:
        """Give back all that the consumer holds, at its ending only."""
        body = allocations.payload({}, owner, generation)
        lost = 0
        for failed in itertools.count(1):
            outcome = self._write_unclaim(consumer, body, lost)
            match outcome:
                case api.Done():
                    return
                case api.Refused(status=status, detail=detail):
                    raise errors.LedgerRefused(f"unclaim of {consumer}", status, detail)
                case api.Lost():
                    lost += 1
                case api.Conflict():
                    pass
            if self._is_gone(consumer, generation, lost):
                return
            if failed >= claim_batch.MAX_CONTENDED or lost >= claim_batch.MAX_LOST:
                raise _unsettled(lost, f"unclaim of {consumer}", outcome.detail)
            self._pause(failed)

    def read_back(self, consumer: str) -> HeldClaim:
        """Return what the ledger holds for the consumer. Raises LedgerUnavailable."""
        return claim_batch.read_back(self._api, consumer)

    def _write_unclaim(self, consumer: str, body: dict[str, object], lost: int) -> api.Outcome:
        try:
            return self._api.write("PUT", f"/allocations/{consumer}", body)
        except errors.LedgerUnavailable as error:
            raise _unsettled(lost, error.operation, error.detail) from error

    def _is_gone(self, consumer: str, generation: int, lost: int) -> bool:
        """Does the consumer hold nothing? StaleGeneration where it holds something newer."""
        try:
            held = self.read_back(consumer)
        except errors.LedgerUnavailable as error:
            raise _unsettled(lost, error.operation, error.detail) from error
        if held.generation is not None and held.generation != generation:
            raise errors.StaleGeneration(consumer, generation, held.generation)
        return held.generation is None


def _unsettled(lost: int, operation: str, detail: str) -> errors.LedgerUnavailable:
    kind = errors.OutcomeUnknown if lost else errors.LedgerUnavailable
    return kind(operation, detail)


def _by_host(pending: Sequence[claim_batch.Pending]) -> list[claim_batch.Pending]:
    """Bring claims of the same providers together, so that halving parts a full host from others.

    The earliest claim of each host keeps its place before the others' and the
    claims of one host their order.
    """
    place: dict[frozenset[str], int] = {}
    for index, claim in enumerate(pending):
        place.setdefault(frozenset(claim.amounts), index)
    return sorted(pending, key=lambda claim: place[frozenset(claim.amounts)])
