"""Which of the allowed hosts is better.

A weigher gives every host a figure in any unit; larger is better. `ranking`
brings the figures to one scale and multiplies each by what the operator set
for the weigher: 0 turns it off, a negative number turns it round. Operators
add weighers under the entry point group `understudy.scheduler.weighers`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol

from understudy.objects.build_request import BuildRequest
from understudy.scheduler import hosts as scheduler_hosts
from understudy.scheduler.hosts import HostCandidate

NAMESPACE = "understudy.scheduler.weighers"

_LARGEST = float(2**64)
_MANY_FAULTS = 3
"""More of them say no more about a host."""


class Weigher(Protocol):
    """Gives hosts figures. Asked from many threads at once, as filters are."""

    def weigh(self, hosts: Sequence[HostCandidate], request: BuildRequest) -> Sequence[float]:
        """Return one figure for each host, in the same order.

        A host's figure must follow from that host and the request alone: a host
        that was given an instance of the request is weighed again by itself.
        """


class Free:
    """More room is better: the share left of the class that is shortest.

    Only classes that the request asks for count. With a positive multiplier
    instances spread, with a negative one they fill host after host.
    """

    def weigh(self, hosts: Sequence[HostCandidate], request: BuildRequest) -> Sequence[float]:
        """Return for each host the smallest free share among the classes asked for."""
        classes = tuple(scheduler_hosts.asked(request))
        return [_smallest_share(host, classes) for host in hosts]


class Reliable:
    """Hosts that failed builds of late come last.

    Nothing runs on a host that fails everything, so it would look the freest of
    all and be chosen again and again. It is still chosen where no other is
    left, and like any other once its faults are old.
    """

    def weigh(self, hosts: Sequence[HostCandidate], request: BuildRequest) -> Sequence[float]:
        """Return for each host the number of its recent faults, up to a few, below zero."""
        return [-float(min(host.mapping.recent_faults, _MANY_FAULTS)) for host in hosts]


class Shuffle:
    """Tells equal hosts apart, by chance, yet in the same way for the same request.

    Requests that come at the same moment would otherwise all go for the same
    host. A request that is asked again finds the hosts in the same order.
    """

    def weigh(self, hosts: Sequence[HostCandidate], request: BuildRequest) -> Sequence[float]:
        """Return for each host a number between 0 and 1 that only looks random."""
        seed = request.request_id.encode()
        return [_chance(seed + host.uuid.encode()) for host in hosts]


def _smallest_share(host: HostCandidate, classes: Sequence[str]) -> float:
    return min(
        (host.free[name] / host.capacity[name] for name in classes if host.capacity.get(name)),
        default=0.0,
    )


def _chance(seed: bytes) -> float:
    digest = hashlib.blake2b(seed, digest_size=8).digest()
    return int.from_bytes(digest, "big") / _LARGEST
