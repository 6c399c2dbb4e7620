"""What a cell conductor is made of: its interface and its rounds, without bus or threads."""

from __future__ import annotations

import functools

from understudy.cells.cell_store import CellStore
from understudy.conductor.casting import Caster
from understudy.conductor.cell import CellConductor
from understudy.conductor.custody import Custody
from understudy.conductor.ending import Ender
from understudy.conductor.endpoints import CellConductorEndpoint
from understudy.conductor.host_gate import EVERYBODY, HostGate, Trust
from understudy.conductor.hosts import HostKeeper
from understudy.conductor.lease import Lease
from understudy.conductor.moving import Mover
from understudy.conductor.publishing import Notifier, publishing
from understudy.conductor.recovery import CellRecovery
from understudy.conductor.sweeping import Round
from understudy.conductor.timing import Timing
from understudy.conductor.working import Worker
from understudy.ledger.protocols import Claims, Inventory
from understudy.rpcapi.compute import ComputeClient


class CellParts:
    """Every part, put together once.

    `endpoint` is what is called, `rounds` what is to be done again and again,
    each on a thread of its own.
    """

    def __init__(  # noqa: PLR0913 - it puts a service together
        self,
        store: CellStore,
        claims: Claims,
        inventory: Inventory,
        compute: ComputeClient,
        *,
        cell: str,
        name: str,
        timing: Timing,
        notifier: Notifier | None = None,
        trust: Trust = EVERYBODY,
    ) -> None:
        """Conduct the `cell` as the process `name`.

        With a notifier, what the cell announces is published. `trust` says whose
        orders are taken, and whether new hosts come in by themselves.
        """
        lease = Lease(name, timing.lease)
        caster = Caster(store, compute, timing.retry)
        custody = Custody(store, claims)
        self.ender = Ender(store, caster, custody, timing.retry)
        self.mover = Mover(store, claims, custody, caster, self.ender, lease)
        self.worker = Worker(store, lease, timing.retry)
        self.keeper = HostKeeper(
            store, inventory, cell, timing.host_down_time, admits_new=trust.new_hosts
        )
        self.recovery = CellRecovery(
            store, self.keeper, self.mover, self.ender, caster, custody, self.worker
        )
        self.conductor = CellConductor(store, self.mover, self.ender, self.worker)
        gate = HostGate(store, trust)
        self.endpoint = CellConductorEndpoint(self.conductor, self.keeper, gate, trust.limits)
        beat = functools.partial(store.beat_service, "cell-conductor", name)
        self.rounds = (
            Round(f"{cell}-sweeper", timing.sweep, (self.recovery.sweep,)),
            Round(f"{cell}-beats", timing.beat, (beat,)),
            publishing(store.outbox, notifier, lease, timing.publish),
        )
