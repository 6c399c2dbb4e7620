"""Choose every instance's alternates, last, when all hosts are claimed.

Pure. Alternates come from the chosen host's own cell, for its conductor knows
no other. They are spread: over the instances, so that one host's failure does
not send all of them to the same two others, and over failure domains, so that
an alternate does not fail together with what it stands in for.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from understudy.objects.fields import AffinityPolicy
from understudy.scheduler import balance
from understudy.scheduler.hosts import HostCandidate
from understudy.scheduler.plan import Planned, Situation
from understudy.scheduler.room import Room

_Entry = tuple[int, int, HostCandidate]
"""How often the host is an alternate by now, its place in the ranking, the host."""


class _Find(NamedTuple):
    """A host on the bench: how well it suits (less is better), and where it waits."""

    key: tuple[int, bool, int, int]
    domain: str | None
    place: int


def choose(situation: Situation, wanted: int) -> Mapping[str, Sequence[Planned]]:
    """Return at most `wanted` alternates for each placed instance.

    Fewer where the cell has no more hosts that may serve. A hard affinity group
    with placed members gets none: its next member belongs where the others are.
    """
    placed = situation.placed
    together = situation.policy == AffinityPolicy.AFFINITY
    if together and (len(placed) > 1 or situation.group_has_members):
        return {planned.instance: () for planned in placed}
    room = situation.room()
    eligible = _eligible(situation, room)
    hosts: dict[str, list[HostCandidate]] = {planned.instance: [] for planned in placed}
    for cell in {planned.host.cell_uuid: None for planned in placed}:
        _choose_in_cell(
            [planned for planned in placed if planned.host.cell_uuid == cell],
            [host for host in eligible if host.cell_uuid == cell],
            hosts,
            wanted,
            once=situation.policy == AffinityPolicy.ANTI_AFFINITY,
        )
    return _with_candidates(placed, hosts, room)


def _eligible(situation: Situation, room: Room) -> list[HostCandidate]:
    """Return the hosts that may be anyone's alternate, best first."""
    apart = situation.policy == AffinityPolicy.ANTI_AFFINITY
    chosen = {planned.host.uuid for planned in situation.placed} if apart else set()
    taken = Counter(planned.host.uuid for planned in situation.unseen)
    open_hosts = [
        host
        for host in situation.open_hosts()
        if host.uuid not in chosen and room.first_fit(host.candidates) is not None
    ]
    return sorted(open_hosts, key=lambda host: -situation.ranking.weight(host, taken[host.uuid]))


def _choose_in_cell(
    placed: Sequence[Planned],
    eligible: Sequence[HostCandidate],
    hosts: dict[str, list[HostCandidate]],
    wanted: int,
    *,
    once: bool,
) -> None:
    """Fill in `hosts`. Each instance gets its first alternate before any gets a second."""
    bench = _Bench(eligible, once=once)
    for _ in range(wanted):
        for planned in placed:
            alternate = bench.take(planned.host, hosts[planned.instance])
            if alternate is not None:
                hosts[planned.instance].append(alternate)
    if not once:
        balance.even_out([(planned.host, hosts[planned.instance]) for planned in placed], eligible)


class _Bench:
    """The hosts that wait, by failure domain, the least used first in each.

    Which hosts are too close differs from instance to instance, but only in the
    few domains that the instance has hosts in; so the domains are kept in the
    order of their first hosts, and the search ends soon.
    """

    def __init__(self, eligible: Sequence[HostCandidate], *, once: bool) -> None:
        """Start with all unused; with `once`, a host that is taken does not come back."""
        self._once = once
        self._rows: dict[str | None, list[_Entry]] = defaultdict(list)
        for order, host in enumerate(eligible):
            self._rows[host.failure_domain].append((0, order, host))
        self._firsts = sorted((*row[0][:2], domain) for domain, row in self._rows.items())

    def take(
        self, chosen: HostCandidate, others: Collection[HostCandidate]
    ) -> HostCandidate | None:
        """Return the next alternate for an instance on `chosen` that has `others` already."""
        barred = {chosen.uuid, *(other.uuid for other in others)}
        best: _Find | None = None
        for used, order, domain in self._firsts:
            if best is not None and best.key <= (0, False, used, order):
                break
            row = self._rows[domain]
            place = next((i for i, entry in enumerate(row) if entry[2].uuid not in barred), None)
            if place is not None:
                key = (*balance.closeness(domain, chosen, others), *row[place][:2])
                if best is None or key < best.key:
                    best = _Find(key, domain, place)
        return None if best is None else self._take(best)

    def _take(self, found: _Find) -> HostCandidate:
        row = self._rows[found.domain]
        self._firsts.remove((*row[0][:2], found.domain))
        used, order, host = row.pop(found.place)
        if not self._once:
            insort(row, (used + 1, order, host))
        if row:
            insort(self._firsts, (*row[0][:2], found.domain))
        return host


def _with_candidates(
    placed: Sequence[Planned], hosts: Mapping[str, Sequence[HostCandidate]], room: Room
) -> dict[str, list[Planned]]:
    """Take turns at each host's candidates, so that its GPUs are not all the same one."""
    turns: Counter[str] = Counter()
    chosen: dict[str, list[Planned]] = {planned.instance: [] for planned in placed}
    for instance, alternates in hosts.items():
        for host in alternates:
            fitting = [each for each in host.candidates if room.fits(each)]
            candidate = fitting[turns[host.uuid] % len(fitting)]
            turns[host.uuid] += 1
            chosen[instance].append(Planned(instance, host, candidate))
    return chosen
