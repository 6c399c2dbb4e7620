"""Choose and claim a host for every instance of a request, then name alternates.

The order is what makes the answer good: claims are written before the answer,
and alternates are chosen after the claims, when it is known who lost. Either
every instance has a claim in the end, or none that this run wrote.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from understudy.ledger import errors as ledger_errors
from understudy.ledger.protocols import Candidates, Claims, Owner
from understudy.objects.build_request import BuildRequest
from understudy.objects.selection_answer import SelectionAnswer
from understudy.rpcapi import errors as wire
from understudy.scheduler import answer
from understudy.scheduler.alternates import choose
from understudy.scheduler.claiming import ClaimRun
from understudy.scheduler.directory import HostDirectory
from understudy.scheduler.explanation import Shortfall, explain
from understudy.scheduler.filters import Filter
from understudy.scheduler.placing import OutOfHosts, Placing
from understudy.scheduler.ranking import Weighted
from understudy.scheduler.survey import Surveyor

CONSUMER_TYPE: Final = "UNDERSTUDY"
"""What claims carry unless somebody says otherwise."""
_COME_BACK_AFTER: Final = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How far the scheduler goes for one request."""

    candidates: int = 1000
    """Candidates asked for at first; more where those do not do."""
    seconds: float = 20.0
    """Nothing is claimed any more after this time: the caller has gone."""
    domain_multiplier: float = 1.0
    """The weight that a failure domain loses for each instance it was given."""


class Selector:
    """Answers selections; safe to use from many threads at once."""

    def __init__(
        self,
        candidates: Candidates,
        claims: Claims,
        directory: HostDirectory,
        filters: Sequence[Filter],
        weighers: Sequence[Weighted],
        *,
        limits: Limits = Limits(),
        consumer_type: str = CONSUMER_TYPE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`consumer_type` is for requests that bring none."""
        self._candidates = candidates
        self._claims = claims
        self._directory = directory
        self._filters = filters
        self._surveyor = Surveyor(candidates, directory, filters, weighers, limits.candidates)
        self._limits = limits
        self._consumer_type = consumer_type
        self._clock = clock

    def select(
        self,
        request_id: str,
        request: BuildRequest,
        instance_uuids: Sequence[str],
        alternates: int,
        held: Mapping[str, int],
        seconds: float = math.inf,
    ) -> SelectionAnswer:
        """Return a claimed host and at most `alternates` alternates for each instance.

        `held` gives the generation of the claims that instances hold already;
        those are moved if they are the request's: of its project, user and
        consumer type. After `seconds` the caller waits no more, and nothing is
        begun. Raises NoValidHost, TooManyEqualGroups and LedgerRefusedRequest
        (this run's claims are given back then), LedgerDown (something may be
        claimed: ask again with the same ids, and it is adopted) or Overloaded.
        What an earlier run of the request claimed stays in any case, for a build
        may stand on it: it is for the caller to give it back.
        """
        owner = self._owner(request)
        claims = ClaimRun(self._claims, owner, held)
        with _on_the_wire(), ExitStack() as undo:
            self._check_held(owner, held)
            undo.callback(claims.undo)
            too_late = self._clock() + min(self._limits.seconds, seconds)
            placing = self._placing(request, instance_uuids, alternates, owner, claims, too_late)
            self._place_all(placing, request, len(instance_uuids))
            situation = placing.situation
            chosen = choose(situation, alternates)
            packed = answer.pack(request_id, situation.placed, claims.written(), chosen)
            undo.pop_all()
            return packed

    def _check_held(self, owner: Owner, held: Mapping[str, int]) -> None:
        """Raise LedgerRefusedRequest for a claim to be moved that is not the request's.

        What changes afterwards is at another generation, and is judged anew.
        """
        for instance in held:
            found = self._claims.read_back(instance)
            if found.allocations and found.owner != owner:
                raise wire.LedgerRefusedRequest(
                    f"instance {instance}: it holds a claim of another owner or type"
                )

    def _placing(
        self,
        request: BuildRequest,
        instance_uuids: Sequence[str],
        alternates: int,
        owner: Owner,
        claims: ClaimRun,
        too_late: float,
    ) -> Placing:
        def check_time() -> None:
            if self._clock() > too_late:
                raise wire.Overloaded("scheduler", _COME_BACK_AFTER)

        return Placing(
            request,
            instance_uuids,
            owner,
            claims,
            lambda: self._surveyor.look(request, len(instance_uuids) + alternates),
            self._directory,
            domain_multiplier=self._limits.domain_multiplier,
            check_time=check_time,
        )

    def _place_all(self, placing: Placing, request: BuildRequest, requested: int) -> None:
        try:
            placing.place_all()
        except OutOfHosts as out:
            capable = {} if out.survey.shows_room else self._candidates.capable(request)
            raise explain(
                Shortfall(
                    request,
                    requested,
                    out.found,
                    out.survey,
                    out.situation,
                    self._filters,
                    capable,
                )
            ) from None

    def _owner(self, request: BuildRequest) -> Owner:
        return Owner(
            request.project_id, request.user_id, request.consumer_type or self._consumer_type
        )


@contextmanager
def _on_the_wire() -> Iterator[None]:
    """Turn what the ledger raises into what callers are told."""
    try:
        yield
    except ledger_errors.LedgerUnavailable as error:
        raise wire.LedgerDown(str(error)) from error
    except ledger_errors.TooManyEqualGroups as error:
        raise wire.TooManyEqualGroups(error.equal, error.at_most) from error
    except ledger_errors.LedgerRefused as error:
        raise wire.LedgerRefusedRequest(str(error)) from error
