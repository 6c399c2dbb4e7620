"""Write a batch of claims: all in one write, or split until each is settled.

A POST of many consumers is all or nothing, and says nothing about whose claim
did not fit. So a part that conflicts is halved, the earlier half first: each
claim then fares as if they had been written one by one in their order, at a
fraction of the writes.

A write whose answer was lost stays in doubt until one of its consumers is
found to have moved on: a later generation fences it, whole, for it was all or
nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from understudy.ledger import allocations, api, errors
from understudy.ledger.pauses import Pause
from understudy.ledger.protocols import ClaimResults, HeldClaim, WantedClaim

MAX_CONTENDED: Final = 6
"""Tries of one claim that meets others at its provider."""
MAX_CONTENDED_TOGETHER: Final = 2
"""Tries of several claims in one write; then in halves, which meet fewer others."""
MAX_LOST: Final = 2
"""Writes of one claim that may go unanswered; the second repeats the first."""
_BAD_REQUEST: Final = 400


class Pending:
    """One claim on its way: what to send, and what happened to it so far."""

    def __init__(self, wanted: WantedClaim) -> None:
        """Start with the generation that the claim is based on."""
        self.wanted = wanted
        self.consumer = wanted.consumer
        self.amounts = allocations.wanted_amounts(wanted)
        self.send = wanted.generation
        self.contended = 0
        self.lost = 0

    @property
    def next_generation(self) -> int:
        """The generation that this claim has once it is written: the one sent, plus 1."""
        return (self.wanted.generation or 0) + 1

    def landed_as(self, held: HeldClaim) -> bool:
        """Is this what the consumer looks like after our own write?"""
        return held.generation == self.next_generation and held.allocations == self.amounts

    def flip(self) -> None:
        """Send a first claim on 0 instead of null, or the other way round.

        A consumer that was created and never filled stands at generation 0 and
        cannot be told from one that does not exist.
        """
        self.send = 0 if self.send is None else None


Part = list[Pending]


class ClaimBatch:
    """One call of claim_many or swap, from its first write to its last."""

    def __init__(self, placement: api.PlacementApi, pause: Pause) -> None:
        """Nothing is settled yet."""
        self._api = placement
        self._pause = pause
        self._claimed: dict[str, int] = {}
        self._recognized: set[str] = set()
        self._refused: dict[str, errors.LedgerError] = {}
        self._moved: set[str] = set()
        self._in_doubt: list[frozenset[str]] = []

    def settle(self, parts: Sequence[Part]) -> ClaimResults:
        """Write all parts, in order. Raises LedgerUnavailable or OutcomeUnknown."""
        waiting = deque(parts)
        try:
            while waiting:
                waiting.extendleft(reversed(self._try(waiting.popleft())))
        except errors.OutcomeUnknown:
            raise
        except errors.LedgerUnavailable as error:
            if self._claimed or self._doubts():
                raise errors.OutcomeUnknown(error.operation, error.detail) from error
            raise
        for consumers in self._doubts():
            raise errors.OutcomeUnknown("claim", f"no answer about {', '.join(sorted(consumers))}")
        return ClaimResults(self._claimed, self._refused, frozenset(self._recognized))

    def _doubts(self) -> list[frozenset[str]]:
        """Return the unanswered writes that could still land."""
        fenced = self._claimed.keys() | self._moved
        return [consumers for consumers in self._in_doubt if not consumers & fenced]

    def _try(self, part: Part) -> list[Part]:
        """Write the part once; return what is left to try of it."""
        match self._write(part):
            case api.Done():
                self._claim(part)
                return []
            case api.Conflict(code=api.NO_ROOM, detail=detail):
                return self._no_room(part, detail)
            case api.Conflict(detail=detail):
                return self._conflicted(part, detail)
            case api.Refused(status=status, detail=detail):
                return self._wrong(part, status, detail)
            case api.Lost(detail=detail):
                return self._unanswered(part, detail)

    def _write(self, part: Part) -> api.Outcome:
        bodies = {
            claim.consumer: allocations.payload(claim.amounts, claim.wanted.owner, claim.send)
            for claim in part
        }
        if len(part) == 1:
            consumer = part[0].consumer
            return self._api.write("PUT", f"/allocations/{consumer}", bodies[consumer])
        return self._api.write("POST", "/allocations", bodies)

    def _claim(self, part: Part) -> None:
        for claim in part:
            self._claimed[claim.consumer] = claim.next_generation

    def _no_room(self, part: Part, detail: str) -> list[Part]:
        if len(part) == 1:
            consumer = part[0].consumer
            self._refused[consumer] = errors.ClaimConflict(consumer, detail)
            return []
        return _halves(part)

    def _wrong(self, part: Part, status: int, detail: str) -> list[Part]:
        """Find whose claim is wrong, if it can be only some of them."""
        if len(part) == 1 or status != _BAD_REQUEST:
            for claim in part:
                refusal = errors.LedgerRefused(f"claim of {claim.consumer}", status, detail)
                self._refused[claim.consumer] = refusal
            return []
        # Placement creates the consumers before it finds a provider missing, and leaves them.
        for claim in self._rebasable(part):
            claim.send = 0
        return _halves(part)

    def _conflicted(self, part: Part, detail: str) -> list[Part]:
        """Tell a consumer that somebody else wrote from contention at a provider."""
        rest = self._set_moved_aside(part)
        if len(rest) < len(part):
            return [rest] if rest else []
        for claim in part:
            claim.contended += 1
        failed = part[0].contended
        if failed >= (MAX_CONTENDED if len(part) == 1 else MAX_CONTENDED_TOGETHER):
            return self._no_room(part, f"its provider is contended: {detail}")
        for claim in self._rebasable(part):
            claim.flip()
        self._pause(failed)
        return [part]

    def _unanswered(self, part: Part, detail: str) -> list[Part]:
        """Read back what became of a write, and repeat it if nothing did."""
        self._in_doubt.append(frozenset(claim.consumer for claim in part))
        for claim in part:
            claim.lost += 1
        rest = self._set_moved_aside(part)
        if len(rest) < len(part):
            for claim in rest:
                claim.lost = 0
            return [rest] if rest else []
        if part[0].lost >= MAX_LOST:
            raise errors.OutcomeUnknown("claim", detail)
        self._pause(part[0].lost)
        return [part]

    def _rebasable(self, part: Part) -> Part:
        """Return the first claims, except while a write for them is in doubt.

        That write may still be under way, and Placement's undo of it would
        delete the consumer that a write on 0 has filled.
        """
        doubtful = self._doubtful()
        return [
            claim
            for claim in part
            if claim.wanted.generation is None and claim.consumer not in doubtful
        ]

    def _set_moved_aside(self, part: Part) -> Part:
        """Settle the claims whose consumer has another generation now; return the others.

        What looks like our own write is ours only if one of ours is in doubt.
        """
        doubtful = self._doubtful()
        rest: Part = []
        for claim in part:
            held = read_back(self._api, claim.consumer)
            if held.generation == claim.wanted.generation:
                rest.append(claim)
            elif claim.consumer in doubtful and claim.landed_as(held):
                self._claim([claim])
                self._recognized.add(claim.consumer)
            else:
                self._moved.add(claim.consumer)
                self._refused[claim.consumer] = errors.StaleGeneration(
                    claim.consumer, claim.wanted.generation, held.generation
                )
        return rest

    def _doubtful(self) -> frozenset[str]:
        """Return the consumers of unanswered writes that could still land."""
        return frozenset().union(*self._doubts())


def read_back(placement: api.PlacementApi, consumer: str) -> HeldClaim:
    """Return what Placement shows of the consumer. Raises LedgerUnavailable."""
    return allocations.held(consumer, placement.get(f"/allocations/{consumer}"))


def _halves(part: Part) -> list[Part]:
    for claim in part:
        claim.contended = 0
    middle = (len(part) + 1) // 2
    return [part[:middle], part[middle:]]
