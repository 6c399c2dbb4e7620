"""What becomes of builds while something between them and their hosts is away.

Their order is of no importance; the cloud is started once for all of them.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable

from tests.fakes.faults import Fault
from tests.integration.outages.cloud import SLOW, OutageTest
from tests.integration.support.server import Server
from tests.integration.support.waiting import wait_until

BUS_DOWN_SECONDS = 30.0
REFUSALS = 6
OTHER = "cell2-host03"
"""A host of the same cell as SLOW, on another agent."""


class OutagesTest(OutageTest):
    def restart_under_load(self, server: Server, end: Callable[[], None]) -> None:
        """Have builds asked for before, during and after the server was away."""
        ids = [self.ask(count=2) for _ in range(2)]
        asking = threading.Thread(target=lambda: ids.append(self.ask()))
        end()
        asking.start()
        server.start()
        asking.join()
        ids.append(self.ask())
        self.assertEqual(4, len(ids))
        self.wait_for(ids)

    def test_builds_outlive_a_restart_of_the_broker(self) -> None:
        # Not a crash: RabbitMQ 3.10 would forget the queue for this client's answers, which is
        # younger than half a second, and lose all that is sent there from then on.
        self.restart_under_load(self.cloud.rabbitmq, self.cloud.rabbitmq.stop)

    def test_builds_outlive_a_crash_of_the_database(self) -> None:
        self.restart_under_load(self.cloud.mariadb, self.cloud.mariadb.kill)

    def test_builds_wait_while_placement_answers_503(self) -> None:
        ids = [self.ask()]
        faults = self.cloud.ledger.faults
        refused = threading.Semaphore(0)
        asking = threading.Thread(target=lambda: ids.append(self.ask(count=2)))
        faults.hook = lambda operation: refused.release()
        faults.writes = faults.reads = Fault.ERROR
        try:
            asking.start()
            for _ in range(REFUSALS):
                self.assertTrue(refused.acquire(timeout=60), "nobody asks Placement")
        finally:
            faults.writes = faults.reads = Fault.NONE
            faults.hook = lambda operation: None
        asking.join()
        self.wait_for(ids)

    def test_builds_end_with_a_placement_that_is_slow(self) -> None:
        self.cloud.ledger.delay = 1.0
        try:
            self.wait_for([self.ask(count=2)])
        finally:
            self.cloud.ledger.delay = 0.0

    def test_a_cells_bus_is_down_and_the_other_cell_builds(self) -> None:
        cables = self.cloud.cables["cell1"]
        until = time.monotonic() + BUS_DOWN_SECONDS
        cables.bus.cut()
        cables.within.cut()
        try:
            waiting = self.ask(count=2)
            while time.monotonic() < until:
                self.wait_for([self.ask(cell="cell2")])
            self.assertEqual(set(), self.begun_on(waiting))
        finally:
            cables.bus.mend()
            cables.within.mend()
        self.wait_for([waiting])

    def test_the_build_of_a_killed_host_runs_on_its_alternate(self) -> None:
        agent, _ = self.cloud.cells["cell2"].agents
        request_id = self.building_on_slow()
        with self.killed(agent):
            (instance,) = self.wait_for([request_id])
        self.assertEqual((OTHER, 2), (instance.service_host, instance.attempt))

    def building_on_slow(self) -> str:
        """Ask until a build has begun on SLOW: the emptier of two hosts is preferred."""
        while True:
            request_id = self.ask(cell="cell2", hosts=[SLOW, OTHER])
            wait_until(functools.partial(self.begun_on, request_id), "the build to begin")
            if SLOW in self.begun_on(request_id):
                return request_id

    def test_one_of_two_is_enough(self) -> None:
        """Kill a scheduler, a super conductor and a conductor of each cell under load."""
        ids = [self.ask(count=2) for _ in range(3)]
        conductors = [cell.conductor for cell in self.cloud.cells.values()]
        with self.killed(self.cloud.scheduler, self.cloud.conductor, *conductors):
            ids += [self.ask(count=2, cell=cell) for cell in self.cloud.cells]
            self.wait_for(ids)
