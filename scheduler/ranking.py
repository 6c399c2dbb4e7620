"""The hosts of one request with their weights.

Figures of different weighers are brought to one scale: 0 is the least figure
among the hosts, 1 the largest. The scale stays as it was found, so that a host
can be weighed again by itself after it was given instances; it may then fall
below 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from understudy.objects.build_request import BuildRequest
from understudy.scheduler import hosts as scheduler_hosts
from understudy.scheduler.hosts import HostCandidate
from understudy.scheduler.weighers import Weigher


@dataclass(frozen=True, slots=True)
class Weighted:
    """A weigher and how much it counts."""

    weigher: Weigher
    multiplier: float


@dataclass(frozen=True, slots=True)
class _Scale:
    weighted: Weighted
    least: float
    span: float

    def weight(self, figure: float) -> float:
        return self.weighted.multiplier * (figure - self.least) / self.span


class Ranking:
    """Hosts and their weights; the better weight comes first."""

    def __init__(
        self,
        hosts: Sequence[HostCandidate],
        request: BuildRequest,
        weighers: Sequence[Weighted],
    ) -> None:
        """Weigh all hosts."""
        self._request = request
        self._asked = scheduler_hosts.asked(request)
        self._scales: list[_Scale] = []
        self._weights = {host.uuid: 0.0 for host in hosts}
        if hosts:
            for weighted in weighers:
                self._add(weighted, hosts)
        self.hosts = sorted(hosts, key=lambda host: -self._weights[host.uuid])

    def weight(self, host: HostCandidate, instances: int = 0) -> float:
        """Return the host's weight once it has taken so many instances more."""
        if not instances:
            return self._weights[host.uuid]
        after = [host.after(instances, self._asked)]
        return sum(
            scale.weight(scale.weighted.weigher.weigh(after, self._request)[0])
            for scale in self._scales
        )

    def _add(self, weighted: Weighted, hosts: Sequence[HostCandidate]) -> None:
        figures = weighted.weigher.weigh(hosts, self._request)
        least, most = min(figures), max(figures)
        # Equal hosts need a scale too: they differ as soon as one is given an instance.
        scale = _Scale(weighted, least, (most - least) or abs(most) or 1.0)
        for host, figure in zip(hosts, figures, strict=True):
            self._weights[host.uuid] += scale.weight(figure)
        self._scales.append(scale)
