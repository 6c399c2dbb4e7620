"""One cell of a cloud in one process: its database, its conductor, its hosts' agent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from understudy.cells import schema
from understudy.cells.cell_store import connect
from understudy.cli.embedded_state import StateDir
from understudy.compute.fake_driver import FakeDriver
from understudy.compute.fault_plan import FaultPlan
from understudy.compute.holdings import HeldInFolder
from understudy.compute.service import ComputeService
from understudy.compute.settings import Settings as ComputeSettings
from understudy.conductor.cell_service import CellConductorService
from understudy.conductor.host_gate import Trust
from understudy.conductor.timing import Timing
from understudy.ledger.ledger import Ledger
from understudy.objects.host import Host
from understudy.rpcapi import embedded as embedded_bus
from understudy.rpcapi.bus import EMBEDDED, Bus, embedded_url
from understudy.rpcapi.notifier import Notifier

SUPER_USER: Final = "super-conductor"
"""As whom the super conductor is known on every bus of the cloud."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a cloud in one process lives: that of a demo, not of production."""

    timing: Timing = field(
        default_factory=lambda: Timing(
            lease=50.0,
            sweep=0.5,
            retry=0.5,
            beat=1.0,
            host_down_time=60.0,
            service_down_time=30.0,
        )
    )
    compute: ComputeSettings = field(
        default_factory=lambda: ComputeSettings(heartbeat_seconds=1.0)
    )


class EmbeddedCell:
    """Starts and stops the processes that a cell would have, as threads."""

    def __init__(
        self,
        name: str,
        hosts: Sequence[Host],
        faults: FaultPlan,
        state: StateDir,
        ledger: Ledger,
        pace: Pace,
        *,
        announces: bool = False,
    ) -> None:
        """Make the cell `name` of `hosts`; nothing runs before `start`."""
        self.name = name
        self.database_url = state.database_url(f"cell-{name}")
        self.hosts = hosts
        self._faults = faults
        self._state = state
        self._ledger = ledger
        self._pace = pace
        self._announces = announces
        self.store = connect(name, self.database_url, announces=announces)
        self.agent_name = f"{name}-agent"

    def start(self) -> None:
        """Begin: the conductor first, for the agent registers with it."""
        schema.upgrade(self.store.database.engine, schema.Tree.CELL)
        self.start_conductor()
        self.start_agent()

    def start_conductor(self) -> None:
        """Start the cell's conductor on a connection of its own."""
        self.conductor_bus = Bus.open(self.name, embedded_url(f"{self.name}-conductor"))
        self.notifier = Notifier.open(f"{self.name}-conductor", EMBEDDED)
        self.conductor = CellConductorService(
            self.conductor_bus,
            self.store,
            self._ledger.claims,
            self._ledger.inventory,
            name=f"{self.name}-conductor",
            timing=self._pace.timing,
            notifier=self.notifier if self._announces else None,
            trust=Trust(frozenset({SUPER_USER})),
        )
        self.conductor.start()

    def stop_conductor(self) -> None:
        """Stop the cell's conductor."""
        self.conductor.stop()
        self.conductor_bus.close()
        self.notifier.close()

    def start_agent(self) -> None:
        """Start the agent of the cell's hosts, which finds what it held before."""
        self.agent_bus = Bus.open(self.name, embedded_url(self.agent_name))
        driver = FakeDriver(
            [self._with_agent(host) for host in self.hosts],
            self._faults,
            HeldInFolder(self._state.holdings(self.agent_name)),
        )
        self.agent = ComputeService(
            self.agent_bus,
            self.agent_name,
            driver,
            self._state.journal(self.agent_name),
            self._pace.compute,
        )
        self.agent.start()

    def stop_agent(self) -> None:
        """Stop the agent; what it did not finish is in its journal."""
        self.agent.stop()
        self.agent_bus.close()

    def stop(self) -> None:
        """Stop all, and forget what is left on the cell's bus."""
        self.stop_agent()
        self.stop_conductor()
        self.store.close()
        embedded_bus.forget(f"understudy.{self.name}.")

    def _with_agent(self, host: Host) -> Host:
        served: Host = host.obj_clone()
        served.agent = self.agent_name
        return served
