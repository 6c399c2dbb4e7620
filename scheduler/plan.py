"""Assign a host to every instance, in memory, before anything is claimed.

Pure. Each instance goes to the best host that still has room, whose weight is
then taken anew. A failure domain that has instances of this request already
counts against its other hosts, so that a batch does not fail as one.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from understudy.ledger.protocols import Candidate, ProviderSummary
from understudy.objects.fields import AffinityPolicy
from understudy.scheduler.hosts import HostCandidate
from understudy.scheduler.ranking import Ranking
from understudy.scheduler.room import Room


@dataclass(frozen=True, slots=True)
class Planned:
    """An instance, the host for it, and which of the host's candidates."""

    instance: str
    host: HostCandidate
    candidate: Candidate


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a decision about one request rests on.

    `placed` are the instances that hold a claim by now; `unseen` those of them
    that `summaries` do not show yet, because they were claimed since. `lost`
    are the uuids of hosts at which this request lost a claim. `policy` is that
    of its affinity group, None outside a group, and `group_has_members` says
    that members from earlier requests are placed.
    """

    ranking: Ranking
    summaries: Mapping[str, ProviderSummary] = field(default_factory=dict)
    policy: str | None = None
    group_has_members: bool = False
    placed: Sequence[Planned] = ()
    unseen: Sequence[Planned] = ()
    lost: Collection[str] = ()
    domain_multiplier: float = 1.0

    def room(self) -> Room:
        """Return what the ledger showed, less what was claimed since."""
        return Room(self.summaries, [planned.candidate for planned in self.unseen])

    def open_hosts(self) -> list[HostCandidate]:
        """Return the hosts that lost no claim, best first."""
        return [host for host in self.ranking.hosts if host.uuid not in self.lost]


def plan(instances: Sequence[str], situation: Situation) -> list[Planned]:
    """Return a host for each instance; fewer than asked where there is no room."""
    if situation.policy == AffinityPolicy.AFFINITY:
        return _together(instances, situation)
    return _Spread(situation).assign(instances)


def _together(instances: Sequence[str], situation: Situation) -> list[Planned]:
    """Put all on one host: where the others are, or on the best that takes all."""
    fullest: list[Planned] = []
    at = {planned.host.uuid for planned in situation.placed}
    for host in situation.open_hosts():
        if at and host.uuid not in at:
            continue
        filled = _fill(host, instances, situation.room())
        if len(filled) > len(fullest):
            fullest = filled
        if len(fullest) == len(instances):
            break
    return fullest


def _fill(host: HostCandidate, instances: Sequence[str], room: Room) -> list[Planned]:
    filled = []
    for instance in instances:
        candidate = room.first_fit(host.candidates)
        if candidate is None:
            break
        room.take(candidate)
        filled.append(Planned(instance, host, candidate))
    return filled


class _Spread:
    """Hosts in one heap for each failure domain, and the domains in a heap by their best host."""

    def __init__(self, situation: Situation) -> None:
        self._situation = situation
        self._ranking = situation.ranking
        self._room = situation.room()
        self._apart = situation.policy == AffinityPolicy.ANTI_AFFINITY
        self._taken = Counter(planned.host.uuid for planned in situation.unseen)
        self._crowd = Counter(planned.host.failure_domain for planned in situation.placed)
        self._hosts: dict[str | None, list[tuple[float, int, HostCandidate]]] = defaultdict(list)
        closed = {planned.host.uuid for planned in situation.placed} if self._apart else set()
        for order, host in enumerate(situation.open_hosts()):
            if host.uuid not in closed:
                self._push(host, order)
        self._domains: list[tuple[float, int, str | None]] = []
        for domain in self._hosts:
            self._push_domain(domain)

    def assign(self, instances: Sequence[str]) -> list[Planned]:
        """Give each instance a host, in their order, until none has room."""
        assigned = []
        for instance in instances:
            planned = self._next(instance)
            if planned is None:
                break
            assigned.append(planned)
        return assigned

    def _next(self, instance: str) -> Planned | None:
        while self._domains:
            _, _, domain = heapq.heappop(self._domains)
            _, order, host = heapq.heappop(self._hosts[domain])
            candidate = self._room.first_fit(host.candidates)
            if candidate is not None:
                self._take(host, order, candidate)
            if self._hosts[domain]:
                self._push_domain(domain)
            if candidate is not None:
                return Planned(instance, host, candidate)
        return None

    def _take(self, host: HostCandidate, order: int, candidate: Candidate) -> None:
        self._room.take(candidate)
        self._taken[host.uuid] += 1
        self._crowd[host.failure_domain] += 1
        if not self._apart:
            self._push(host, order)

    def _push(self, host: HostCandidate, order: int) -> None:
        weight = self._ranking.weight(host, self._taken[host.uuid])
        heapq.heappush(self._hosts[host.failure_domain], (-weight, order, host))

    def _push_domain(self, domain: str | None) -> None:
        """Rate the domain by its best host, less for each instance that it was given."""
        rating, order, _ = self._hosts[domain][0]
        crowd = 0 if domain is None else self._crowd[domain]
        rating += self._situation.domain_multiplier * crowd
        # Nobody else has this order, so that domains are never compared.
        heapq.heappush(self._domains, (rating, order, domain))
