"""A driver that only notes what it built, and fails as it is told to."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from understudy.compute import build_log
from understudy.compute.build_log import Event
from understudy.compute.driver import BuildFault
from understudy.compute.fake_hosts import read_driver_file
from understudy.compute.fault_plan import FaultPlan
from understudy.compute.holdings import HeldInFolder, HeldInMemory, Holdings
from understudy.compute.identity import Identity
from understudy.compute.tags import Tag, checked
from understudy.objects.build_request import BuildRequest
from understudy.objects.errors import UnderstudyError
from understudy.objects.fault import Fault
from understudy.objects.fields import Blame
from understudy.objects.host import Host
from understudy.objects.selection import Selection


class FakeDriverError(UnderstudyError):
    """The fake driver could not do it, as planned or because it is closed."""


class FakeDriver:
    """Builds on fake hosts.

    A build that fails leaves something behind, as real ones do, so that it has
    to be destroyed. Give a new driver the same holdings, and it finds what its
    predecessor built.
    """

    def __init__(
        self,
        hosts: Sequence[Host],
        plan: FaultPlan | None = None,
        holdings: Holdings | None = None,
        wait: Callable[[float], object] | None = None,
        note: build_log.Note | None = None,
    ) -> None:
        """Serve `hosts`; `wait` passes a build's delay (default: until it is over or closed).

        `note` is told when a build begins and how it ends.
        """
        self.serve(hosts)
        self._plan = plan or FaultPlan()
        self._holdings = holdings if holdings is not None else HeldInMemory()
        self._closed = threading.Event()
        self._wait = wait or self._closed.wait
        self._note = note or (lambda event, tag: None)
        self._lock = threading.Lock()
        self._destroyed_in_vain: Counter[Tag] = Counter()

    def serve(self, hosts: Sequence[Host]) -> None:
        """Serve these from now on, for hosts change: they grow, and get other traits."""
        self._hosts = {host.name: host for host in hosts}

    def hosts(self) -> Sequence[Host]:
        """Return the hosts."""
        return tuple(self._hosts.values())

    def build(
        self,
        host: str,
        instance_uuid: str,
        attempt: int,
        request: BuildRequest,
        selection: Selection,
    ) -> None:
        """Take the planned time, and succeed or fail as planned."""
        tag = checked(host, instance_uuid, attempt)
        if host not in self._hosts:
            raise BuildFault(_unknown_host(host))
        self._note(Event.BEGUN, tag)
        self._wait(self._plan.delay_of(tag))
        with self._lock:
            self._check_open()
            self._holdings.add(tag)
        fault = self._plan.fault_of(tag, request.image)
        if fault is not None:
            self._note(Event.FAILED, tag)
            raise BuildFault(fault)
        self._note(Event.BUILT, tag)

    def destroy(self, host: str, instance_uuid: str, attempt: int) -> None:
        """Destroy it, unless it is planned to fail."""
        tag = checked(host, instance_uuid, attempt)
        with self._lock:
            self._check_open()
            if tag not in self._holdings.on(host):
                return
            if self._plan.destroy_fails(tag, self._destroyed_in_vain[tag]):
                self._destroyed_in_vain[tag] += 1
                raise FakeDriverError(f"{tag} could not be destroyed, as planned")
            self._holdings.remove(tag)

    def holds(self, host: str) -> list[tuple[str, int]]:
        """Return what exists on a host."""
        return [(tag.instance_uuid, tag.attempt) for tag in self._holdings.on(host)]

    def close(self) -> None:
        """End delays; nothing is made or destroyed after this."""
        with self._lock:
            self._closed.set()

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise FakeDriverError("the driver is closed")


def make(agent: str, identity: Identity, driver_file: Path | None) -> FakeDriver:
    """Make the driver from its file; the entry point."""
    described = read_driver_file(agent, driver_file, identity)
    folder = described.holdings
    holdings = HeldInMemory() if folder is None else HeldInFolder(folder)
    note = None if described.log is None else build_log.to_file(described.log)
    return FakeDriver(described.hosts, described.plan, holdings, note=note)


def _unknown_host(host: str) -> Fault:
    return Fault(code="unknown-host", blames=Blame.HOST, message=f"this agent serves no {host}")
