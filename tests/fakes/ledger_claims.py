"""The fake ledger's claims: the promises of the real ones, in plainer steps."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tests.fakes.ledger_store import Allocations, BadRequest, Concurrent, NoRoom, Write
from tests.fakes.ledger_wire import AnswerLost, Wire
from understudy.ledger import errors
from understudy.ledger.protocols import ClaimResults, HeldClaim, Owner, WantedClaim

MAX_CONTENDED = 6
MAX_LOST = 2


class FakeClaims(Wire):
    """`protocols.Claims`."""

    def claim_many(self, wanted: Sequence[WantedClaim]) -> ClaimResults:
        """Try all at once, then one by one."""
        self.calls["claim_many"] += 1
        if len({claim.consumer for claim in wanted}) < len(wanted):
            raise ValueError("a consumer stands twice in one batch")
        return _Settling(self).settle(wanted)

    def swap(self, wanted: WantedClaim) -> int:
        """Move a claim in one write."""
        self.calls["swap"] += 1
        if wanted.generation is None:
            raise ValueError("a move needs the generation read")
        results = _Settling(self).settle([wanted])
        if wanted.consumer in results.refused:
            raise results.refused[wanted.consumer]
        return results.claimed[wanted.consumer]

    def unclaim(self, consumer: str, owner: Owner, generation: int) -> None:
        """Give back all, under the generation."""
        self.calls["unclaim"] += 1
        lost = 0
        try:
            for _ in range(MAX_CONTENDED):
                try:
                    self.write("unclaim", [Write(consumer, owner, {}, generation)])
                    return
                except Concurrent:
                    pass
                except AnswerLost:
                    lost += 1
                held = self.look(consumer)
                if held.generation is None:
                    return
                if held.generation != generation:
                    raise errors.StaleGeneration(consumer, generation, held.generation)
                if lost >= MAX_LOST:
                    break
            raise errors.LedgerUnavailable("unclaim", consumer)
        except errors.LedgerUnavailable as error:
            if lost:
                raise errors.OutcomeUnknown(error.operation, error.detail) from error
            raise

    def read_back(self, consumer: str) -> HeldClaim:
        """Return what the consumer holds."""
        self.calls["read_back"] += 1
        return self.look(consumer)

    def look(self, consumer: str) -> HeldClaim:
        """Return what the consumer holds; not counted as a call."""
        return self.read("read_back", lambda: self.store.held(consumer))


class _Settling:
    """One call, until each consumer is claimed or refused."""

    def __init__(self, ledger: FakeClaims) -> None:
        self._ledger = ledger
        self._claimed: dict[str, int] = {}
        self._refused: dict[str, errors.LedgerError] = {}
        self._moved: set[str] = set()
        self._in_doubt: list[set[str]] = []

    def settle(self, wanted: Sequence[WantedClaim]) -> ClaimResults:
        try:
            if len(wanted) < 2 or not self._together(wanted):
                for claim in _by_host(wanted):
                    self._alone(claim)
        except errors.OutcomeUnknown:
            raise
        except errors.LedgerUnavailable as error:
            if self._claimed or self._doubts():
                raise errors.OutcomeUnknown(error.operation, error.detail) from error
            raise
        if self._doubts():
            raise errors.OutcomeUnknown("claim", "an answer was lost")
        return ClaimResults(self._claimed, self._refused)

    def _doubts(self) -> list[set[str]]:
        """A write that may still land is fenced once one of its consumers moved on."""
        fenced = self._claimed.keys() | self._moved
        return [consumers for consumers in self._in_doubt if not consumers & fenced]

    def _together(self, wanted: Sequence[WantedClaim]) -> bool:
        """One write for all; False if they have to be tried one by one."""
        for _ in range(MAX_LOST):
            try:
                self._ledger.write("claim", [_write(claim, claim.generation) for claim in wanted])
            except (NoRoom, BadRequest, Concurrent):
                return False
            except AnswerLost:
                self._in_doubt.append({claim.consumer for claim in wanted})
                held = {claim.consumer: self._ledger.look(claim.consumer) for claim in wanted}
                if all(_landed(claim, held[claim.consumer]) for claim in wanted):
                    self._claim(wanted)
                    return True
                if any(held[claim.consumer].generation != claim.generation for claim in wanted):
                    return False
            else:
                self._claim(wanted)
                return True
        raise errors.OutcomeUnknown("claim", "unanswered twice")

    def _alone(self, claim: WantedClaim) -> None:
        send, contended, lost = claim.generation, 0, 0
        while claim.consumer not in self._claimed.keys() | self._refused.keys():
            try:
                self._ledger.write("claim", [_write(claim, send)])
                self._claim([claim])
                return
            except NoRoom as error:
                self._refuse(errors.ClaimConflict(claim.consumer, str(error)), claim)
                return
            except BadRequest as error:
                self._refuse(errors.LedgerRefused("claim", 400, str(error)), claim)
                return
            except Concurrent:
                contended += 1
            except AnswerLost:
                lost += 1
                self._in_doubt.append({claim.consumer})
            self._read_back(claim)
            if contended >= MAX_CONTENDED:
                self._refuse(errors.ClaimConflict(claim.consumer, "contended"), claim)
            if lost >= MAX_LOST and claim.consumer not in self._claimed:
                raise errors.OutcomeUnknown("claim", "unanswered twice")
            if claim.generation is None and not self._is_in_doubt(claim):
                send = 0 if send is None else None

    def _read_back(self, claim: WantedClaim) -> None:
        held = self._ledger.look(claim.consumer)
        if held.generation == claim.generation:
            return
        if self._is_in_doubt(claim) and _landed(claim, held):
            self._claim([claim])
            return
        self._moved.add(claim.consumer)
        self._refuse(
            errors.StaleGeneration(claim.consumer, claim.generation, held.generation), claim
        )

    def _is_in_doubt(self, claim: WantedClaim) -> bool:
        return any(claim.consumer in consumers for consumers in self._doubts())

    def _claim(self, wanted: Sequence[WantedClaim]) -> None:
        self._claimed.update({claim.consumer: _next_generation(claim) for claim in wanted})

    def _refuse(self, error: errors.LedgerError, claim: WantedClaim) -> None:
        self._refused.setdefault(claim.consumer, error)


def _amounts(claim: WantedClaim) -> Allocations:
    allocations = json.loads(claim.allocation_request)["allocations"]
    return {provider: dict(part["resources"]) for provider, part in allocations.items()}


def _write(claim: WantedClaim, generation: int | None) -> Write:
    return Write(claim.consumer, claim.owner, _amounts(claim), generation)


def _next_generation(claim: WantedClaim) -> int:
    return (claim.generation or 0) + 1


def _landed(claim: WantedClaim, held: HeldClaim) -> bool:
    return held.generation == _next_generation(claim) and held.allocations == _amounts(claim)


def _by_host(wanted: Sequence[WantedClaim]) -> list[WantedClaim]:
    place: dict[frozenset[str], int] = {}
    for index, claim in enumerate(wanted):
        place.setdefault(frozenset(_amounts(claim)), index)
    return sorted(wanted, key=lambda claim: place[frozenset(_amounts(claim))])
