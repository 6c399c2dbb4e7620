"""A host's agent in the simulated world: production's own, on a disk that outlives it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial

from tests.chaos.kernel import Mailbox
from tests.chaos.plan import uuid_of
from tests.chaos.process import Process
from understudy.compute.build_log import Note
from understudy.compute.fake_driver import FakeDriver
from understudy.compute.fault_plan import FaultPlan
from understudy.compute.holdings import Holdings
from understudy.compute.identity import Identity
from understudy.compute.journal import Journal, open_disk
from understudy.compute.tags import Tag
from understudy.objects.build_request import BuildRequest
from understudy.objects.fault import Fault
from understudy.objects.host import Host
from understudy.objects.selection import Selection


class Disk(sqlite3.Connection):
    """A journal's file, in memory; to close it is only to let the next process open it."""

    def close(self) -> None:
        """Keep it."""


def new_disk() -> sqlite3.Connection:
    """Return an empty one."""
    return open_disk(":memory:", Disk)


def new_identity(agent: str) -> Identity:
    """Return who the agent of such a disk is, for as long as there is the disk."""
    return Identity(uuid_of("agent", agent), uuid_of("machine", agent), uuid_of("disk", agent))


class GatedJournal(Journal):
    """The journal; whatever is written passes the gate."""

    def __init__(self, disk: sqlite3.Connection, process: Process) -> None:
        super().__init__(disk, lambda: process.kernel.now + process.skew)
        self._gate = process.to("disk")

    def receive(self, tag: Tag, request: BuildRequest, selection: Selection) -> bool:
        self._gate.before("disk receive")
        received = super().receive(tag, request, selection)
        self._gate.after("disk receive")
        return received

    def tear_down(self, tag: Tag) -> None:
        self._gate.before("disk tear_down")
        super().tear_down(tag)
        self._gate.after("disk tear_down")

    def name_host(self, host_uuid: str, name: str) -> None:
        self._gate.before("disk name_host")
        super().name_host(host_uuid, name)
        self._gate.after("disk name_host")

    def move(
        self, tag: Tag, was: str, becomes: str, fault: Fault | None = None, cleaned: bool = False
    ) -> bool:
        seam = f"disk move to {becomes}"
        self._gate.before(seam)
        moved = super().move(tag, was, becomes, fault, cleaned)
        self._gate.after(seam)
        return moved


class GatedDriver(FakeDriver):
    """The fake driver; what it makes and destroys passes the gate."""

    def __init__(
        self,
        hosts: Sequence[Host],
        plan: FaultPlan,
        holdings: Holdings,
        process: Process,
        note: Note,
    ) -> None:
        waits = partial(process.pause, seam="clock build")
        super().__init__(hosts, plan, holdings, waits, note)
        self._gate = process.to("driver")

    def build(
        self,
        host: str,
        instance_uuid: str,
        attempt: int,
        request: BuildRequest,
        selection: Selection,
    ) -> None:
        self._gate.before("driver build")
        super().build(host, instance_uuid, attempt, request, selection)
        self._gate.after("driver build")

    def destroy(self, host: str, instance_uuid: str, attempt: int) -> None:
        self._gate.before("driver destroy")
        super().destroy(host, instance_uuid, attempt)
        self._gate.after("driver destroy")


class SimulatedPools:
    """Runs each piece of work on a simulated thread of its own."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def build(self, work: Callable[[], object]) -> None:
        """Run it now."""
        self._process.spawn("build", work)

    def call(self, work: Callable[[], object], after: float = 0.0) -> None:
        """Run it, when it is due."""
        if after > 0:
            self._process.spawn("alarm", partial(self._later, work), after=after)
        else:
            self._process.spawn("call", work)

    def _later(self, work: Callable[[], object]) -> None:
        gate = self._process.to("clock")
        gate.before("clock alarm")
        gate.after("clock alarm")
        work()


class SimulatedBell:
    """What the reporter waits with."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._rung = Mailbox(process.kernel)

    def ring(self) -> None:
        """End the wait that is going on, or the next one."""
        self._rung.put()

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until rung; it goes on for ever."""
        self._process.pass_("clock", "clock report", "before")
        self._rung.wait(seconds)
        self._rung.empty()
        self._process.pass_("clock", "clock report", "after")
        return True
