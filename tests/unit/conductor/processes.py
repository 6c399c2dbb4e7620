"""The conductors' parts, as their services put them together, each call through a seam."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tests.unit.conductor.seams import Killed, Process
from understudy.cells.errors import CellUnreachable
from understudy.cells.records import CellRecord
from understudy.conductor import endpoints
from understudy.conductor.casting import Caster
from understudy.conductor.cell_access import CellAccess, CellDirectory
from understudy.conductor.cell_parts import CellParts
from understudy.conductor.super_parts import SuperParts
from understudy.objects.fault import Fault
from understudy.rpcapi import errors as wire

if TYPE_CHECKING:
    from tests.unit.conductor.cloud import Cloud


class SuperProcess:
    """A super conductor's parts; what it would do on another thread it does at once."""

    def __init__(self, process: Process, cloud: Cloud) -> None:
        self.process = process
        self._cloud = cloud
        self.api = process.through(cloud.api, "api")
        self.cells = CellDirectory(self.api, self._open)
        parts = SuperParts(
            self.api,
            self.cells,
            process.through(cloud.ledger, "ledger"),
            cloud.ledger,
            process.through(cloud.scheduler, "scheduler"),
            name=process.name,
            bounds=cloud.bounds,
            timing=cloud.timing,
            submit=_at_once,
        )
        self._parts = parts
        self.placer = parts.placer
        self.acceptance = parts.acceptance
        self.requests = parts.requests
        self.takeover = parts.takeover
        self.settler = parts.settler
        self.aftercare = parts.aftercare
        self.deleter = parts.deleter
        self.discovery = parts.discovery
        self.lookout = parts.lookout

    def sweep(self) -> None:
        """One sweep of each of the service's sweepers that moves instances."""
        self._parts.beginner.sweep()
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
    """A cell conductor's parts; agents call it as they would over the bus."""

    def __init__(self, process: Process, cloud: Cloud, name: str) -> None:
        self.process = process
        ledger = process.through(cloud.ledger, "ledger")
        parts = CellParts(
            process.through(cloud.databases.cells[name], "store"),
            ledger,
            ledger,
            process.through(cloud.agents, "bus"),
            cell=name,
            name=process.name,
            timing=cloud.timing,
        )
        self.ender = parts.ender
        self.mover = parts.mover
        self.worker = parts.worker
        self.keeper = parts.keeper
        self.recovery = parts.recovery
        self.conductor = parts.conductor

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


def _at_once(work: Callable[[], None]) -> None:
    work()
