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

from understudy.objects.fields import AffinityPolicy
from understudy.scheduler import balance
from understudy.scheduler.hosts import HostCandidate
from understudy.scheduler.plan import Planned, Situation
from understudy.scheduler.room import Room

_Entry = tuple[int, int, HostCandidate]
"""How often the host is an alternate by now, its place in the ranking, the host."""


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
    """The hosts that wait, by failure domain, the least used first in each."""

    def __init__(self, eligible: Sequence[HostCandidate], *, once: bool) -> None:
        """Start with all unused; with `once`, a host that is taken does not come back."""
        self._once = once
        self._rows: dict[str | None, list[_Entry]] = defaultdict(list)
        for order, host in enumerate(eligible):
            self._rows[host.failure_domain].append((0, order, host))

    def take(
        self, chosen: HostCandidate, others: Collection[HostCandidate]
    ) -> HostCandidate | None:
        """Return the next alternate for an instance on `chosen` that has `others` already."""
        barred = {chosen.uuid, *(other.uuid for other in others)}
        best: tuple[tuple[int, bool, int, int], str | None, int] | None = None
        for domain, row in self._rows.items():
            place = next((i for i, entry in enumerate(row) if entry[2].uuid not in barred), None)
            if place is None:
                continue
            used, order, _ = row[place]
            key = (*balance.closeness(domain, chosen, others), used, order)
            if best is None or key < best[0]:
                best = (key, domain, place)
        return None if best is None else self._take(best[1], best[2])

    def _take(self, domain: str | None, place: int) -> HostCandidate:
        used, order, host = self._rows[domain].pop(place)
        if not self._once:
            insort(self._rows[domain], (used + 1, order, host))
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
