"""A whole agent on a real bus, with threads, stopped and killed."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any, ClassVar

import oslo_messaging as messaging

from tests.fakes.cell_conductor import FakeCellConductor
from tests.unit.compute.scene import OTHER_VM, VM, AgentTestCase, request, selection
from tests.unit.objects import samples
from understudy.compute.backoff import Backoff
from understudy.compute.fake_driver import FakeDriver
from understudy.compute.fake_hosts import fake_host
from understudy.compute.fault_plan import FaultPlan
from understudy.compute.holdings import HeldInMemory
from understudy.compute.service import ComputeService
from understudy.compute.settings import Settings
from understudy.compute.tags import Tag
from understudy.objects import states
from understudy.objects.orders import Orders
from understudy.rpcapi import embedded, versions
from understudy.rpcapi.bus import EMBEDDED, Bus
from understudy.rpcapi.compute import ComputeClient
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.server import Server

AGENT = "agent-1"
PATIENCE = 30.0


class FakeEndpoint:
    """Puts the fake conductor on the bus."""

    target: ClassVar = messaging.Target(version=versions.CELL_CONDUCTOR)

    def __init__(self, conductor: FakeCellConductor) -> None:
        self._conductor = conductor

    @messaging.expose
    def register_host(self, ctxt: RequestContext, **facts: Any) -> Orders:
        return self._conductor.register_host(ctxt, **facts)

    @messaging.expose
    def heartbeat(self, ctxt: RequestContext, **facts: Any) -> Orders:
        return self._conductor.heartbeat(ctxt, **facts)

    @messaging.expose
    def build_started(self, ctxt: RequestContext, **facts: Any) -> None:
        self._conductor.build_started(ctxt, **facts)

    @messaging.expose
    def build_succeeded(self, ctxt: RequestContext, **facts: Any) -> None:
        self._conductor.build_succeeded(ctxt, **facts)

    @messaging.expose
    def build_failed(self, ctxt: RequestContext, **facts: Any) -> None:
        self._conductor.build_failed(ctxt, **facts)

    @messaging.expose
    def torn_down(self, ctxt: RequestContext, **facts: Any) -> None:
        self._conductor.torn_down(ctxt, **facts)


class ServiceTest(AgentTestCase):
    """Casts come in over the bus, answers go out over it."""

    def setUp(self) -> None:
        super().setUp()
        self.bus = Bus.open(f"cell-{uuid.uuid4().hex}", EMBEDDED)
        self.addCleanup(embedded.forget, self.bus.topic(""))
        self.addCleanup(self.bus.close)
        self.conductor = FakeCellConductor()
        server = Server(self.bus, "conductor", [FakeEndpoint(self.conductor)], name="conductor-1")
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        self.client = ComputeClient(self.bus)
        self.holdings = HeldInMemory()
        self.journal = self.folder() / "journal.sqlite3"

    def agent(
        self, plan: FaultPlan | None = None, wait: Callable[[float], object] | None = None
    ) -> ComputeService:
        """Start an agent on the same disk and hosts as the one before."""
        hosts = [fake_host(name, AGENT, {"VCPU": 8}) for name in ("host-a", "host-b")]
        driver = FakeDriver(hosts, plan, self.holdings, wait)
        settings = Settings(
            heartbeat_seconds=0.05, stop_grace_seconds=PATIENCE, backoff=Backoff(0.01, 0.05)
        )
        service = ComputeService(self.bus, AGENT, driver, self.journal, settings)
        service.start()
        return service

    def stopping(self, service: ComputeService) -> ComputeService:
        self.addCleanup(service.stop)
        return service

    def agent_without_a_bus(self) -> ComputeService:
        """Return an agent on the same disk and hosts, whose bus cannot be listened on."""
        bus = Bus.open(self.bus.name, EMBEDDED)
        bus.close()
        driver = FakeDriver([fake_host("host-a", AGENT, {"VCPU": 8})], None, self.holdings)
        return ComputeService(bus, AGENT, driver, self.journal, Settings())

    def cast(self, vm: str = VM, host: str = "host-a", attempt: int = 1) -> None:
        self.conductor.cast(host, vm, attempt)
        self.client.build(RequestContext(), AGENT, host, vm, attempt, request(), selection(host))

    def wait_until(self, true: Callable[[FakeCellConductor], object]) -> None:
        self.assertTrue(self.conductor.wait_until(true, PATIENCE), "it never came to that")

    def test_hosts_register_and_beat(self) -> None:
        self.stopping(self.agent())
        self.wait_until(lambda conductor: len(conductor.beats) > 2)
        self.assertEqual({"host-a", "host-b"}, set(self.conductor.hosts))

    def test_a_start_without_a_bus_leaves_the_journal_to_the_next(self) -> None:
        killed = self.agent(FaultPlan(delay_seconds=3600))
        self.cast()
        self.wait_until(starts)
        killed.kill()
        for _ in range(2):
            self.assertRaises(AttributeError, self.agent_without_a_bus().start)
        self.stopping(self.agent())
        self.wait_until(lambda conductor: conductor.state(VM) == states.ACTIVE)

    def test_a_build_and_its_end(self) -> None:
        self.stopping(self.agent())
        self.cast()
        self.wait_until(lambda conductor: conductor.state(VM) == states.ACTIVE)
        self.assertEqual([Tag("host-a", VM, 1)], self.holdings.on("host-a"))
        self.conductor.delete(VM)
        self.client.tear_down(RequestContext(), AGENT, "host-a", samples.uuid(4), VM, 1)
        self.wait_until(lambda conductor: not conductor.to_tear_down)
        self.assertEqual([], self.holdings.on("host-a"))

    def test_a_fault_crosses_the_bus(self) -> None:
        self.stopping(self.agent(FaultPlan(rate=1.0)))
        self.cast()
        self.wait_until(lambda conductor: conductor.state(VM) == states.FAILING)
        fault = self.conductor.instances[VM].fault
        self.assertEqual("flaky", fault and fault.code)

    def test_it_goes_on_once_the_conductor_is_back(self) -> None:
        self.conductor.unavailable = 10
        self.stopping(self.agent())
        self.cast()
        self.wait_until(lambda conductor: conductor.state(VM) == states.ACTIVE)

    def test_stopping_waits_for_builds_in_progress(self) -> None:
        building, go = threading.Event(), threading.Event()

        def wait(seconds: float) -> None:
            building.set()
            go.wait(PATIENCE)

        service = self.agent(wait=wait)
        self.cast()
        self.assertTrue(building.wait(PATIENCE))
        stopper = threading.Thread(target=service.stop)
        stopper.start()
        go.set()
        stopper.join(PATIENCE)
        self.assertEqual([Tag("host-a", VM, 1)], self.holdings.on("host-a"))
        self.stopping(self.agent())
        self.wait_until(lambda conductor: conductor.state(VM) == states.ACTIVE)

    def test_a_killed_agents_builds_are_made_by_the_next(self) -> None:
        slow = self.agent(FaultPlan(delay_seconds=3600))
        self.cast()
        self.cast(OTHER_VM, "host-b")
        self.wait_until(lambda conductor: len(starts(conductor)) == 2)
        slow.kill()
        self.assertEqual([], self.holdings.on("host-a"))
        self.stopping(self.agent())
        self.wait_until(lambda conductor: len(conductor.held()) == 2)
        self.assertEqual(4, len(starts(self.conductor)))

    def test_a_killed_agent_says_nothing(self) -> None:
        service = self.agent()
        self.wait_until(lambda conductor: conductor.beats)
        service.kill()
        self.cast()
        self.assertEqual([], starts(self.conductor))
        self.stopping(self.agent())
        self.wait_until(lambda conductor: conductor.state(VM) == states.ACTIVE)


def starts(conductor: FakeCellConductor) -> list[tuple[object, ...]]:
    return [said for said in conductor.said if said[0] == "build_started"]
