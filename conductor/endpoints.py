"""The conductor's two interfaces on the bus: thin, exposed by name."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence

import oslo_messaging as messaging

from understudy.cells import errors as cell_errors
from understudy.conductor import host_door
from understudy.conductor.authority import Caller
from understudy.conductor.cell import CellConductor
from understudy.conductor.host_gate import HostGate
from understudy.conductor.host_identity import spoken_by
from understudy.conductor.hosts import HostKeeper
from understudy.conductor.super import SuperConductor
from understudy.ledger import errors as ledger_errors
from understudy.objects import host_validation, reported_attempts
from understudy.objects.build_answer import BuildAccepted, BuildResult
from understudy.objects.build_request import BuildRequest
from understudy.objects.fault import Fault, bounded
from understudy.objects.host import Host
from understudy.objects.host_page import HostPage
from understudy.objects.instance import Instance, InstancePage
from understudy.objects.limits import HostLimits
from understudy.objects.orders import Orders
from understudy.objects.service import Cell
from understudy.objects.service_page import ServicePage
from understudy.rpcapi import audit_log, versions
from understudy.rpcapi import errors as wire
from understudy.rpcapi.context import RequestContext


@contextlib.contextmanager
def as_wire_errors() -> Iterator[None]:
    """Turn what the databases and the ledger raise into what may cross the bus."""
    try:
        yield
    except cell_errors.InstanceUnknown as error:
        raise wire.InstanceNotFound(error.name) from error
    except cell_errors.RequestUnknown as error:
        raise wire.RequestNotFound(error.name) from error
    except cell_errors.HostUnknown as error:
        raise wire.HostNotFound(error.name) from error
    except cell_errors.CellUnknown as error:
        raise wire.CellNotFound(error.name) from error
    except cell_errors.CellUnreachable as error:
        raise wire.CellUnavailable(error.cell, error.detail) from error
    except cell_errors.ApiDatabaseUnreachable as error:
        raise wire.CellUnavailable("api", error.detail) from error
    except ledger_errors.LedgerError as error:
        raise wire.LedgerDown(str(error)) from error


class SuperConductorEndpoint:
    """What clients call on the API-level bus."""

    target = messaging.Target(version=versions.SUPER_CONDUCTOR)

    def __init__(self, conductor: SuperConductor) -> None:
        """Translate for `conductor`."""
        self._conductor = conductor

    @messaging.expose
    def build(self, ctxt: RequestContext, request: BuildRequest) -> BuildAccepted:
        """See SuperConductor.build."""
        with as_wire_errors():
            return self._conductor.build(Caller.of(ctxt, "build"), request)

    @messaging.expose
    def result(self, ctxt: RequestContext, request_id: str) -> BuildResult:
        """See SuperConductor.result."""
        with as_wire_errors():
            return self._conductor.result(Caller.of(ctxt, "result"), request_id)

    @messaging.expose
    def cancel(self, ctxt: RequestContext, request_id: str) -> None:
        """See SuperConductor.cancel."""
        with as_wire_errors():
            self._conductor.cancel(Caller.of(ctxt, "cancel"), request_id)
        audit_log.note("request.cancel", audit_log.caller(ctxt), request=request_id)

    @messaging.expose
    def delete(self, ctxt: RequestContext, instance_uuid: str) -> None:
        """See SuperConductor.delete."""
        with as_wire_errors():
            self._conductor.delete(Caller.of(ctxt, "delete"), instance_uuid)
        audit_log.note("instance.delete", audit_log.caller(ctxt), instance=instance_uuid)

    @messaging.expose
    def show(self, ctxt: RequestContext, instance_uuid: str) -> Instance:
        """See SuperConductor.show."""
        with as_wire_errors():
            return self._conductor.show(Caller.of(ctxt, "show"), instance_uuid)

    @messaging.expose
    def list_instances(
        self,
        ctxt: RequestContext,
        filters: Mapping[str, str],
        sort_keys: Sequence[str],
        sort_dirs: Sequence[str],
        limit: int,
        marker: str | None,
    ) -> InstancePage:
        """See SuperConductor.list_instances."""
        with as_wire_errors():
            caller = Caller.of(ctxt, "list_instances")
            return self._conductor.list_instances(
                caller, filters, sort_keys, sort_dirs, limit, marker
            )

    @messaging.expose
    def list_hosts(self, ctxt: RequestContext, cell_name: str | None) -> HostPage:
        """See SuperConductor.list_hosts."""
        with as_wire_errors():
            return self._conductor.list_hosts(Caller.of(ctxt, "list_hosts"), cell_name)

    @messaging.expose
    def set_host(
        self, ctxt: RequestContext, host: str, admin_state: str, reason: str | None
    ) -> Host:
        """See SuperConductor.set_host."""
        with as_wire_errors():
            caller = Caller.of(ctxt, "set_host")
            return self._conductor.set_host(caller, ctxt, host, admin_state, reason)

    @messaging.expose
    def list_services(self, ctxt: RequestContext) -> ServicePage:
        """See SuperConductor.list_services."""
        with as_wire_errors():
            return self._conductor.list_services(Caller.of(ctxt, "list_services"))

    @messaging.expose
    def list_cells(self, ctxt: RequestContext) -> list[Cell]:
        """See SuperConductor.list_cells."""
        with as_wire_errors():
            return self._conductor.list_cells(Caller.of(ctxt, "list_cells"))


class CellConductorEndpoint:
    """What hosts, and the super conductor, call on a cell's bus."""

    target = messaging.Target(version=versions.CELL_CONDUCTOR)

    def __init__(
        self,
        conductor: CellConductor,
        keeper: HostKeeper,
        gate: HostGate,
        limits: HostLimits,
    ) -> None:
        """Translate for `conductor` and `keeper` what `gate` lets pass, within `limits`."""
        self._limits = limits
        self._conductor = conductor
        self._keeper = keeper
        self._gate = gate

    @messaging.expose
    def register_host(
        self, ctxt: RequestContext, host: Host, holds: Sequence[Sequence[object]]
    ) -> Orders:
        """See HostKeeper.register."""
        with as_wire_errors():
            host_door.check(host, self._limits)
            held = reported_attempts.check(holds, self._limits)
            return self._keeper.register(host, held, spoken_by(ctxt))

    @messaging.expose
    def heartbeat(
        self, ctxt: RequestContext, agent: str, in_hand: Mapping[str, Sequence[Sequence[object]]]
    ) -> Orders:
        """See HostKeeper.heartbeat."""
        with as_wire_errors():
            held = reported_attempts.check_all(in_hand, self._limits)
            return self._keeper.heartbeat(agent, held, spoken_by(ctxt))

    @messaging.expose
    def build_started(
        self, ctxt: RequestContext, host: str, instance_uuid: str, attempt: int
    ) -> None:
        """See CellConductor.build_started."""
        with as_wire_errors():
            self._gate.check_report(ctxt, host)
            self._conductor.build_started(host, instance_uuid, attempt)

    @messaging.expose
    def build_succeeded(
        self, ctxt: RequestContext, host: str, instance_uuid: str, attempt: int
    ) -> None:
        """See CellConductor.build_succeeded."""
        with as_wire_errors():
            self._gate.check_report(ctxt, host)
            self._conductor.build_succeeded(host, instance_uuid, attempt)

    @messaging.expose
    def build_failed(
        self,
        ctxt: RequestContext,
        host: str,
        instance_uuid: str,
        attempt: int,
        fault: Fault,
        cleaned: bool,
    ) -> None:
        """See CellConductor.build_failed."""
        with as_wire_errors():
            self._gate.check_report(ctxt, host)
            self._conductor.build_failed(host, instance_uuid, attempt, bounded(fault), cleaned)

    @messaging.expose
    def torn_down(self, ctxt: RequestContext, host: str, instance_uuid: str, attempt: int) -> None:
        """See CellConductor.torn_down."""
        with as_wire_errors():
            self._gate.check_report(ctxt, host)
            self._conductor.torn_down(host, instance_uuid, attempt)

    @messaging.expose
    def set_host(
        self, ctxt: RequestContext, host: str, admin_state: str, reason: str | None
    ) -> Host:
        """See HostKeeper.set_admin_state."""
        with as_wire_errors():
            self._gate.check_order(ctxt, "set_host")
            host_validation.check_reason(reason)
            changed = self._keeper.set_admin_state(host, admin_state, reason)
        who = audit_log.caller(ctxt)
        audit_log.note("host.set", who, host=host, state=admin_state, reason=reason)
        return changed

    @messaging.expose
    def end_instances(self, ctxt: RequestContext, instance_uuids: Sequence[str]) -> None:
        """See CellConductor.end_instances."""
        with as_wire_errors():
            self._gate.check_order(ctxt, "end_instances")
            self._conductor.end_instances(instance_uuids)
