"""Start a cell's conductor on its bus, and stop it."""

from __future__ import annotations

from understudy.cells.cell_store import CellStore
from understudy.conductor.cell_parts import CellParts
from understudy.conductor.host_gate import NOBODY_ELSE, Trust
from understudy.conductor.publishing import Notifier
from understudy.conductor.sweeping import Sweeper
from understudy.conductor.timing import Timing
from understudy.ledger.protocols import Claims, Inventory
from understudy.rpcapi.bus import Bus
from understudy.rpcapi.compute import ComputeClient
from understudy.rpcapi.server import Server


class CellConductorService:
    """One cell's conductor: its server and its sweepers."""

    def __init__(  # noqa: PLR0913 - it puts a service together
        self,
        bus: Bus,
        store: CellStore,
        claims: Claims,
        inventory: Inventory,
        *,
        name: str,
        timing: Timing,
        workers: int = 8,
        notifier: Notifier | None = None,
        trust: Trust = NOBODY_ELSE,
    ) -> None:
        """Serve the cell that `bus` and `store` are of, as the process `name`.

        With a notifier, what the cell announces is published. `trust` says whose
        orders are taken, beside those of this process's own user of the broker,
        and whether new hosts come in by themselves.
        """
        parts = CellParts(
            store,
            claims,
            inventory,
            ComputeClient(bus),
            cell=bus.name,
            name=name,
            timing=timing,
            notifier=notifier,
            trust=trust.and_of(bus.own_users()),
        )
        self._server = Server(bus, "conductor", [parts.endpoint], name=name, workers=workers)
        self._sweepers = [Sweeper(going) for going in parts.rounds]

    def start(self) -> None:
        """Begin to listen, to sweep, to beat and to publish."""
        self._server.start()
        for sweeper in self._sweepers:
            sweeper.start()

    def stop(self) -> None:
        """Take no more calls, finish those begun, and stop sweeping."""
        self._server.stop()
        self._server.wait()
        for sweeper in self._sweepers:
            sweeper.stop()
