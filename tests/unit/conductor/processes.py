"""The conductors' parts, wired as their services wire them, each call through a seam."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tests.unit.conductor.seams import Killed, Process
from understudy.cells.errors import CellUnreachable
from understudy.cells.records import CellRecord
from understudy.conductor import endpoints
from understudy.conductor.accepting import Acceptance
from understudy.conductor.casting import Caster
from understudy.conductor.cell import CellConductor
from understudy.conductor.cell_access import CellAccess, CellDirectory
from understudy.conductor.custody import Custody
from understudy.conductor.deleting import Deleter
from understudy.conductor.discovery import Discovery
from understudy.conductor.ending import Ender
from understudy.conductor.first_claims import FirstClaims
from understudy.conductor.hosts import HostKeeper
from understudy.conductor.lease import Lease
from understudy.conductor.looking import Lookout
from understudy.conductor.moving import Mover
from understudy.conductor.placing import Placer
from understudy.conductor.recovery import CellRecovery
from understudy.conductor.selecting import RequestWorker
from understudy.conductor.settling import Settler
from understudy.conductor.super import where_members_are
from understudy.conductor.takeover import Takeover
from understudy.conductor.working import Worker
from understudy.objects.fault import Fault
from understudy.rpcapi import errors as wire

if TYPE_CHECKING:
    from tests.unit.conductor.cloud import Cloud


class SuperProcess:
    """What SuperConductorService puts together, without its threads."""

    def __init__(self, process: Process, cloud: Cloud) -> None:
        self.process = process
        self._cloud = cloud
        api = process.through(cloud.api, "api")
        claims = process.through(cloud.ledger, "ledger")
        scheduler = process.through(cloud.scheduler, "scheduler")
        lease = Lease(process.name, cloud.timing.lease)
        retry = cloud.timing.retry
        self.api = api
        self.cells = CellDirectory(api, self._open)
        first_claims = FirstClaims(claims)
        self.placer = Placer(api, self.cells, claims, lease)
        enrich = functools.partial(where_members_are, self.cells)
        self.acceptance = Acceptance(api, cloud.ledger, cloud.bounds)
        self.requests = RequestWorker(
            api, scheduler, self.placer, first_claims, enrich, lease, cloud.timing
        )
        self.takeover = Takeover(
            api, self.cells, scheduler, self.placer, first_claims, enrich, lease.fresh(), retry
        )
        self.settler = Settler(api, self.cells, first_claims, lease.fresh())
        self.deleter = Deleter(api, self.cells, first_claims)
        self.discovery = Discovery(api, self.cells, cloud.timing.fault_memory)
        self.lookout = Lookout(api, self.cells)

    def sweep(self) -> None:
        """One sweep of each of the service's sweepers."""
        for request_id in self.api.waiting_requests(100):
            self.requests.work(request_id)
        self.takeover.sweep()
        self.settler.sweep()
        self.deleter.sweep()

    def _open(self, record: CellRecord) -> CellAccess:
        store = self.process.through(
            self._cloud.databases.cells[record.name],
            record.name,
            lambda: (
                CellUnreachable(record.name, "broken")
                if record.name in self._cloud.broken_cells
                else None
            ),
        )
        agents = self.process.through(self._cloud.agents, "bus")
        return CellAccess(
            record=record,
            store=store,
            caster=Caster(store, agents, self._cloud.timing.retry),
            conductor=self.process.through(CellClient(self._cloud, record.name), "bus"),
            close=lambda: None,
        )


class CellClient:
    """`rpcapi.cell_conductor.CellConductorClient`, as far as the super conductor uses it."""

    def __init__(self, cloud: Cloud, name: str) -> None:
        self._cloud = cloud
        self._name = name

    def end_instances(self, ctxt: Any, instance_uuids: Sequence[str]) -> None:
        """A cast: what becomes of it is nobody's business."""
        self._cloud.guard(
            lambda: self._cloud.cell(self._name).conductor.end_instances(instance_uuids)
        )

    def set_host(self, ctxt: Any, host: str, admin_state: str, reason: str | None) -> Any:
        return self._cloud.cell(self._name).keeper.set_admin_state(host, admin_state, reason)


class CellProcess:
    """What CellConductorService puts together; agents call it as they would over the bus."""

    def __init__(self, process: Process, cloud: Cloud, name: str) -> None:
        self.process = process
        timing = cloud.timing
        store = process.through(cloud.databases.cells[name], "store")
        claims = process.through(cloud.ledger, "ledger")
        lease = Lease(process.name, timing.lease)
        caster = Caster(store, process.through(cloud.agents, "bus"), timing.retry)
        custody = Custody(store, claims)
        self.ender = Ender(store, caster, custody, timing.retry)
        self.mover = Mover(store, claims, custody, caster, self.ender, lease)
        self.worker = Worker(store, lease, timing.retry)
        self.keeper = HostKeeper(store, claims, name, timing.host_down_time)
        self.recovery = CellRecovery(
            store, self.keeper, self.mover, self.ender, caster, custody, self.worker
        )
        self.conductor = CellConductor(store, self.mover, self.ender, self.worker)

    def build_started(self, host: str, instance_uuid: str, attempt: int) -> None:
        self._answer(self.conductor.build_started, host, instance_uuid, attempt)

    def build_succeeded(self, host: str, instance_uuid: str, attempt: int) -> None:
        self._answer(self.conductor.build_succeeded, host, instance_uuid, attempt)

    def build_failed(
        self, host: str, instance_uuid: str, attempt: int, fault: Fault, cleaned: bool
    ) -> None:
        self._answer(self.conductor.build_failed, host, instance_uuid, attempt, fault, cleaned)

    def torn_down(self, host: str, instance_uuid: str, attempt: int) -> None:
        self._answer(self.conductor.torn_down, host, instance_uuid, attempt)

    def _answer(self, method: Any, *args: Any) -> None:
        try:
            with endpoints.as_wire_errors():
                method(*args)
        except Killed:
            raise wire.ServiceUnavailable("conductor", "it died") from None
