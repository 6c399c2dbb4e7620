"""Twenty times more calls than can be served: each is answered, or told when to come back."""

from __future__ import annotations

import collections
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import oslo_messaging as messaging

from tests.functional.rpcapi.recording import PATIENCE, Holding, Recording
from tests.functional.support.buses import BusTestCase
from tests.unit.objects import samples
from understudy.rpcapi import embedded, errors
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.server import REFUSERS

CTXT = RequestContext("a-project", "a-user")
WORKERS = 2
WORK = 0.05
"""Seconds that one call takes."""
CALLERS = 20 * WORKERS
CALLS = 3 * CALLERS


class Working:
    """Has one method, `torn_down`, which takes its time."""

    target = messaging.Target(version="1.0")

    def __init__(self) -> None:
        self.begun: collections.Counter[int] = collections.Counter()
        self.patience: list[float] = []
        self._lock = threading.Lock()

    @messaging.expose
    def torn_down(self, ctxt: RequestContext, host: str, instance_uuid: str, attempt: int) -> None:
        with self._lock:
            self.begun[attempt] += 1
            self.patience.append(ctxt.patience())
        time.sleep(WORK)


class OverloadTest(BusTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.buses = self.make_buses()
        [self.cell] = self.buses.cells
        self.cell.longest_wait = 0.25

    def in_the_broker(self) -> int:
        return embedded.Channel.queues[self.cell.topic("conductor")].qsize()

    def flood(self, client: CellConductorClient) -> dict[int, Exception | None]:
        """Return what each call came to: an error, or None for its answer."""

        def call(number: int) -> Exception | None:
            try:
                client.torn_down(CTXT, "host-1", samples.uuid(1), number)
            except errors.WireError as error:
                return error
            return None

        with ThreadPoolExecutor(CALLERS) as callers:
            return dict(enumerate(callers.map(call, range(CALLS))))

    def test_each_call_is_answered_or_told_when_to_come_back(self) -> None:
        working = Working()
        self.buses.serve(self.cell, "conductor", working, workers=WORKERS, refuses=True)
        found = self.flood(CellConductorClient(self.cell))
        answered = {number for number, error in found.items() if error is None}
        refused = [error for error in found.values() if error is not None]
        self.assertEqual({errors.Overloaded}, {type(error) for error in refused}, str(refused[:1]))
        delays = [e.retry_after_seconds for e in refused if isinstance(e, errors.Overloaded)]
        self.assertGreater(min(delays), 0)
        # Who is refused is not served, and who is served is served once.
        self.assertEqual(dict.fromkeys(answered, 1), dict(working.begun))
        self.assertGreaterEqual(len(answered), WORKERS)
        self.assertEqual(0, self.in_the_broker())

    def test_who_comes_back_as_told_is_served_in_the_end(self) -> None:
        working = Working()
        self.buses.serve(self.cell, "conductor", working, workers=WORKERS, refuses=True)
        client = CellConductorClient(self.cell, timeout=120, come_back=time.sleep)
        self.assertEqual({None}, set(self.flood(client).values()))
        self.assertEqual(dict.fromkeys(range(CALLS), 1), dict(working.begun))

    def test_a_cast_is_kept_however_many_wait(self) -> None:
        holding = Holding()
        self.addCleanup(holding.go_on.set)
        self.buses.serve(self.cell, "conductor", holding, workers=1, refuses=True)
        client = CellConductorClient(self.cell)
        names = [str(number) for number in range(20)]
        for name in names:
            client.end_instances(CTXT, [name])
        self.assertTrue(holding.begun.acquire(timeout=PATIENCE))
        time.sleep(2 * self.cell.longest_wait)
        holding.go_on.set()
        for _ in names[1:]:
            self.assertTrue(holding.begun.acquire(timeout=PATIENCE))

    def test_who_does_not_refuse_keeps_all(self) -> None:
        working = Working()
        self.buses.serve(self.cell, "conductor", working, workers=WORKERS)
        found = self.flood(CellConductorClient(self.cell, timeout=120))
        self.assertEqual({None}, set(found.values()))

    def test_while_all_are_served_at_once_nobody_is_refused(self) -> None:
        working = Working()
        self.cell.longest_wait = 60.0
        self.buses.serve(self.cell, "conductor", working, workers=WORKERS, refuses=True)
        found = self.flood(CellConductorClient(self.cell, timeout=120))
        self.assertEqual({None}, set(found.values()))

    def test_little_of_it_is_in_the_process(self) -> None:
        working, most = Working(), 0
        server = self.buses.serve(
            self.cell, "conductor", working, workers=WORKERS, refuses=True
        )._server
        done = threading.Event()

        def flood() -> None:
            self.flood(CellConductorClient(self.cell))
            done.set()

        thread = threading.Thread(target=flood)
        thread.start()
        while not done.wait(0.01):
            waiting = (
                server._work_executor._work_queue.qsize() + server._refusers._work_queue.qsize()
            )
            most = max(most, waiting)
        thread.join()
        self.assertLessEqual(most, WORKERS + REFUSERS)


class PatienceTest(BusTestCase):
    """What its caller has given up is never begun, wherever it was by then."""

    def setUp(self) -> None:
        super().setUp()
        self.buses = self.make_buses()
        [self.cell] = self.buses.cells

    def test_a_call_in_the_listeners_hand_goes_with_its_caller(self) -> None:
        holding, calls = Holding(), Recording("torn_down")
        self.addCleanup(holding.go_on.set)
        self.buses.serve(self.cell, "conductor", holding, calls, workers=1)
        client = CellConductorClient(self.cell, timeout=1)
        client.end_instances(CTXT, ["busy"])
        self.assertTrue(holding.begun.acquire(timeout=PATIENCE))
        for number in range(3):
            self.assertRaises(
                errors.ServiceUnavailable,
                client.torn_down,
                CTXT,
                "host-1",
                samples.uuid(1),
                number,
            )
        holding.go_on.set()
        patient = CellConductorClient(self.cell)
        patient.torn_down(CTXT, "host-1", samples.uuid(1), 9)
        self.assertEqual(9, calls.next_call()[2]["attempt"])
        self.assertEqual(0, calls.calls.qsize())

    def test_a_call_that_was_parked_is_begun_while_its_caller_waits(self) -> None:
        holding, calls = Holding(), Recording("torn_down")
        self.addCleanup(holding.go_on.set)
        self.buses.serve(self.cell, "conductor", holding, calls, workers=1)
        client = CellConductorClient(self.cell)
        client.end_instances(CTXT, ["busy"])
        self.assertTrue(holding.begun.acquire(timeout=PATIENCE))
        threading.Timer(1.5, holding.go_on.set).start()
        client.torn_down(CTXT, "host-1", samples.uuid(1), 1)
        self.assertEqual(1, calls.next_call()[2]["attempt"])

    def test_the_endpoint_knows_how_long_its_caller_may_wait(self) -> None:
        working = Working()
        self.buses.serve(self.cell, "conductor", working)
        CellConductorClient(self.cell, timeout=30).torn_down(CTXT, "host-1", samples.uuid(1), 1)
        [patience] = working.patience
        self.assertTrue(0 < patience <= 30, patience)

    def test_what_is_parked_at_a_stop_goes_to_another_server(self) -> None:
        holding, calls = Holding(), Recording("end_instances")
        self.addCleanup(holding.go_on.set)
        server = self.buses.serve(self.cell, "conductor", holding, workers=1)
        client = CellConductorClient(self.cell)
        client.end_instances(CTXT, ["busy"])
        self.assertTrue(holding.begun.acquire(timeout=PATIENCE))
        client.end_instances(CTXT, ["parked"])
        server.stop()
        self.buses.serve(self.cell, "conductor", calls, name="two")
        # While the first still works on what it had begun.
        self.assertEqual({"instance_uuids": ["parked"]}, calls.next_call()[2])
