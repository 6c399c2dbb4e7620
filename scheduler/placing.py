"""Find a claimed host for every instance of one request, in rounds.

Each round plans for the instances that have none yet and claims for all of them
at once. A host that loses a claim is out for the whole request. Before the hosts
are said to have run out, the ledger is asked twice more: whether a run that was
killed holds claims for these instances, and whether what was seen still holds.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final

from understudy.ledger.errors import LedgerRefused
from understudy.ledger.protocols import HeldClaim, Owner
from understudy.objects.build_request import BuildRequest
from understudy.objects.fields import AffinityPolicy
from understudy.rpcapi.errors import LedgerRefusedRequest
from understudy.scheduler import adoption
from understudy.scheduler.adoption import Expectation
from understudy.scheduler.claiming import ClaimRun, Round
from understudy.scheduler.directory import HostDirectory
from understudy.scheduler.hosts import HostCandidate
from understudy.scheduler.plan import Planned, Situation, plan
from understudy.scheduler.survey import Survey

LOG = logging.getLogger(__name__)

_ROUNDS: Final = 64
"""More than any request should need; the caller's patience ends most of them before."""
_LOOK_AGAIN_AFTER: Final = 4
"""Rounds with losses after which what was seen is taken as outdated."""
_BAD_REQUEST: Final = 400


class OutOfHosts(Exception):
    """Not every instance can have a host; what was known then, for the explanation."""

    def __init__(self, survey: Survey, situation: Situation, found: int) -> None:
        """`found` counts the instances that could have one."""
        super().__init__(found)
        self.survey = survey
        self.situation = situation
        self.found = found


class Placing:
    """The state of one request while hosts are claimed for it."""

    def __init__(
        self,
        request: BuildRequest,
        instances: Sequence[str],
        owner: Owner,
        claims: ClaimRun,
        look: Callable[[], Survey],
        directory: HostDirectory,
        *,
        domain_multiplier: float,
        check_time: Callable[[], None],
    ) -> None:
        """`look` asks the ledger anew; `check_time` raises when it is too late to claim."""
        self._request = request
        self._instances = list(dict.fromkeys(instances))
        self._owner = owner
        self._claims = claims
        self._look = look
        self._directory = directory
        self._domain_multiplier = domain_multiplier
        self._check_time = check_time
        self._placed: dict[str, Planned] = {}
        self._lost: set[str] = set()
        self._refused_at: set[str] = set()
        self._unread = set(self._instances)
        self._losses = 0
        self._look_anew()

    @property
    def situation(self) -> Situation:
        """Return what stands now, for the pure decisions."""
        group = self._request.affinity
        return Situation(
            ranking=self._survey.ranking,
            summaries=self._survey.summaries,
            policy=group.policy if group else None,
            group_has_members=bool(group and group.hosts),
            placed=[self._placed[each] for each in self._instances if each in self._placed],
            unseen=list(self._unseen),
            lost=frozenset(self._lost),
            domain_multiplier=self._domain_multiplier,
        )

    def place_all(self) -> None:
        """Claim a host for every instance. Raises OutOfHosts, and what the ledger raises."""
        for _ in range(_ROUNDS):
            missing = [each for each in self._instances if each not in self._placed]
            if not missing:
                return
            self._check_time()
            planned = plan(missing, self.situation)
            if len(planned) == len(missing):
                self._settle(self._claims.claim(planned))
            elif not self._adopt([each for each in missing if each in self._unread]):
                if self._is_fresh:
                    raise self._out_of_hosts(len(planned))
                self._look_anew()
        raise self._out_of_hosts(0)

    def _look_anew(self) -> None:
        self._survey = self._look()
        self._unseen: list[Planned] = []
        self._is_fresh = True

    def _out_of_hosts(self, planned: int) -> OutOfHosts:
        return OutOfHosts(self._survey, self.situation, len(self._placed) + planned)

    def _settle(self, went: Round) -> None:
        """Note how a round of claims went, and see to those whose claim was stale."""
        self._note(went)
        self._unseen += went.claimed
        if went.lost and self._is_group_together():
            # One host for all: those that got their claim move on with those that lost it.
            self._placed.clear()
        if went.lost or went.refused:
            self._is_fresh = False
            self._losses += 1
            if self._losses % _LOOK_AGAIN_AFTER == 0:
                self._look_anew()
        self._adopt([planned.instance for planned in went.stale])

    def _note(self, went: Round) -> None:
        self._placed.update({planned.instance: planned for planned in went.claimed})
        for planned in went.lost:
            LOG.info(
                "%s lost its claim on %s",
                planned.instance,
                planned.host.name,
                extra={"instance_uuid": planned.instance},
            )
            self._lost.add(planned.host.uuid)
        for planned, error in went.refused:
            self._refuse(planned.host, error)

    def _refuse(self, host: HostCandidate, error: LedgerRefused) -> None:
        """Leave out a host that is just being removed; two of them are the request's fault."""
        self._refused_at.add(host.uuid)
        self._lost.add(host.uuid)
        if error.status != _BAD_REQUEST or len(self._refused_at) > 1:
            raise error
        LOG.warning("the ledger refused a claim on %s: %s", host.name, error)

    def _adopt(self, instances: Sequence[str]) -> bool:
        """Take over claims that a killed run of this request made; are there any?"""
        adopted: list[Planned] = []
        for instance in instances:
            self._unread.discard(instance)
            held = self._claims.read_back(instance)
            match self._judge(held, [*self._settled(), *adopted]):
                case adoption.Adopt(planned):
                    self._claims.base_on(instance, held.generation)
                    adopted.append(planned)
                case adoption.Leave(why):
                    raise LedgerRefusedRequest(f"instance {instance}: {why}")
                case adoption.Unchanged():
                    self._claims.base_on(instance, held.generation)
        if adopted:
            LOG.info("adopting %d claims of an earlier run", len(adopted))
            self._make_way(adopted)
            self._note(self._claims.adopt(adopted))
        return bool(adopted)

    def _settled(self) -> list[Planned]:
        """Return the placed whose claims are not for this run alone to move."""
        return [each for each in self._placed.values() if not self._claims.is_fresh(each.instance)]

    def _make_way(self, adopted: Sequence[Planned]) -> None:
        """Plan those anew that this run has claimed where an adopted one leaves no place."""
        self._placed = {
            instance: each
            for instance, each in self._placed.items()
            if not self._claims.is_fresh(instance)
            or not any(adoption.clashes(each, other, self._request) for other in adopted)
        }

    def _judge(self, held: HeldClaim, adopted: Sequence[Planned]) -> adoption.Verdict:
        expected = Expectation(
            held.consumer,
            self._owner,
            self._claims.generation(held.consumer),
            self._claims.is_first(held.consumer),
        )
        return adoption.judge(held, expected, self._host_of(held), self._request, adopted)

    def _host_of(self, held: HeldClaim) -> HostCandidate | None:
        """Return the one host of ours that the claim is on."""
        summaries = self._survey.summaries
        roots = {
            summaries[provider].root if provider in summaries else provider
            for provider in held.allocations
        }
        registered = self._directory.look_up(roots)
        if len(registered) != 1:
            return None
        (mapping,) = registered.values()
        sifted = self._survey.sifted
        return next(
            (
                host
                for host in (*sifted.kept, *sifted.dropped)
                if host.uuid == mapping.compute_node_uuid
            ),
            HostCandidate(mapping),
        )

    def _is_group_together(self) -> bool:
        group = self._request.affinity
        return group is not None and group.policy == AffinityPolicy.AFFINITY
