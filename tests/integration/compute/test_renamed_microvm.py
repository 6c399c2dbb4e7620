"""A machine is renamed while instances run on it: a real agent, a real bus, real qemu."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import fixtures

from tests.fakes.cell_conductor import FakeCellConductor
from tests.integration.compute.microvm_case import MicrovmTestCase
from tests.unit.compute.scene import OTHER_VM, VM, claim, request
from tests.unit.compute.test_service import FakeEndpoint
from understudy.compute import identity as identities
from understudy.compute.backoff import Backoff
from understudy.compute.microvm_folders import Folders
from understudy.compute.service import ComputeService
from understudy.compute.settings import Settings
from understudy.rpcapi import embedded
from understudy.rpcapi.bus import EMBEDDED, Bus
from understudy.rpcapi.compute import ComputeClient
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.server import Server

BOTH = [(VM, 1), (OTHER_VM, 1)]


class RenamedTest(MicrovmTestCase):
    """Its agent is started under another name, with the old journal or with a new one."""

    def setUp(self) -> None:
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.bus = Bus.open(f"cell-{uuid.uuid4().hex}", EMBEDDED)
        self.addCleanup(embedded.forget, self.bus.topic(""))
        self.addCleanup(self.bus.close)
        self.conductor = FakeCellConductor()
        server = Server(self.bus, "conductor", [FakeEndpoint(self.conductor)], name="conductor-1")
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        self.client = ComputeClient(self.bus)
        self.journal = self.folder / "state" / "journal.sqlite3"
        self.build_both()

    def start(self, name: str, journal: Path) -> ComputeService:
        """Start the machine's agent under a name, with a journal."""
        identity = identities.load(journal, name)
        settings = Settings(heartbeat_seconds=0.05, backoff=Backoff(0.01, 0.05))
        service = ComputeService(
            self.bus, name, self.load(identity, name, default_image="tiny"), journal, settings
        )
        service.start()
        return service

    def build_both(self) -> None:
        """Build two instances on the host `old`, and stop its agent."""
        first = self.start("old", self.journal)
        self.wait_until(lambda conductor: "old" in conductor.hosts)
        self.old = self.conductor.hosts["old"].compute_node_uuid
        self.folders = Folders(self.machines, self.old)
        for vm, attempt in BOTH:
            self.conductor.cast("old", vm, attempt)
            selection = claim("old", VCPU=1, MEMORY_MB=64)
            selection.compute_node_uuid = self.old
            self.client.build(
                RequestContext(), "old", "old", vm, attempt, request("tiny"), selection
            )
        self.wait_until(lambda conductor: len(conductor.held()) == len(BOTH))
        first.stop()
        self.conductor.beats.clear()

    def wait_until(self, true: Callable[[FakeCellConductor], object]) -> None:
        self.assertTrue(self.conductor.wait_until(true), "it never came to that")

    def order_away(self, host: str, host_uuid: str | None) -> None:
        """Order away what ran, of a host of this name and uuid."""
        for vm, attempt in BOTH:
            order = {"host": host, "instance_uuid": vm, "attempt": attempt}
            self.client._cast(
                RequestContext(),
                "tear_down",
                since="1.1",
                server="new",
                host_uuid=host_uuid,
                **order,
            )

    def hear_beats(self) -> None:
        """Wait for a few heartbeats, and for what their answers order."""
        heard = len(self.conductor.beats) + 5
        self.wait_until(lambda conductor: len(conductor.beats) > heard)

    def assert_all_run(self) -> None:
        self.assertEqual(BOTH, [(each.instance_uuid, each.attempt) for each in self.running()])
        self.assertEqual([], self.torn_down())

    def torn_down(self) -> list[object]:
        return [said for said in self.conductor.said if said[0] == "torn_down"]

    def test_with_the_old_journal_all_is_left_until_the_cell_takes_the_new_name(self) -> None:
        self.conductor.refused = {"new"}
        self.addCleanup(self.start("new", self.journal).stop)
        self.hear_beats()
        self.order_away("old", self.old)
        self.order_away("old", None)
        self.conductor.to_tear_down = {("old", *each) for each in BOTH}
        self.hear_beats()
        self.assert_all_run()
        self.assertIn("new builds nothing until this is mended", self.log.output)
        self.conductor.to_tear_down.clear()
        self.conductor.refused.clear()
        self.wait_until(lambda conductor: "new" in conductor.hosts)
        self.hear_beats()
        self.assertEqual(self.old, self.conductor.hosts["new"].compute_node_uuid)
        self.assertEqual(BOTH, self.conductor.holds["new"])
        self.assert_all_run()

    def test_with_a_new_journal_it_is_another_host_that_holds_nothing(self) -> None:
        other = self.folder / "other" / "journal.sqlite3"
        self.addCleanup(self.start("new", other).stop)
        self.wait_until(lambda conductor: "new" in conductor.hosts)
        self.assertNotEqual(self.old, self.conductor.hosts["new"].compute_node_uuid)
        self.assertEqual([], self.conductor.holds["new"])
        self.order_away("new", self.old)
        self.conductor.to_tear_down |= {("new", *each) for each in BOTH}
        self.hear_beats()
        self.assert_all_run()
        self.assertIn(f"is tagged for the host '{self.old}'", self.log.output)
