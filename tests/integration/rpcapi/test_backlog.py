"""What waits in the broker: bounded by its policy, and not lost with who has it in hand."""

from __future__ import annotations

import logging
import threading

import fixtures
import testtools
from oslo_config import cfg

from tests.functional.rpcapi.recording import PATIENCE, Holding, Recording
from tests.integration.rpcapi.subject import OnOneBus, RabbitBuses
from tests.integration.support import shared
from tests.integration.support.waiting import wait_until
from tests.unit.objects import samples
from understudy.rpcapi import errors
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.server import Server

CTXT = RequestContext("a-project", "a-user")


class BacklogTest(OnOneBus):
    def setUp(self) -> None:
        super().setUp()
        self.client = CellConductorClient(self.cell)

    def busy(self) -> Holding:
        """Return what keeps the only worker of the only server."""
        holding = Holding()
        self.addCleanup(holding.go_on.set)
        self.buses.serve(self.cell, "conductor", holding, workers=1)
        self.client.end_instances(CTXT, ["busy"])
        self.assertTrue(holding.begun.acquire(timeout=PATIENCE))
        return holding

    def test_a_full_queue_says_so_at_once(self) -> None:
        server = Server(self.cell, "conductor", [Recording("torn_down")], name="one")
        server.start()
        server.stop()
        server.wait()
        self.broker.bound_queues(self.url, 3)
        overloaded: list[errors.Overloaded] = []

        def is_full() -> bool:
            try:
                self.client.end_instances(CTXT, ["1"])
            except errors.Overloaded as error:
                overloaded.append(error)
            return bool(overloaded)

        wait_until(is_full, "the end of the room in the queue", seconds=PATIENCE)
        self.assertRaises(
            errors.Overloaded, self.client.torn_down, CTXT, "host-1", samples.uuid(1), 1
        )
        self.assertGreater(overloaded[0].retry_after_seconds, 0)
        # A quorum queue takes a few more while it notices.
        self.assertLess(self.buses.ready(self.cell, "conductor"), 20)

    def test_there_is_room_again_when_some_were_served(self) -> None:
        self.test_a_full_queue_says_so_at_once()
        holding = Holding()
        holding.go_on.set()
        waiting = self.buses.ready(self.cell, "conductor")
        self.buses.serve(self.cell, "conductor", holding)
        wait_until(lambda: len(holding.done) == waiting, "what had waited")
        self.client.end_instances(CTXT, ["late"])
        wait_until(lambda: "late" in holding.done, "what came later")

    def test_what_was_in_hand_goes_to_another_when_the_connection_is_cut(self) -> None:
        self.busy()
        self.client.end_instances(CTXT, ["in hand"])
        wait_until(lambda: self.buses.ready(self.cell, "conductor") == 0, "its delivery")
        other = Recording("end_instances")
        self.buses.serve(self.cell, "conductor", other, name="two")
        # The broker says who is connected a few seconds late.
        wait_until(lambda: len(self.broker.connections(self.url)) > 2, "the list of connections")
        self.broker.cut_connections(self.url)
        self.assertEqual({"instance_uuids": ["in hand"]}, other.calls.get(timeout=60)[2])


class RestlessBuses(RabbitBuses):
    """Connections that the broker gives up when it has not heard of them for two seconds."""

    def _options(self) -> cfg.ConfigOpts:
        conf = super()._options()
        conf.set_override("heartbeat_timeout_threshold", 2, group="oslo_messaging_rabbit")
        return conf


class HeartbeatTest(testtools.TestCase):
    def test_a_server_that_is_busy_for_long_keeps_its_connection(self) -> None:
        log = self.useFixture(fixtures.FakeLogger(level=logging.ERROR))
        buses = self.useFixture(RestlessBuses(shared.rabbitmq(self)))
        [cell] = buses.cells
        holding, calls = Holding(), Recording("torn_down")
        self.addCleanup(holding.go_on.set)
        buses.serve(cell, "conductor", holding, calls, workers=1)
        client = CellConductorClient(cell)
        client.end_instances(CTXT, ["busy"])
        self.assertTrue(holding.begun.acquire(timeout=PATIENCE))
        threading.Timer(3 * 2.0, holding.go_on.set).start()
        client.torn_down(CTXT, "host-1", samples.uuid(1), 1)
        self.assertEqual(1, calls.next_call()[2]["attempt"])
        self.assertEqual("", log.output)
