"""An agent on one thread: what would run on pools runs when the test says so."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import fixtures
import testtools

from tests.fakes.cell_conductor import FakeCellConductor
from understudy.compute.agent import Agent
from understudy.compute.backoff import Backoff
from understudy.compute.conductor import CellConductor, Reports
from understudy.compute.driver import Driver
from understudy.compute.fake_driver import FakeDriver
from understudy.compute.fake_hosts import fake_host
from understudy.compute.fault_plan import FaultPlan
from understudy.compute.holdings import HeldInMemory, Holdings
from understudy.compute.identity import throw_away
from understudy.compute.journal import Journal
from understudy.compute.pools import Work
from understudy.compute.registrations import Registrations
from understudy.compute.reporter import Reporter
from understudy.compute.served import Served
from understudy.compute.settings import Settings
from understudy.compute.steps import Steps
from understudy.compute.tags import Tag
from understudy.compute.voice import Voice
from understudy.objects.build_request import BuildRequest
from understudy.objects.selection import Selection

AGENT = "agent-1"
HOSTS = ("host-a", "host-b")
VM = "11111111-1111-4111-8111-111111111111"
OTHER_VM = "22222222-2222-4222-8222-222222222222"
BACKOFF = Backoff(1.0, 8.0, random.Random(0))


def request(image: str | None = None) -> BuildRequest:
    return BuildRequest(
        request_id=VM, resources={"VCPU": 1}, project_id="p", user_id="u", image=image
    )


def selection(host: str) -> Selection:
    provider = fake_host(host, AGENT, {}).compute_node_uuid
    return Selection(
        compute_node_uuid=provider,
        service_host=host,
        nodename=host,
        cell_uuid=OTHER_VM,
        allocation_request=json.dumps({"allocations": {provider: {"resources": {"VCPU": 1}}}}),
        allocation_request_version="1.39",
    )


def claim(host: str, **resources: int) -> Selection:
    """Return a selection of the host that claims these amounts."""
    found = selection(host)
    found.allocation_request = json.dumps(
        {"allocations": {found.compute_node_uuid: {"resources": resources}}}
    )
    return found


class AgentTestCase(testtools.TestCase):
    """Catches logs, and shows them with a test that failed."""

    def setUp(self) -> None:
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())

    def folder(self) -> Path:
        """Return a folder of this test's own."""
        return Path(self.useFixture(fixtures.TempDir()).path)


class ManualPools:
    """Keeps work until it is told to run it; time passes only when told to."""

    def __init__(self) -> None:
        self.builds: list[Work] = []
        self.calls: list[Work] = []
        self.later: list[tuple[float, Work]] = []

    def build(self, work: Work) -> None:
        self.builds.append(work)

    def call(self, work: Work, after: float = 0.0) -> None:
        if after > 0:
            self.later.append((after, work))
        else:
            self.calls.append(work)

    def run_one(self, number: int = 0) -> None:
        """Run one of what is ready."""
        ready = len(self.calls) + len(self.builds)
        if not ready:
            return
        number %= ready
        queue = self.calls if number < len(self.calls) else self.builds
        queue.pop(number if queue is self.calls else number - len(self.calls))()

    def run(self) -> None:
        """Run all that is ready, and all that becomes ready through it."""
        while self.calls or self.builds:
            self.run_one()

    def pass_time(self) -> None:
        """Make all alarms ring, and run."""
        due, self.later = self.later, []
        self.calls.extend(work for _, work in due)
        self.run()

    def run_to_the_end(self, rounds: int = 50) -> None:
        """Run until nothing waits any more."""
        self.run()
        for _ in range(rounds):
            if not self.later:
                return
            self.pass_time()
        raise AssertionError("it never comes to rest")


class Scene:
    """One agent with its journal, driver and conductor; `restart` it as after a kill."""

    def __init__(
        self,
        plan: FaultPlan | None = None,
        *,
        journal: Path | str = ":memory:",
        conductor: FakeCellConductor | None = None,
        holdings: Holdings | None = None,
        wrap: Callable[[object], object] = lambda collaborator: collaborator,
        clock: Callable[[], float] = time.time,
        journal_type: type[Journal] = Journal,
    ) -> None:
        self.journal_type = journal_type
        self.plan = plan or FaultPlan()
        self.journal_path = journal
        self.conductor = conductor or FakeCellConductor()
        self.holdings = holdings or HeldInMemory()
        self.hosts = [fake_host(name, AGENT, {"VCPU": 8}) for name in HOSTS]
        self.during_build: list[Callable[[], None]] = []
        self.emptied: list[str] = []
        self.identity = throw_away()
        self._wrap = wrap
        self._clock = clock
        self.start()

    def start(self) -> None:
        self.journal = self.journal_type(self.journal_path, self._clock)
        self.pools = ManualPools()
        self.driver = FakeDriver(self.hosts, self.plan, self.holdings, wait=self._pass_delay)
        driver: Driver = self._wrap(self.driver)  # type: ignore[assignment]
        conductor: CellConductor = self._wrap(self.conductor)  # type: ignore[assignment]
        self.registrations = Registrations()
        self.served = Served(self.journal)
        self.served.look(self.driver)
        voice = Voice(AGENT, self.identity)
        reports = Reports(conductor, self.journal, voice, self.served, self.registrations.lose)
        steps = Steps(driver, self.journal, reports, self.emptied.append)
        self.agent = Agent(self.journal, self.served, steps, self.pools, BACKOFF)
        self.reporter = Reporter(
            voice,
            driver,
            conductor,
            self.journal,
            self.agent,
            self.registrations,
            Settings(backoff=BACKOFF),
            self._clock,
        )

    def restart(self) -> None:
        """Kill it and start another on the same disk and hosts."""
        self.journal.close()
        self.driver.close()
        self.start()
        self.agent.resume()

    def cast_build(self, host: str = "host-a", vm: str = VM, attempt: int = 1) -> None:
        """Have the conductor make an attempt and cast it."""
        self.conductor.cast(host, vm, attempt)
        self.deliver_build(host, vm, attempt)

    def deliver_build(
        self, host: str = "host-a", vm: str = VM, attempt: int = 1, image: str | None = None
    ) -> None:
        self.agent.build(host, vm, attempt, request(image), selection(host))

    def deliver_teardown(self, host: str = "host-a", vm: str = VM, attempt: int = 1) -> None:
        self.agent.tear_down(host, vm, attempt)

    def held(self) -> set[Tag]:
        return {tag for host in HOSTS for tag in self.holdings.on(host)}

    def said(self, what: str) -> list[tuple[object, ...]]:
        """Return the facts of each call of this kind that arrived."""
        return [facts for kind, *facts in self.conductor.said if kind == what]  # type: ignore[misc]

    def _pass_delay(self, seconds: float) -> None:
        while self.during_build:
            self.during_build.pop(0)()
