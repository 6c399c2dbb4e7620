"""A whole cloud under one seed: what it is made of, its faults, its calm, its end."""

from __future__ import annotations

import contextlib
import logging
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from tests.chaos import mishaps, services
from tests.chaos import plan as plans
from tests.chaos.agents import new_disk, new_identity
from tests.chaos.bus import Broker
from tests.chaos.bystanders import Bystanders
from tests.chaos.client import PATIENCE, Client
from tests.chaos.fate import Fate
from tests.chaos.faults import CELLS, Mishap
from tests.chaos.ground import Ground
from tests.chaos.hostile.agent import HostileAgent
from tests.chaos.hostile.client import HostileClient
from tests.chaos.hostile.strangers import AGENT, FOREIGN, PROJECT, Strangers
from tests.chaos.kernel import START, Kernel
from tests.chaos.operator import Operator
from tests.chaos.oracle import CHANGED, Oracle, Violation
from tests.chaos.plan import Plan
from tests.chaos.process import Process
from tests.chaos.services import Machine, Surroundings
from tests.chaos.trace import Trace
from tests.chaos.unreal import unreal
from tests.chaos.watch import Watch
from tests.fakes import ledger_providers
from understudy.cells.records import CellRecord
from understudy.conductor.cell_access import CellAccess
from understudy.rpcapi.bus import API
from understudy.rpcapi.super_conductor import SuperConductorClient

STEP = 1.0
"""Seconds between two looks whether all is at rest."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a world."""

    seed: int
    builds: int
    violations: list[Violation]
    trace: Trace = field(repr=False)
    seconds: float
    """Simulated ones."""


