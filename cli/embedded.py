"""A whole cloud in one process: every service, the bus, the databases and Placement.

The services are the real ones and talk over a bus that serializes everything;
the claims are real claims in a real Placement. What is missing is the network
and the death of processes.
"""

from __future__ import annotations

import functools
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from understudy.cells import api_store, cell_store, schema
from understudy.cells import errors as cell_errors
from understudy.cells.records import CellRecord
from understudy.cli.cloud import AuditReport
from understudy.cli.embedded_cell import SUPER_USER, EmbeddedCell, Pace
from understudy.cli.embedded_state import CloudPlan, StateDir
from understudy.compute.fault_plan import FaultPlan
from understudy.conductor.audit import Audit
from understudy.conductor.bounds import RetryBounds
from understudy.conductor.cell_access import CellAccess, CellDirectory
from understudy.conductor.super_parts import MOST_WAITING
from understudy.conductor.super_service import SuperConductorService
from understudy.ledger import embedded as embedded_placement
from understudy.ledger.ledger import Ledger
from understudy.objects.errors import UnderstudyError
from understudy.objects.fields import AdminState
from understudy.objects.host import Host
from understudy.rpcapi import embedded as embedded_bus
from understudy.rpcapi.bus import API, EMBEDDED, Bus, embedded_url
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.notifier import Notifier
from understudy.rpcapi.super_conductor import SuperConductorClient
from understudy.scheduler.service import SchedulerService
from understudy.scheduler.settings import Settings as SchedulerSettings

CELL_NAMES = uuid.UUID("c1a5a7c4-3c53-4c1e-9d5e-2a6b0d9b7f11")
"""Makes a cell's uuid the same wherever its name is."""
PATIENCE = 300.0
"""Seconds that hosts may take to register: Placement is told of one provider at a time."""


class NotReady(UnderstudyError):
    """The hosts of an embedded cloud did not all register in time."""

    def __init__(self, missing: int, seconds: float) -> None:
        """Keep how many are missing after how long."""
        super().__init__(missing, seconds)
        self.missing = missing
        self.seconds = seconds

    def __str__(self) -> str:
        """Say what to try."""
        return (
            f"{self.missing} hosts have not registered within {self.seconds:g} s; "
            "try fewer hosts, or see the log with -v"
        )


