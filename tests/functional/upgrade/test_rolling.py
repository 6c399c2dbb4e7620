"""A rolling upgrade, seen from each service: scheduler, both conductors, agents."""

from __future__ import annotations

from typing import Any

from tests.functional.upgrade import case, tomorrow
from tests.functional.upgrade.case import AGENT, TODAY
from tests.functional.upgrade.peers import Behind
from tests.unit.objects import samples
from understudy.compute.endpoints import ComputeEndpoint
from understudy.conductor.endpoints import CellConductorEndpoint, SuperConductorEndpoint
from understudy.conductor.host_gate import HostGate
from understudy.objects.instance import Instance
from understudy.objects.limits import HostLimits
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.compute import ComputeClient
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.scheduler import SchedulerClient
from understudy.rpcapi.super_conductor import SuperConductorClient
from understudy.scheduler.endpoints import SchedulerEndpoint

VM = samples.uuid(2)


class OpenGate(HostGate):
    """Lets every message pass: who may send it is not what changes between releases."""

    def __init__(self) -> None:
        """Know nobody."""

    def check_report(self, context: RequestContext, host: str) -> None:
        """Let it pass."""

    def check_order(self, context: RequestContext, method: str) -> None:
        """Let it pass."""


def known_to(name: str, *, newer: bool) -> Any:
    """Return the sample of this name as today's or tomorrow's code has it."""
    return tomorrow.newer(TODAY[name]) if newer else TODAY[name]


def with_newer_fault() -> Instance:
    """Return an instance that holds a newer object twice, the second time two levels down."""
    instance: Instance = samples.everything()["Instance"]
    fault = tomorrow.newer(TODAY["Fault"])
    instance.fault = instance.attempts[0].fault = fault
    return instance


class SchedulerTest(case.Rolling, case.Answering):
    method = "select_destinations"
    old = (SchedulerClient, SchedulerEndpoint)
    new = (tomorrow.NewerSchedulerClient, tomorrow.NewerSchedulerEndpoint)

    def answer(self) -> Any:
        return tomorrow.newer(TODAY["SelectionAnswer"])

    def arguments(self, *, newer: bool) -> dict[str, Any]:
        return {
            "request_id": samples.uuid(1),
            "request": known_to("BuildRequest", newer=newer),
            "instance_uuids": [VM],
            "alternates": 2,
            "held": {},
        }

    def arrived(self, call: tuple[Any, ...]) -> Any:
        return call[1]


class SuperConductorTest(case.Rolling):
    method = "build"
    old = (SuperConductorClient, SuperConductorEndpoint)
    new = (tomorrow.NewerSuperConductorClient, tomorrow.NewerSuperConductorEndpoint)

    def arguments(self, *, newer: bool) -> dict[str, Any]:
        return {"request": known_to("BuildRequest", newer=newer)}

    def arrived(self, call: tuple[Any, ...]) -> Any:
        return call[1]


class SuperConductorAnswersTest(case.Answering):
    method = "show"
    old = (SuperConductorClient, SuperConductorEndpoint)
    new = (tomorrow.NewerSuperConductorClient, tomorrow.NewerSuperConductorEndpoint)

    def answer(self) -> Any:
        return with_newer_fault()

    def arguments(self, *, newer: bool) -> dict[str, Any]:
        return {"instance_uuid": VM}

    def answered(self, answer: Any) -> Any:
        return answer.attempts[0].fault


class CellConductorTest(case.Rolling):
    method = "build_failed"
    old = (CellConductorClient, CellConductorEndpoint)
    new = (tomorrow.NewerCellConductorClient, tomorrow.NewerCellConductorEndpoint)

    def make(self, endpoint: Any, behind: Behind) -> Any:
        return endpoint(behind, behind, OpenGate(), HostLimits())

    def arguments(self, *, newer: bool) -> dict[str, Any]:
        return {
            "host": "host-1",
            "instance_uuid": VM,
            "attempt": 1,
            "fault": known_to("Fault", newer=newer),
            "cleaned": True,
        }

    def arrived(self, call: tuple[Any, ...]) -> Any:
        return call[3]


class CellConductorAnswersTest(case.Answering):
    method = "set_host"
    old = (CellConductorClient, CellConductorEndpoint)
    new = (tomorrow.NewerCellConductorClient, tomorrow.NewerCellConductorEndpoint)

    def answer(self) -> Any:
        return tomorrow.newer(TODAY["Host"])

    def make(self, endpoint: Any, behind: Behind) -> Any:
        return endpoint(behind, behind, OpenGate(), HostLimits())

    def arguments(self, *, newer: bool) -> dict[str, Any]:
        return {"host": "host-1", "admin_state": "enabled", "reason": None}


class ComputeTest(case.Rolling):
    """Casts only: nothing comes back."""

    method = "build"
    old = (ComputeClient, ComputeEndpoint)
    new = (tomorrow.NewerComputeClient, tomorrow.NewerComputeEndpoint)

    def arguments(self, *, newer: bool) -> dict[str, Any]:
        return {
            "agent": AGENT,
            "host": "host-1",
            "instance_uuid": VM,
            "attempt": 1,
            "request": known_to("BuildRequest", newer=newer),
            "selection": TODAY["Selection"],
        }

    def arrived(self, call: tuple[Any, ...]) -> Any:
        return call[3]
