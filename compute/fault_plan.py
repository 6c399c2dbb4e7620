"""Which builds go wrong, decided by a seed and by nothing else.

Each decision is drawn from (seed, host, instance, attempt), so that it is the
same whatever ran before it and on whichever thread.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from understudy.compute.tags import Tag
from understudy.objects.fault import Fault
from understudy.objects.fields import Blame

_DRAWN_BITS: Final = 64


def host_broken(message: str = "the host is broken") -> Fault:
    """Make the fault of a host that fails whatever it is given."""
    return Fault(code="host-broken", blames=Blame.HOST, message=message)


def image_broken(message: str = "the image cannot be started") -> Fault:
    """Make the fault of an image that fails on every host."""
    return Fault(code="image-broken", blames=Blame.REQUEST, message=message)


def network_broken(message: str = "the image could not be fetched") -> Fault:
    """Make a fault that is no host's."""
    return Fault(code="network-broken", blames=Blame.NETWORK, message=message)


def flaky(message: str = "it was this attempt's turn to fail") -> Fault:
    """Make the fault that a rate causes."""
    return Fault(code="flaky", blames=Blame.HOST, message=message)


@dataclass(frozen=True)
class FaultPlan:
    """What goes wrong.

    `hosts` and `images` fail always, each with its fault. Of all other builds
    the share `rate` fails with `rate_fault`; `host_rates` gives hosts a share
    of their own. A build takes `delay_seconds`, and up to `delay_spread_seconds`
    more; `host_delays` gives hosts a delay of their own. The first
    `destroy_failures` attempts to destroy something fail, on `destroy_hosts` or,
    if that is empty, everywhere.
    """

    seed: int = 0
    hosts: Mapping[str, Fault] = field(default_factory=dict)
    images: Mapping[str, Fault] = field(default_factory=dict)
    rate: float = 0.0
    rate_fault: Fault = field(default_factory=flaky)
    host_rates: Mapping[str, float] = field(default_factory=dict)
    delay_seconds: float = 0.0
    delay_spread_seconds: float = 0.0
    host_delays: Mapping[str, float] = field(default_factory=dict)
    destroy_failures: int = 0
    destroy_hosts: frozenset[str] = frozenset()

    def fault_of(self, tag: Tag, image: str | None) -> Fault | None:
        """Return what will go wrong with a build, or None if it will succeed."""
        if image is not None and image in self.images:
            return self.images[image]
        if tag.host in self.hosts:
            return self.hosts[tag.host]
        rate = self.host_rates.get(tag.host, self.rate)
        return self.rate_fault if self._draw("fault", tag) < rate else None

    def delay_of(self, tag: Tag) -> float:
        """Return how many seconds a build takes."""
        least = self.host_delays.get(tag.host, self.delay_seconds)
        return least + self.delay_spread_seconds * self._draw("delay", tag)

    def destroy_fails(self, tag: Tag, times_before: int) -> bool:
        """Will destroying this fail, after so many times before?"""
        concerned = not self.destroy_hosts or tag.host in self.destroy_hosts
        return concerned and times_before < self.destroy_failures

    def _draw(self, what: str, tag: Tag) -> float:
        """Return a number in [0, 1) that only depends on the seed and the arguments."""
        text = "\0".join((str(self.seed), what, tag.host, tag.instance_uuid, str(tag.attempt)))
        drawn = hashlib.sha256(text.encode()).digest()[: _DRAWN_BITS // 8]
        return int.from_bytes(drawn) / 2.0**_DRAWN_BITS
