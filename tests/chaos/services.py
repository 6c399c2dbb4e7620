"""Start production's services as simulated processes, as their own `service.py` does."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tests.chaos.agents import GatedDriver, GatedJournal, SimulatedBell, SimulatedPools
from tests.chaos.bus import Broker
from tests.chaos.paces import Pace
from tests.chaos.process import SUPER_USER, Process
from tests.chaos.simulated.databases import SimulatedDatabase
from tests.chaos.simulated.watched_placement import WatchedPlacement
from tests.chaos.watch import Watch, WatchedConductor
from understudy.cells import errors
from understudy.cells.api_store import ApiStore
from understudy.cells.cell_store import CellStore
from understudy.cells.records import CellRecord
from understudy.compute.fault_plan import FaultPlan
from understudy.compute.holdings import Holdings
from understudy.compute.identity import Identity
from understudy.compute.parts import AgentParts
from understudy.compute.voice import Voice
from understudy.conductor.bounds import RetryBounds
from understudy.conductor.casting import Caster
from understudy.conductor.cell_access import CellAccess, CellDirectory
from understudy.conductor.cell_parts import CellParts
from understudy.conductor.host_gate import Trust
from understudy.conductor.super_parts import SuperParts
from understudy.conductor.sweeping import Round
from understudy.ledger.ledger import Ledger
from understudy.objects.host import Host
from understudy.rpcapi.bus import API
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.compute import ComputeClient
from understudy.rpcapi.scheduler import SchedulerClient
from understudy.scheduler.service import SchedulerParts


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What there is outside of processes."""

    api: SimulatedDatabase
    cells: Mapping[str, SimulatedDatabase]
    placement: WatchedPlacement
    buses: Mapping[str, Broker]
    pace: Pace
    bounds: RetryBounds
    admits_new: bool
    """Do cells take hosts in that nobody has approved?"""

    def api_store(self, process: Process) -> ApiStore:
        """Open the API database."""
        return ApiStore(self.api.connect(process.to("api-db"), errors.ApiDatabaseUnreachable))

    def cell_store(self, process: Process, cell: str) -> CellStore:
        """Open a cell's database."""
        unreachable = partial(errors.CellUnreachable, cell)
        gate = process.to(f"{cell}-db")
        return CellStore(cell, self.cells[cell].connect(gate, unreachable))

    def ledger(self, process: Process) -> Ledger:
        """Open the ledger."""
        return Ledger.on(self.placement.adapter(process.to("ledger")), self.pace.ledger)

    def open_cell(self, process: Process, record: CellRecord) -> CellAccess:
        """Open a cell's database and bus, as a super conductor does."""
        bus = self.buses[record.name].open(process)
        store = self.cell_store(process, record.name)
        return CellAccess(
            record=record,
            store=store,
            caster=Caster(store, ComputeClient(bus), self.pace.conductor.retry),
            conductor=CellConductorClient(bus),
            close=lambda: None,
        )


def start_super(around: Surroundings, process: Process) -> None:
    """Start a super conductor."""
    api = around.api_store(process)
    ledger = around.ledger(process)
    broker = around.buses[API]
    parts = SuperParts(
        api,
        CellDirectory(api, partial(around.open_cell, process)),
        ledger.claims,
        ledger.vocabulary,
        SchedulerClient(broker.open(process)),
        name=process.name,
        bounds=around.bounds,
        timing=around.pace.conductor,
        submit=partial(process.spawn, "request"),
    )
    broker.listen(process, "super-conductor", parts.endpoint)
    _go(process, parts.rounds)


def start_scheduler(around: Surroundings, process: Process) -> None:
    """Start a scheduler."""
    ledger = around.ledger(process)
    settings = around.pace.scheduler
    parts = SchedulerParts(
        around.api_store(process),
        ledger.candidates,
        ledger.claims,
        name=process.name,
        settings=settings,
        callers=(SUPER_USER,),
        clock=lambda: process.kernel.now,
    )
    around.buses[API].listen(process, "scheduler", parts.endpoint)
    _go(process, [Round("scheduler-beats", settings.beat_interval, (parts.beat,))])


def start_conductor(around: Surroundings, process: Process) -> None:
    """Start the conductor of the cell whose bus the process is on."""
    broker = around.buses[process.place]
    ledger = around.ledger(process)
    parts = CellParts(
        around.cell_store(process, process.place),
        ledger.claims,
        ledger.inventory,
        ComputeClient(broker.open(process)),
        cell=process.place,
        name=process.name,
        timing=around.pace.conductor,
        trust=Trust(frozenset({SUPER_USER}), around.admits_new),
    )
    broker.listen(process, "conductor", parts.endpoint)
    _go(process, parts.rounds)


@dataclass(frozen=True, slots=True)
class Machine:
    """What an agent finds again after it was killed, and how its hosts fare."""

    hosts: Sequence[Host]
    plan: FaultPlan
    watch: Watch
    """What exists on all hosts."""
    disk: sqlite3.Connection
    identity: Identity
    """It lies on the disk, and the machine is never started anew."""
    held: Holdings | None = None
    """What exists on its hosts, as it sees that; None: as it is."""


def start_agent(around: Surroundings, machine: Machine, process: Process) -> None:
    """Start the agent of these hosts."""
    broker = around.buses[process.place]
    settings = around.pace.compute(process.name)
    bell = SimulatedBell(process)
    parts = AgentParts(
        Voice(process.name, machine.identity),
        GatedDriver(
            machine.hosts,
            machine.plan,
            machine.held or machine.watch,
            process,
            machine.watch.note(process.kernel),
        ),
        WatchedConductor(broker.open(process), settings.answer_seconds, machine.watch),
        GatedJournal(machine.disk, process),
        SimulatedPools(process),
        settings,
        hurry=bell.ring,
        clock=lambda: process.kernel.now,
    )
    parts.agent.resume()
    broker.listen(process, "compute", parts.endpoint)
    process.spawn("reporter", partial(parts.reporter.run, bell))


Starter = Callable[[Surroundings, Process], None]


def _go(process: Process, rounds: Sequence[Round]) -> None:
    for going in rounds:
        if going.duties:
            process.spawn(going.name, partial(_go_round, process, going))


def _go_round(process: Process, going: Round) -> None:
    # Not the process's name: two of a kind pass the same seam.
    seam = f"clock {going.name.replace('one-', 'cell-').replace('two-', 'cell-')}"
    while True:
        going.go()
        process.pause(going.interval, seam)
