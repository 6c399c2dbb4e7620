"""The broker in the process loses nothing, doubles nothing, and forgets when told."""

import collections
import threading

import testtools

from tests.functional.rpcapi.recording import PATIENCE, Holding, Recording
from tests.functional.support.buses import Buses
from tests.unit.objects import samples
from understudy.rpcapi import embedded, errors
from understudy.rpcapi.bus import Bus
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.context import RequestContext

CTXT = RequestContext("a-project", "a-user")
THREADS, CALLS = 16, 2000


class EmbeddedTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.buses = self.useFixture(Buses(cells=3))

    def test_under_many_threads_each_call_arrives_once(self) -> None:
        endpoints = [Recording("torn_down") for _ in self.buses.cells]
        for bus, endpoint in zip(self.buses.cells, endpoints, strict=True):
            self.buses.serve(bus, "conductor", endpoint)
        clients = [CellConductorClient(bus, timeout=60) for bus in self.buses.cells]

        def call(first: int) -> None:
            for number in range(first, CALLS, THREADS):
                client = clients[number % len(clients)]
                client.torn_down(CTXT, "host-1", samples.uuid(number), number)

        threads = [threading.Thread(target=call, args=(first,)) for first in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        arrived = collections.Counter(
            (number, call[2]["attempt"])
            for number, endpoint in enumerate(endpoints)
            for call in list(endpoint.calls.queue)
        )
        self.assertEqual(
            collections.Counter((number % len(clients), number) for number in range(CALLS)),
            arrived,
        )

    def test_queues_made_by_many_at_once_are_all_bound(self) -> None:
        endpoints = [Recording("end_instances") for _ in range(8)]
        together = threading.Barrier(len(endpoints))

        def serve(number: int) -> None:
            bus = self.buses.open(f"{self.buses.cell_names[0]}-{number}")
            together.wait(PATIENCE)
            self.buses.serve(bus, "conductor", endpoints[number])
            CellConductorClient(bus).end_instances(CTXT, [str(number)])

        threads = [threading.Thread(target=serve, args=(n,)) for n in range(len(endpoints))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for number, endpoint in enumerate(endpoints):
            self.assertEqual({"instance_uuids": [str(number)]}, endpoint.next_call()[2])

    def test_a_call_is_gone_once_its_caller_has_given_up(self) -> None:
        bus = self.buses.cells[0]
        holding, late = Holding(), Recording("end_instances", "torn_down")
        self.addCleanup(holding.go_on.set)
        self.buses.serve(bus, "conductor", holding, workers=1)
        client = CellConductorClient(bus, timeout=0.05)
        # One in the only thread, one in the listener's hand.
        client.end_instances(CTXT, ["1"])
        self.assertTrue(holding.begun.acquire(timeout=PATIENCE))
        client.end_instances(CTXT, ["2"])
        self.assertRaises(
            errors.ServiceUnavailable, client.torn_down, CTXT, "host-1", samples.uuid(1), 1
        )
        client.end_instances(CTXT, ["3"])
        self.buses.serve(bus, "conductor", late, name="two")
        self.assertEqual("end_instances", late.next_call()[0])

    def test_what_is_forgotten_is_gone(self) -> None:
        bus = self.buses.cells[0]
        server = self.buses.serve(bus, "conductor", Recording("end_instances"))
        server.stop()
        client = CellConductorClient(bus)
        client.end_instances(CTXT, ["1"])
        embedded.forget(f"understudy.{bus.name}.")
        self.assertRaises(errors.ServiceUnavailable, client.end_instances, CTXT, ["2"])

    def test_nothing_of_a_test_is_left_after_it(self) -> None:
        with Buses() as buses:
            buses.serve(buses.api, "scheduler", Recording("select_destinations"))
            names = [buses.api.name, *buses.cell_names]
        left = [
            name
            for name in embedded.Channel.queues
            if any(name.startswith(f"understudy.{bus}.") for bus in names)
        ]
        self.assertEqual([], left)


class ReopenedBusTest(testtools.TestCase):
    def test_two_connections_to_a_bus_share_its_queues(self) -> None:
        buses = self.useFixture(Buses())
        endpoint = Recording("end_instances")
        buses.serve(buses.cells[0], "conductor", endpoint)
        second: Bus = buses.open(buses.cell_names[0])
        CellConductorClient(second).end_instances(CTXT, ["1"])
        self.assertEqual("end_instances", endpoint.next_call()[0])
