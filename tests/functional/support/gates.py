"""A build driver that waits at gates, so that a test decides when and how builds end."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from understudy.compute.fake_driver import FakeDriver, FakeDriverError
from understudy.compute.fault_plan import FaultPlan
from understudy.compute.holdings import Holdings
from understudy.compute.tags import Tag
from understudy.objects.build_request import BuildRequest
from understudy.objects.fault import Fault
from understudy.objects.host import Host
from understudy.objects.selection import Selection


class Gates:
    """What all drivers of a cloud ask before they build; the `Builds` of a cloud under test."""

    def __init__(self) -> None:
        """Begin with all gates open and nothing broken."""
        self._changed = threading.Condition()
        self._all_held = False
        self._held: set[str] = set()
        self._hosts: dict[str, Fault] = {}
        self._images: dict[str, Fault] = {}
        self._begun: list[Tag] = []
        self._stuck: set[str] = set()
        self._destroyed_in_vain: set[str] = set()

    def hold(self, *hosts: str) -> None:
        """Let builds that begin on these hosts (none: on all) wait until they are let go."""
        with self._changed:
            self._held.update(hosts)
            self._all_held = self._all_held or not hosts

    def let_go(self, *hosts: str) -> None:
        """Let builds on these hosts (none: on all) go on, and hold no more there."""
        with self._changed:
            self._held = self._held.difference(hosts) if hosts else set()
            self._all_held = self._all_held and bool(hosts)
            self._changed.notify_all()

    def break_host(self, host: str, fault: Fault) -> None:
        """Let whatever ends on this host from now on end with this fault."""
        self._hosts[host] = fault

    def break_image(self, image: str, fault: Fault) -> None:
        """Let whatever is built of this image from now on end with this fault, anywhere."""
        self._images[image] = fault

    def mend(self) -> None:
        """Let all hosts and images work."""
        self._hosts.clear()
        self._images.clear()

    def stick(self, host: str) -> None:
        """Let nothing be destroyed on this host, until `unstick`."""
        self._stuck.add(host)

    def unstick(self, host: str) -> None:
        """Let things be destroyed there again."""
        self._stuck.discard(host)

    def refused_to_destroy(self, host: str) -> bool:
        """Was anything there to be destroyed while it was stuck?"""
        return host in self._destroyed_in_vain

    def begun(self, host: str | None = None) -> list[Tag]:
        """Return every build that has begun on the host (None: anywhere), in order."""
        with self._changed:
            return [tag for tag in self._begun if host in (None, tag.host)]

    def plan(self) -> FaultPlan:
        """Return the plan that follows what is broken."""
        return FaultPlan(hosts=self._hosts, images=self._images)

    def wake(self) -> None:
        """Let all who wait look whether their driver was closed."""
        with self._changed:
            self._changed.notify_all()

    def wait(self, tag: Tag, closed: threading.Event) -> None:
        """Note that a build has begun, and return once it may go on or the driver is closed."""
        with self._changed:
            self._begun.append(tag)
            self._changed.wait_for(lambda: closed.is_set() or not self._holds(tag.host))

    def check_not_stuck(self, host: str) -> None:
        """Raise FakeDriverError where nothing can be destroyed."""
        if host in self._stuck:
            self._destroyed_in_vain.add(host)
            raise FakeDriverError(f"{host} is stuck, as planned")

    def _holds(self, host: str) -> bool:
        return self._all_held or host in self._held


class GatedDriver:
    """A fake driver behind gates."""

    def __init__(self, hosts: Sequence[Host], gates: Gates, holdings: Holdings) -> None:
        """Serve `hosts`; what a driver before this one built is in `holdings`."""
        self._gates = gates
        self._closed = threading.Event()
        self._inner = FakeDriver(hosts, gates.plan(), holdings)

    def hosts(self) -> Sequence[Host]:
        """Return the hosts."""
        return self._inner.hosts()

    def build(
        self,
        host: str,
        instance_uuid: str,
        attempt: int,
        request: BuildRequest,
        selection: Selection,
    ) -> None:
        """Wait at the gate, then succeed or fail as the gates say by then."""
        self._gates.wait(Tag(host, instance_uuid, attempt), self._closed)
        if self._closed.is_set():
            raise FakeDriverError("the driver is closed")
        self._inner.build(host, instance_uuid, attempt, request, selection)

    def destroy(self, host: str, instance_uuid: str, attempt: int) -> None:
        """Destroy it, unless the host is stuck."""
        self._gates.check_not_stuck(host)
        self._inner.destroy(host, instance_uuid, attempt)

    def holds(self, host: str) -> list[tuple[str, int]]:
        """Return what exists on a host."""
        return self._inner.holds(host)

    def close(self) -> None:
        """End waits; nothing is made or destroyed after this."""
        self._inner.close()
        self._closed.set()
        self._gates.wake()