class EmbeddedCloud:
    """A cloud that runs from when it is made until it is closed."""

    def __init__(
        self,
        *,
        cells: Mapping[str, Sequence[Host]],
        plan: FaultPlan | None = None,
        state_dir: Path | None = None,
        bounds: RetryBounds | None = None,
        pace: Pace | None = None,
        announces: bool = False,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        """Start a cloud of these hosts, whose builds fail as planned.

        It is kept in `state_dir`, or in memory and a directory that goes with
        it. If it `announces`, it publishes notifications on the embedded bus.
        Raises NotReady.
        """
        self._announces = announces
        self._most_waiting = most_waiting
        self._closing = ExitStack()
        with ExitStack() as undo:
            undo.push(self._closing.__exit__)
            self._start(
                CloudPlan(cells, plan or FaultPlan()),
                state_dir,
                bounds or RetryBounds(),
                pace or Pace(),
            )
            undo.pop_all()

    @classmethod
    def reopen(cls, state_dir: Path) -> EmbeddedCloud:
        """Start the cloud that is kept in `state_dir` again. Raises BadInput, NotReady."""
        kept = StateDir(state_dir).read_plan()
        return cls(cells=kept.cells, plan=kept.faults, state_dir=state_dir)

    def context(self) -> RequestContext:
        """Return who asks: the one who runs this process, and so an administrator."""
        return RequestContext(project_id="demo", user_id="demo", is_admin=True)

    def audit(self) -> AuditReport:
        """Compare every claim in Placement with the cells' databases."""
        audit = Audit(self.cell_directory, self.ledger.books, self.ledger.claims, self._claim_type)
        found = audit.run()
        return AuditReport(
            leaked=found.leaked, doubled=[*found.doubled, *found.missing, *found.miscounted]
        )

    def close(self) -> None:
        """Stop every service and let go of all that was opened."""
        self._closing.close()

    def _start(
        self, plan: CloudPlan, state_dir: Path | None, bounds: RetryBounds, pace: Pace
    ) -> None:
        self.state = self._open_state(plan, state_dir)
        self.ledger = self._open_ledger(in_memory=state_dir is None)
        self._claim_type = bounds.consumer_type
        self._pace = pace
        self.api = api_store.connect(self.state.database_url("api"), announces=self._announces)
        self._closing.callback(self.api.close)
        schema.upgrade(self.api.database.engine, schema.Tree.API)
        self.cells = {name: self._start_cell(name, plan) for name in plan.cells}
        self._closing.callback(embedded_bus.forget, f"understudy.{API}.")
        self.start_scheduler()
        self._closing.callback(self.stop_scheduler)
        self.start_super(bounds)
        self._closing.callback(self.stop_super)
        client_bus = Bus.open(API, embedded_url("client"))
        self._closing.callback(client_bus.close)
        self.client = SuperConductorClient(client_bus)
        self._wait_for_hosts(sum(len(hosts) for hosts in plan.cells.values()))

    def _open_state(self, plan: CloudPlan, state_dir: Path | None) -> StateDir:
        if state_dir is None:
            state_dir = Path(self._closing.enter_context(tempfile.TemporaryDirectory()))
        state = StateDir.make(state_dir)
        state.write_plan(plan)
        return state

    def _open_ledger(self, *, in_memory: bool) -> Ledger:
        placement = embedded_placement.mount("" if in_memory else self.state.placement)
        if in_memory:
            self._closing.callback(placement.reset)
        return Ledger.on(placement.adapter())

    def _start_cell(self, name: str, plan: CloudPlan) -> EmbeddedCell:
        cell = EmbeddedCell(
            name,
            plan.cells[name],
            plan.faults,
            self.state,
            self.ledger,
            self._pace,
            announces=self._announces,
        )
        record = CellRecord(
            uuid=str(uuid.uuid5(CELL_NAMES, name)),
            name=name,
            transport_url=embedded_url(SUPER_USER),
            database_url=cell.database_url,
            enabled=True,
        )
        try:
            self.api.add_cell(record)
        except cell_errors.DuplicateCell:
            self.api.update_cell(record)
        cell.start()
        self._closing.callback(cell.stop)
        return cell

    def start_scheduler(self) -> None:
        """Start the scheduler on a connection of its own."""
        self.scheduler_bus = Bus.open(API, embedded_url("scheduler"))
        self.scheduler = SchedulerService(
            self.scheduler_bus,
            self.api,
            self.ledger.candidates,
            self.ledger.claims,
            name="scheduler",
            settings=SchedulerSettings(
                hosts_max_age=1.0,
                beat_interval=self._pace.timing.beat,
                callers=(SUPER_USER,),
            ),
        )
        self.scheduler.start()

    def stop_scheduler(self) -> None:
        """Stop the scheduler."""
        self.scheduler.stop()
        self.scheduler_bus.close()

    def start_super(self, bounds: RetryBounds) -> None:
        """Start the super conductor on connections of its own."""
        self.super_bus = Bus.open(API, embedded_url(SUPER_USER))
        self.super_notifier = Notifier.open("super-conductor", EMBEDDED)
        self.cell_directory = CellDirectory(
            self.api,
            functools.partial(
                open_cell,
                retry_seconds=self._pace.timing.retry,
                announces=self._announces,
            ),
        )
        self.super = SuperConductorService(
            self.super_bus,
            self.api,
            self.cell_directory,
            self.ledger.claims,
            self.ledger.vocabulary,
            name="super-conductor",
            bounds=bounds,
            timing=self._pace.timing,
            notifier=self.super_notifier if self._announces else None,
            most_waiting=self._most_waiting,
        )
        self.super.start()

    def stop_super(self) -> None:
        """Stop the super conductor."""
        self.super.stop()
        self.cell_directory.close()
        self.super_bus.close()
        self.super_notifier.close()

    def _wait_for_hosts(self, expected: int) -> None:
        """Wait until every host is registered and schedulable, and the scheduler's map has it."""
        waiting = threading.Event()
        until = time.monotonic() + PATIENCE
        while True:
            self.super.discovery.sweep()
            ready = sum(
                host.schedulable or host.admin_state != AdminState.ENABLED
                for cell in self.cells.values()
                for host in cell.store.hosts()
            )
            if ready >= expected and len(self.api.host_mappings()) >= expected:
                return
            if time.monotonic() > until:
                raise NotReady(expected - ready, PATIENCE)
            waiting.wait(0.1)


def open_cell(record: CellRecord, *, retry_seconds: float, announces: bool = False) -> CellAccess:
    """Open a cell's bus and database, as the super conductor needs them."""
    bus = Bus.open(record.name, record.transport_url)
    store = cell_store.connect(record.name, record.database_url, announces=announces)
    return CellAccess.over(record, store, bus, CellConductorClient(bus), retry_seconds)
