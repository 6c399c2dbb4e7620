"""What is broken, when, and how it is mended: chosen by a seed.

Most of it is killing. After every few kills something larger goes wrong for
some seconds, while the killing goes on.
"""

from __future__ import annotations

import contextlib
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from tests.chaos.real.cloud import HOST_DOWN_TIME, ChaosCluster
from tests.chaos.real.units import Unit
from tests.fakes.faults import Fault
from tests.integration.support.server import Server

KILLS_BETWEEN = (4, 8)
"""Kills between two larger faults."""
PAUSE = (1.0, 3.5)
"""Seconds between two kills."""
BURST = 0.15
"""How often the next kill follows at once."""

Tell = Callable[[str], object]


class Damage:
    """Breaks one cluster, whose services are kept by `units`."""

    def __init__(
        self, cluster: ChaosCluster, units: Sequence[Unit], chance: random.Random, tell: Tell
    ) -> None:
        """Break nothing yet; `tell` gets a line for everything that is done."""
        self._cluster = cluster
        self._units = units
        self._agents = [unit for unit in units if unit.service in cluster.agents]
        self._chance = chance
        self._tell = tell
        self.kills = 0
        self.faults: Counter[str] = Counter()
        self._stopping = threading.Event()
        self._larger: list[threading.Thread] = []
        # One of these at a time: with two of them down, nothing is left to be tested.
        self._server = threading.Lock()

    def work(self, kills: int) -> None:
        """Kill so many processes, then let everything be mended."""
        until_larger = self._chance.randint(*KILLS_BETWEEN)
        while self.kills < kills:
            if self._chance.random() > BURST:
                self._stopping.wait(self._chance.uniform(*PAUSE))
            killed = self._chance.choice(self._units).kill_one(self._chance)
            if killed is None:
                # It is just starting; without a pause the dice alone would spin.
                self._stopping.wait(0.1)
                continue
            self.kills += 1
            self._tell(f"kill {self.kills}: {killed}")
            until_larger -= 1
            if until_larger <= 0:
                until_larger = self._chance.randint(*KILLS_BETWEEN)
                self._break_something()
        self.mend()

    def mend(self) -> None:
        """End every larger fault."""
        self._stopping.set()
        for fault in self._larger:
            fault.join()

    def _break_something(self) -> None:
        kinds: list[Callable[[random.Random], None]] = [
            self._restart_broker,
            self._restart_database,
            self._refuse_at_placement,
            self._lose_at_placement,
            self._slow_placement,
            self._cut_cell_off,
            self._cut_cell_off,
            self._freeze,
            self._freeze,
            self._leave_agent_down,
            self._leave_agent_down,
        ]
        kind = self._chance.choice(kinds)
        name = kind.__name__.strip("_").replace("_", " ")
        self.faults[name] += 1
        own = random.Random(self._chance.random())
        thread = threading.Thread(target=kind, args=(own,), name=name, daemon=True)
        self._larger.append(thread)
        thread.start()

    def _restart_broker(self, chance: random.Random) -> None:
        # In good order: RabbitMQ 3.10 forgets quorum queues that are younger than half a second
        # when it is killed. They are declared again, and nothing that is sent there arrives.
        broker = self._cluster.rabbitmq
        self._restart(broker, broker.stop, chance)

    def _restart_database(self, chance: random.Random) -> None:
        database = self._cluster.mariadb
        self._restart(database, chance.choice([database.kill, database.stop]), chance)

    def _restart(self, server: Server, how: Callable[[], None], chance: random.Random) -> None:
        with self._server:
            seconds = chance.uniform(0, 5)
            with self._told(f"{type(server).__name__} is down ({how.__name__}, {seconds:.1f} s)"):
                how()
                self._stopping.wait(seconds)
                server.start()

    def _refuse_at_placement(self, chance: random.Random) -> None:
        with self._spoiled(Fault.ERROR, Fault.ERROR, "Placement answers 503"):
            self._stopping.wait(chance.uniform(2, 8))

    def _lose_at_placement(self, chance: random.Random) -> None:
        lost = chance.choice([Fault.LOST_AFTER, Fault.LOST_BEFORE])
        with self._spoiled(lost, Fault.NONE, f"writes to Placement: {lost.value}"):
            self._stopping.wait(chance.uniform(1, 4))

    @contextlib.contextmanager
    def _spoiled(self, writes: Fault, reads: Fault, what: str) -> Iterator[None]:
        faults = self._cluster.ledger.faults
        with self._server, self._told(what):
            faults.writes, faults.reads = writes, reads
            try:
                yield
            finally:
                faults.writes = faults.reads = Fault.NONE

    def _slow_placement(self, chance: random.Random) -> None:
        ledger = self._cluster.ledger
        seconds = chance.uniform(0.5, 4)
        with self._server, self._told(f"Placement takes {seconds:.1f} s longer"):
            ledger.delay = seconds
            self._stopping.wait(chance.uniform(3, 8))
            ledger.delay = 0.0

    def _cut_cell_off(self, chance: random.Random) -> None:
        name = chance.choice(sorted(self._cluster.cables))
        cables = self._cluster.cables[name]
        chosen = {
            "bus": [cables.bus],
            "database": [cables.database],
            "bus and database": [cables.bus, cables.database],
        }
        what = chance.choice(sorted(chosen))
        cut = chance.random() < 0.5
        with self._told(f"the {what} of {name}: {'cut' if cut else 'muffled'} for the API level"):
            for cable in chosen[what]:
                if cut:
                    cable.cut()
                else:
                    cable.muffle()
            self._stopping.wait(chance.uniform(2, 12))
            for cable in chosen[what]:
                cable.mend()

    def _freeze(self, chance: random.Random) -> None:
        unit = chance.choice(list(self._units))
        seconds = chance.uniform(2, 1.5 * HOST_DOWN_TIME)
        with self._told(f"{unit.told} is frozen for {seconds:.1f} s"):
            unit.freeze(seconds, self._stopping)

    def _leave_agent_down(self, chance: random.Random) -> None:
        unit = chance.choice(self._agents)
        seconds = HOST_DOWN_TIME + chance.uniform(0, 6)
        with self._told(f"{unit.told} is down for {seconds:.1f} s"):
            unit.kill(seconds)
            self._stopping.wait(seconds)

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        self._tell(f"  {what}")
        try:
            yield
        finally:
            self._tell(f"  no more: {what}")
