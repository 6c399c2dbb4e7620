"""A server takes what it has threads for, and ends what it has begun."""

import queue
import threading

from tests.functional.rpcapi.recording import PATIENCE, Holding, Recording
from tests.functional.support.buses import BusTestCase
from understudy.rpcapi import embedded
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.server import Server

CTXT = RequestContext("a-project", "a-user")


class ServerTest(BusTestCase):
    in_hand = 1
    """Messages that are with a server, unacknowledged, and that it has no thread for."""

    def setUp(self) -> None:
        super().setUp()
        self.buses = self.make_buses()
        [self.cell] = self.buses.cells
        self.client = CellConductorClient(self.cell)

    def cast(self, *names: str) -> None:
        for name in names:
            self.client.end_instances(CTXT, [name])

    def in_the_broker(self) -> int:
        return embedded.Channel.queues[self.cell.topic("conductor")].qsize()

    def test_what_no_thread_is_free_for_stays_in_the_broker(self) -> None:
        holding = Holding()
        self.addCleanup(holding.go_on.set)
        self.buses.serve(self.cell, "conductor", holding, workers=2)
        self.cast("1", "2")
        for _ in range(2):
            self.assertTrue(holding.begun.acquire(timeout=PATIENCE))
        self.cast(*map(str, range(3, 23)))
        self.assertGreaterEqual(self.in_the_broker(), 20 - self.in_hand)
        holding.go_on.set()
        for _ in range(20):
            self.assertTrue(holding.begun.acquire(timeout=PATIENCE))

    def test_another_server_takes_what_the_first_has_no_thread_for(self) -> None:
        busy, free = Holding(), Holding()
        self.addCleanup(busy.go_on.set)
        free.go_on.set()
        self.buses.serve(self.cell, "conductor", busy, workers=1)
        self.cast("0", *["in hand"] * self.in_hand)
        self.assertTrue(busy.begun.acquire(timeout=PATIENCE))
        self.buses.serve(self.cell, "conductor", free, name="two", workers=1)
        self.cast(*map(str, range(1, 21)))
        for _ in range(20):
            self.assertTrue(free.begun.acquire(timeout=PATIENCE))

    def test_what_was_begun_is_done_when_wait_returns(self) -> None:
        holding = Holding()
        server = Server(self.cell, "conductor", [holding], name="one", workers=1)
        server.start()
        self.cast("1")
        self.assertTrue(holding.begun.acquire(timeout=PATIENCE))
        server.stop()
        threading.Timer(0.05, holding.go_on.set).start()
        server.wait()
        self.assertEqual(["1"], holding.done)

    def test_the_next_server_of_the_name_takes_what_came_in_between(self) -> None:
        before, after = Recording("end_instances"), Recording("end_instances")
        server = Server(self.cell, "conductor", [before], name="one")
        server.start()
        server.stop()
        server.wait()
        self.cast("1")
        self.buses.serve(self.cell, "conductor", after)
        self.assertEqual({"instance_uuids": ["1"]}, after.next_call()[2])
        self.assertRaises(queue.Empty, before.calls.get_nowait)
