"""Claim for the instances of one request, and take it all back if it must be.

Every write carries the generation it is based on, and what it produced is noted
before anything else can fail. Undoing uses that very generation: where it is
stale, another run of the same request owns the claim by now, and keeps it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from understudy.ledger import errors
from understudy.ledger.protocols import Claims, HeldClaim, Owner, WantedClaim
from understudy.scheduler import room
from understudy.scheduler.plan import Planned

LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Round:
    """How one batch of claims went; each planned instance is in one of the lists."""

    claimed: list[Planned] = field(default_factory=list)
    lost: list[Planned] = field(default_factory=list)
    """There was no room on the host."""
    stale: list[Planned] = field(default_factory=list)
    """The consumer was written by somebody else."""
    refused: list[tuple[Planned, errors.LedgerRefused]] = field(default_factory=list)


class ClaimRun:
    """The claims of one run of one request."""

    def __init__(self, claims: Claims, owner: Owner, held: Mapping[str, int]) -> None:
        """Write for `owner`; consumers in `held` hold a claim at that generation already."""
        self._claims = claims
        self._owner = owner
        self._held = held
        self._based_on: dict[str, int | None] = dict(held)
        self._written: dict[str, int] = {}
        self._to_undo: dict[str, int] = {}
        self._adopted: set[str] = set()

    def adopt(self, planned: Sequence[Planned]) -> Round:
        """Write anew, as `claim` does, what an earlier run of the request claimed."""
        self._adopted.update(each.instance for each in planned)
        return self.claim(planned)

    def claim(self, planned: Sequence[Planned]) -> Round:
        """Claim all, in one write where all fit.

        Raises LedgerUnavailable, and OutcomeUnknown: then what may have been
        written stays, for a twin of this run that the broker made may have
        written the same, and answered with it.
        """
        wanted = [self._wanted(each) for each in planned]
        results = self._claims.claim_many(wanted)
        self._adopted |= results.recognized
        for instance, generation in results.claimed.items():
            self._note(instance, generation)
        return _sort(planned, results.refused)

    def read_back(self, instance: str) -> HeldClaim:
        """Return what the ledger holds for the instance."""
        return self._claims.read_back(instance)

    def generation(self, instance: str) -> int | None:
        """Return the generation that the next write is based on; None for a first claim."""
        return self._based_on.get(instance)

    def written(self) -> Mapping[str, int]:
        """Return the generation of every instance that this run wrote a claim of."""
        return dict(self._written)

    def base_on(self, instance: str, generation: int | None) -> None:
        """Base the next write on a generation that was read."""
        self._based_on[instance] = generation

    def is_fresh(self, instance: str) -> bool:
        """Did this run make the instance's claim, and nobody else?"""
        return instance in self._to_undo and instance not in self._adopted

    def is_first(self, instance: str) -> bool:
        """Did the instance come without a claim?"""
        return instance not in self._held

    def undo(self) -> None:
        """Give back all that this run made, newest first.

        What it adopted stays: the answer of the run that made it may have come
        to its caller, and a build stand on it by now. What the instances held
        before stays: a claim that was moved stays where it is now. Raises
        LedgerUnavailable and leaves the rest: the caller asks again with the
        same request id, and finds the rest to adopt.
        """
        while self._to_undo:
            instance, generation = self._to_undo.popitem()
            if instance in self._adopted:
                continue
            try:
                self._claims.unclaim(instance, self._owner, generation)
            except errors.StaleGeneration as stale:
                LOG.warning("left to whoever wrote it since: %s", stale)
            except errors.LedgerRefused as refused:
                LOG.warning("a claim is left for the audit: %s", refused)

    def _wanted(self, planned: Planned) -> WantedClaim:
        return WantedClaim(
            consumer=planned.instance,
            owner=self._owner,
            allocation_request=planned.candidate.allocation_request,
            generation=self.generation(planned.instance),
        )

    def _note(self, instance: str, generation: int) -> None:
        self._based_on[instance] = generation
        self._written[instance] = generation
        if self.is_first(instance):
            self._to_undo[instance] = generation


def amounts(held: HeldClaim) -> room.Need:
    """Return what is held by provider and resource class."""
    return {
        (provider, resource): amount
        for provider, part in held.allocations.items()
        for resource, amount in part.items()
    }


def _sort(planned: Sequence[Planned], refused: Mapping[str, errors.LedgerError]) -> Round:
    went = Round()
    for each in planned:
        match refused.get(each.instance):
            case None:
                went.claimed.append(each)
            case errors.StaleGeneration():
                went.stale.append(each)
            case errors.LedgerRefused() as error:
                went.refused.append((each, error))
            case _:
                went.lost.append(each)
    return went
