"""Even out how often each host serves as an alternate.

Pure. Choosing the least used host for one instance after the other can leave
the last instances only hosts that are used already. Whoever is used two times
more often than another passes an instance on, through others where it must:
the instance's alternate `a` becomes `b`, some instance's `b` becomes `c`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from understudy.scheduler.hosts import HostCandidate

_PATIENCE: Final = 20_000
"""Replacements looked at, at most; some imbalance is forced by where instances are."""

Line = tuple[HostCandidate, list[HostCandidate]]
"""An instance's chosen host and its alternates."""

_Step = tuple[HostCandidate, Line, HostCandidate]
"""In this line, the first host gives way to the second."""


def closeness(
    domain: str | None, chosen: HostCandidate, others: Collection[HostCandidate]
) -> tuple[int, bool]:
    """Return how much a host of `domain` would fail together with these; less is better.

    To stand apart from the other alternates counts for more than to stand apart
    from the chosen host. An unknown domain is taken as one of its own.
    """
    if domain is None:
        return 0, False
    shared = sum(other.failure_domain == domain for other in others)
    return shared, chosen.failure_domain == domain


def even_out(lines: Sequence[Line], eligible: Sequence[HostCandidate]) -> None:
    """Replace alternates in `lines` while that makes their use more even.

    No line gets its chosen host, a host twice, or hosts that are closer to each
    other than those it had.
    """
    use = Counter({host.uuid: 0 for host in eligible})
    use.update(host.uuid for _, alternates in lines for host in alternates)
    search = _Search(lines, eligible, use)
    for host in sorted(eligible, key=lambda host: -use[host.uuid]):
        while use[host.uuid] - min(use.values()) > 1:
            path = search.path_from(host)
            if not path:
                break
            for given_up, (_, alternates), taken in path:
                alternates[alternates.index(given_up)] = taken
            use[host.uuid] -= 1
            use[path[-1][2].uuid] += 1


class _Search:
    """Find a chain of replacements from an overused host to a little used one."""

    def __init__(
        self, lines: Sequence[Line], eligible: Sequence[HostCandidate], use: Counter[str]
    ) -> None:
        self._lines = lines
        self._eligible = eligible
        self._use = use
        self._patience = _PATIENCE

    def path_from(self, start: HostCandidate) -> list[_Step]:
        """Return the steps of the shortest chain; none where there is none."""
        enough = self._use[start.uuid] - 2
        came_by: dict[str, _Step | None] = {start.uuid: None}
        waiting = deque([start])
        while waiting:
            for step in self._steps(waiting.popleft()):
                reached = step[2]
                if reached.uuid in came_by:
                    continue
                came_by[reached.uuid] = step
                if self._use[reached.uuid] > enough:
                    waiting.append(reached)
                elif _lines_differ(path := _trace(reached, came_by)):
                    return path
        return []

    def _steps(self, host: HostCandidate) -> Iterator[_Step]:
        """Yield every replacement of `host` that its lines allow, least used first."""
        others = sorted(self._eligible, key=lambda other: self._use[other.uuid])
        for line in self._lines:
            if host not in line[1]:
                continue
            for other in others:
                self._patience -= 1
                if self._patience < 0:
                    return
                if _may_replace(line, host, other):
                    yield host, line, other


def _may_replace(line: Line, host: HostCandidate, other: HostCandidate) -> bool:
    chosen, alternates = line
    if other is chosen or other.uuid == chosen.uuid or other in alternates:
        return False
    rest = [alternate for alternate in alternates if alternate is not host]
    before = closeness(host.failure_domain, chosen, rest)
    return closeness(other.failure_domain, chosen, rest) <= before


def _trace(reached: HostCandidate, came_by: dict[str, _Step | None]) -> list[_Step]:
    steps: list[_Step] = []
    step = came_by[reached.uuid]
    while step is not None:
        steps.append(step)
        step = came_by[step[0].uuid]
    return steps[::-1]


def _lines_differ(path: Sequence[_Step]) -> bool:
    """Each step was found good by itself; two of them in one line might not be."""
    return len({id(line[1]) for _, line, _ in path}) == len(path)
