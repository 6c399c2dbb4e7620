"""Which hosts a request allows at all.

A filter looks at one host at a time. Those in REQUEST_FILTERS do what the
request itself says and always run; operators add filters of their own under
the entry point group `understudy.scheduler.filters`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from understudy.objects.build_request import BuildRequest
from understudy.objects.fields import AffinityPolicy
from understudy.scheduler.hosts import HostCandidate

NAMESPACE = "understudy.scheduler.filters"

REQUEST_FILTERS = (
    "ignore_hosts",
    "only_hosts",
    "ignore_cells",
    "availability_zone",
    "affinity",
    "anti_affinity",
)
"""The filters without which a request would not get what it asks for."""


class Filter(Protocol):
    """Says of one host whether it may take the request.

    It is asked from many threads at once, for every host of every request: it
    must be quick, must not wait for anything, and must keep nothing of one
    request for the next.
    """

    @property
    def name(self) -> str:
        """What the reasons of a NoValidHost call it."""

    @property
    def remedy(self) -> str:
        """What would let more hosts pass: half a sentence, as in "choose another zone"."""

    def keeps(self, host: HostCandidate, request: BuildRequest) -> bool:
        """May this host take an instance of the request?"""


class IgnoreHosts:
    """Not a host that the request ignores."""

    name = "ignore_hosts"
    remedy = "ignore fewer hosts"

    def keeps(self, host: HostCandidate, request: BuildRequest) -> bool:
        """Is the host not among those to ignore?"""
        return host.name not in request.ignore_hosts


class OnlyHosts:
    """If the request names hosts, one of those."""

    name = "only_hosts"
    remedy = "name more hosts in only_hosts, or none"

    def keeps(self, host: HostCandidate, request: BuildRequest) -> bool:
        """Is the host named, or are all allowed?"""
        return not request.only_hosts or host.name in request.only_hosts


class IgnoreCells:
    """Not in a cell that the request ignores."""

    name = "ignore_cells"
    remedy = "ignore fewer cells"

    def keeps(self, host: HostCandidate, request: BuildRequest) -> bool:
        """Is the host in another cell?"""
        return host.cell_uuid not in request.ignore_cells


class AvailabilityZone:
    """If the request names a zone, in that zone."""

    name = "availability_zone"
    remedy = "choose another availability zone, or none"

    def keeps(self, host: HostCandidate, request: BuildRequest) -> bool:
        """Is the host in the zone?"""
        zone = request.availability_zone
        return zone is None or host.mapping.availability_zone == zone


class Affinity:
    """Where the other members of its affinity group are, if there are any."""

    name = "affinity"
    remedy = "free room on the host of the affinity group, or build outside the group"

    def keeps(self, host: HostCandidate, request: BuildRequest) -> bool:
        """Does the host hold the group, or has the group no member yet?"""
        group = request.affinity
        if group is None or group.policy != AffinityPolicy.AFFINITY:
            return True
        return not group.hosts or host.name in group.hosts


class AntiAffinity:
    """Where no other member of its anti-affinity group is."""

    name = "anti_affinity"
    remedy = "add hosts, or build outside the anti-affinity group"

    def keeps(self, host: HostCandidate, request: BuildRequest) -> bool:
        """Does the host hold no member of the group?"""
        group = request.affinity
        if group is None or group.policy != AffinityPolicy.ANTI_AFFINITY:
            return True
        return host.name not in group.hosts


_HEEDED: tuple[Filter, ...] = (
    IgnoreHosts(),
    OnlyHosts(),
    IgnoreCells(),
    AvailabilityZone(),
    Affinity(),
    AntiAffinity(),
)


def request_allows(host: HostCandidate, request: BuildRequest) -> bool:
    """Does the request itself allow the host, whatever an operator's filters say?"""
    return all(heeded.keeps(host, request) for heeded in _HEEDED)


@dataclass(frozen=True, slots=True)
class Sifted:
    """Which hosts passed, which did not, and how many each filter was the first to drop."""

    kept: Sequence[HostCandidate]
    dropped: Sequence[HostCandidate]
    dropped_by: Mapping[str, int]


def sift(
    hosts: Iterable[HostCandidate], filters: Sequence[Filter], request: BuildRequest
) -> Sifted:
    """Put every host through the filters, in their order."""
    kept: list[HostCandidate] = []
    dropped: list[HostCandidate] = []
    dropped_by: Counter[str] = Counter()
    for host in hosts:
        against = next((each for each in filters if not each.keeps(host, request)), None)
        if against is None:
            kept.append(host)
        else:
            dropped.append(host)
            dropped_by[against.name] += 1
    return Sifted(kept, dropped, dropped_by)