class World:
    """One seed's."""

    def __init__(self, ground: Ground, plan: Plan) -> None:
        """Stand on `ground`, which is everybody's, one after the other."""
        self.plan = plan
        self.trace = Trace()
        chance = random.Random(f"world {plan.seed}")
        self.kernel = Kernel(chance)
        self.fate = Fate(plan.faults, self.kernel, chance, plan.pace.ledger.read)
        self.buses = {
            name: Broker(name, self.kernel, self.fate, chance, plan.faults.redelivered)
            for name in (API, *CELLS)
        }
        ground.reset(self._clock_of)
        self.around = Surroundings(
            ground.api,
            ground.cells,
            ground.placement(),
            self.buses,
            plan.pace,
            plans.BOUNDS,
            plan.admits_new,
        )
        self._ground = ground
        self._chance = chance
        self._alive: dict[str, Process] = {}
        self._starts: dict[str, Callable[[], None]] = {}
        self._skews: dict[str, float] = {}
        self._away: dict[str, float] = {}
        self.holdings = Watch(plan, self.around.placement, self.around.cells.values())
        self.machines: dict[str, Machine] = {}
        """By the agent's name."""
        self._second: Process | None = None
        """A copy of an agent, while there is one."""
        self.clients: list[Client] = []
        self._bystanders: Bystanders | None = None
        self._hostile_client: HostileClient | None = None
        self.forgotten: set[str] = set()
        """Instances of which a restored database does not know all any more."""
        self.wiped: set[str] = set()
        """Those of them of which it knew nothing at all."""

    # What time it is, for `unreal` and for the databases.

    def time(self) -> float:
        """Return the time on the clock of the process that asks."""
        task = self.kernel.current
        owner = task.owner if task is not None else None
        return self.kernel.now + (owner.skew if isinstance(owner, Process) else 0.0)

    def pause(self, seconds: float) -> None:
        """Wait, if it is a process that asks."""
        task = self.kernel.current
        if task is not None and isinstance(task.owner, Process):
            task.owner.pause(seconds, "clock pause")

    def _clock_of(self, database: str) -> float:
        return self.kernel.now + self.plan.faults.skews.get(database, 0.0)

    # From its start to its end.

    def run(self, *, with_logs: bool = False) -> Outcome:
        """Let it live, and judge it; `with_logs`, what production logs is in its trace."""
        log = ErrorLog()
        more = [TraceLog(self.trace, self.kernel)] if with_logs else []
        try:
            with _logging_to(log, *more), unreal(self, self.kernel, self.plan.seed):
                oracle = Oracle(self, log)
                self._begin()
                self.kernel.run(START + self.plan.faults.seconds)
                self._calm_down()
                self._let_rest(oracle)
                violations = oracle.judge()
        finally:
            self._end()
        builds = sum(ask.request.count for ask in self.plan.asks)
        return Outcome(self.plan.seed, builds, violations, self.trace, self.kernel.now - START)

    def process(self, name: str, kind: str, place: str) -> Process:
        """Return a new process, not started."""
        return Process(name, kind, place, self.kernel, self.fate, self.trace)

    def open_cell(self, process: Process) -> Callable[[CellRecord], CellAccess]:
        """Return what opens cells for this process."""
        return partial(self.around.open_cell, process)

    def _begin(self) -> None:
        self._ground.add_cells(self.around, self.process("ground", "world", API))
        plan = self.plan
        for number in range(plan.supers):
            self._keep_alive(f"super{number}", "super", API, services.start_super)
        for number in range(plan.schedulers):
            self._keep_alive(f"scheduler{number}", "scheduler", API, services.start_scheduler)
        for cell, count in plan.conductors.items():
            for number in range(count):
                name = f"{cell}-conductor{number}"
                self._keep_alive(name, "conductor", cell, services.start_conductor)
        for agent in plan.agents:
            self.machines[agent.name] = Machine(
                agent.hosts, agent.plan, self.holdings, new_disk(), new_identity(agent.name)
            )
            self._keep_alive(agent.name, "agent", agent.cell, self._start_agent)
        if not plan.admits_new or plan.faults.restored is not None:
            onlooker = self.process("operator", "world", API)
            cells = {cell: self.around.cell_store(onlooker, cell) for cell in CELLS}
            Operator(self.kernel, plan, cells).start()
        for ask in plan.asks:
            process = self.process("client", "client", API)
            bus = self.buses[API].open(process)
            client = Client(process, SuperConductorClient(bus, timeout=PATIENCE), ask)
            self.clients.append(client)
            client.start()
        if plan.strangers != Strangers():
            self._let_strangers_in()
        self._plan_faults()

    def _let_strangers_in(self) -> None:
        """Let whoever is hostile begin, and watch what is done for them."""
        around, plan = self.around, self.plan
        self._bystanders = Bystanders(self.kernel, plan, around)
        ledger_providers.add(around.placement.store.providers, FOREIGN, "foreign", None)
        if plan.strangers.agent_in is not None:
            process = self.process(AGENT, "hostile", plan.strangers.agent_in)
            HostileAgent(process, around, plan, lambda: self.fate.calm).start()
        if plan.strangers.client:
            process = self.process(PROJECT, "hostile", API)
            self._hostile_client = HostileClient(process, around, plan, lambda: self.fate.calm)
            self._hostile_client.start()

    def strangers_did(self) -> list[Violation]:
        """Return what hostile ones changed, or were told, of what is not theirs."""
        found = [] if self._bystanders is None else list(self._bystanders.found)
        if self._hostile_client is not None:
            found += [Violation(CHANGED, words) for words in self._hostile_client.told]
        return found

    def _keep_alive(self, name: str, kind: str, place: str, start: services.Starter) -> None:
        """Start a process, and again whenever it died, as its machine does."""
        self._skews[name] = self._chance.uniform(-300.0, 300.0)

        def begin() -> None:
            if name in self._alive and not self._alive[name].dead:
                return
            process = self._alive[name] = self.process(name, kind, place)
            process.skew = self._skews[name]
            process.on_death.append(partial(self._restart, name))
            self.trace.note((self.kernel.now, name, "starts", ""))
            start(self.around, process)

        self._starts[name] = begin
        begin()

    def _restart(self, name: str) -> None:
        after = self._away.pop(name, None) or self._chance.choice((0.2, 1.0, 4.0))
        left = self.plan.faults.seconds - self.fate.now
        self.kernel.later(max(0.0, min(after, left)), self._starts[name])

    def _start_agent(self, around: Surroundings, process: Process) -> None:
        services.start_agent(around, self.machines[process.name], process)

    def _let_happen(self, mishap: Mishap) -> None:
        """Rename an agent's hosts, or copy its folder, and make that good again in time."""
        agent = self.plan.agents[mishap.agent]
        machine = self.machines[agent.name]
        if mishap.kind == "renamed" and not self._is_known(machine):
            self.trace.note((self.kernel.now, agent.name, "keeps its name: its cell has none", ""))
            return
        self.trace.note((self.kernel.now, agent.name, f"is {mishap.kind}", ""))
        if mishap.kind == "copied":
            process = self._second = self.process(agent.name, "agent", agent.cell)
            services.start_agent(self.around, mishaps.copied(machine), process)
            self.kernel.later(mishap.ends - mishap.begins, process.die)
            return

        def call(it: Machine) -> None:
            self.machines[agent.name] = it
            self._away[agent.name] = 0.1
            self._alive[agent.name].die()

        self.kernel.later(mishap.ends - mishap.begins, partial(call, machine))
        call(mishaps.renamed(machine))

    def _is_known(self, machine: Machine) -> bool:
        """Say whether its cell knows all its hosts, and will not forget them.

        One that its cell has never taken is a new host under whatever name it comes.
        """
        taken = {name for (name,) in machine.disk.execute("SELECT name FROM hosts")}
        return self.plan.faults.restored is None and taken >= {host.name for host in machine.hosts}

    def _plan_faults(self) -> None:
        if self.plan.mishap is not None:
            mishap = self.plan.mishap
            self.kernel.later(mishap.begins, partial(self._let_happen, mishap))
        faults = self.plan.faults
        for death in faults.deaths:
            self.kernel.later(death.at, partial(self._kill_some, death.kind, death.back_after))
        for outage in faults.outages:
            self.kernel.later(outage.ends, self._pump)
        if faults.restored is not None:
            cell, copied, restored = faults.restored
            self.kernel.later(copied, partial(self._copy, cell, restored - copied))

    def _kill_some(self, kind: str, back_after: float) -> None:
        living = [
            process
            for process in self._alive.values()
            if process.kind == kind and not process.dead
        ]
        if not living:
            return
        process = self._chance.choice(living)
        self.trace.note((self.kernel.now, process.name, f"dies for {back_after:g} s", ""))
        self._away[process.name] = back_after
        process.die()

    def _copy(self, cell: str, seconds: float) -> None:
        copy = self.around.cells[cell].snapshot()

        def restore() -> None:
            self.trace.note((self.kernel.now, f"{cell}-db", "is restored", ""))
            self.forgotten |= self.around.cells[cell].newer_than(copy)
            self.wiped |= self.around.cells[cell].unknown_to(copy)
            self.around.cells[cell].restore(copy)
            copy.close()

        self.trace.note((self.kernel.now, f"{cell}-db", "is copied", ""))
        self.kernel.later(seconds, restore)

    def _pump(self) -> None:
        for bus in self.buses.values():
            bus.pump()

    def _calm_down(self) -> None:
        self.trace.note((self.kernel.now, "world", "faults stop", ""))
        for begin in self._starts.values():
            begin()
        self._pump()

    def _let_rest(self, oracle: Oracle) -> None:
        """Wait until nothing is left to do, or until it should be so.

        A build may still fail as planned; the time counts from the last that did.
        """
        stopped = self.kernel.now
        calm = self.plan.pace.calm
        if self.plan.strangers.agent_in is not None:
            # Its hosts are silent from now on, and what waits for them waits until they are down.
            calm += self.plan.pace.conductor.host_down_time
        while self.kernel.now < max(stopped, self.holdings.failed_at) + calm:
            self.kernel.run(self.kernel.now + STEP)
            if oracle.is_at_rest():
                return

    def _end(self) -> None:
        seconds = [] if self._second is None else [self._second]
        for process in (*self._alive.values(), *seconds):
            process.on_death.clear()
            process.die()
        self.kernel.run(self.kernel.now)


@contextlib.contextmanager
def _logging_to(*handlers: logging.Handler) -> Iterator[None]:
    """Hand what production logs to these, and to nobody else."""
    logger = logging.getLogger("understudy")
    level, propagates = logger.level, logger.propagate
    logger.setLevel(min(handler.level for handler in handlers))
    logger.propagate = False
    for handler in handlers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagates


class ErrorLog(logging.Handler):
    """What production logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.records.append(record)


class TraceLog(logging.Handler):
    """Puts what production logs into the trace."""

    def __init__(self, trace: Trace, kernel: Kernel) -> None:
        super().__init__(logging.INFO)
        self._trace = trace
        self._kernel = kernel

    def emit(self, record: logging.LogRecord) -> None:
        """Note it under its process."""
        task = self._kernel.current
        who = task.owner.name if task is not None else "world"
        words = f"{record.levelname} {record.getMessage()}"
        if record.exc_info is not None and record.exc_info[1] is not None:
            words += f" {record.exc_info[1]!r}"
        self._trace.note((self._kernel.now, who, words, ""))
