"""Put a cell conductor together, start it, stop it."""

from __future__ import annotations

import functools

from understudy.cells.cell_store import CellStore
from understudy.conductor.casting import Caster
from understudy.conductor.cell import CellConductor
from understudy.conductor.custody import Custody
from understudy.conductor.ending import Ender
from understudy.conductor.endpoints import CellConductorEndpoint
from understudy.conductor.hosts import HostKeeper
from understudy.conductor.lease import Lease
from understudy.conductor.moving import Mover
from understudy.conductor.publishing import Notifier, publishing
from understudy.conductor.recovery import CellRecovery
from understudy.conductor.sweeping import Sweeper
from understudy.conductor.timing import Timing
from understudy.conductor.working import Worker
from understudy.ledger.protocols import Claims, Inventory
from understudy.rpcapi.bus import Bus
from understudy.rpcapi.compute import ComputeClient
from understudy.rpcapi.server import Server


class CellConductorService:
    """One cell's conductor: its server and its sweeper."""

    def __init__(
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
    ) -> None:
        """Serve the cell that `bus` and `store` are of, as the process `name`.

        With a notifier, what the cell announces is published.
        """
        lease = Lease(name, timing.lease)
        caster = Caster(store, ComputeClient(bus), timing.retry)
        custody = Custody(store, claims)
        ender = Ender(store, caster, custody, timing.retry)
        mover = Mover(store, claims, custody, caster, ender, lease)
        worker = Worker(store, lease, timing.retry)
        keeper = HostKeeper(store, inventory, bus.name, timing.host_down_time)
        recovery = CellRecovery(store, keeper, mover, ender, caster, custody, worker)
        self._server = Server(
            bus,
            "conductor",
            [CellConductorEndpoint(CellConductor(store, mover, ender, worker), keeper)],
            name=name,
            workers=workers,
        )
        self.sweeper = Sweeper(f"{bus.name}-sweeper", timing.sweep, [recovery.sweep])
        self._beats = Sweeper(
            f"{bus.name}-beats",
            timing.beat,
            [functools.partial(store.beat_service, "cell-conductor", name)],
        )

        self._publishing = publishing(store.outbox, notifier, lease, timing.publish)

    def start(self) -> None:
        """Begin to listen, to sweep, to beat and to publish."""
        self._server.start()
        self.sweeper.start()
        self._beats.start()
        self._publishing.start()

    def stop(self) -> None:
        """Take no more calls, finish those begun, and stop sweeping."""
        self._server.stop()
        self._server.wait()
        self.sweeper.stop()
        self._beats.stop()
        self._publishing.stop()
