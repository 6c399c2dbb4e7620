"""One object of every class, with every field filled, and short ways to make more."""

from __future__ import annotations

import importlib
import json
import pkgutil
from typing import Any

from oslo_versionedobjects import base as ovo_base

from understudy import objects
from understudy.objects import base, states
from understudy.objects.attempt import Attempt
from understudy.objects.build_answer import BuildAccepted, BuildResult
from understudy.objects.build_request import Affinity, BuildRequest, ResourceGroup
from understudy.objects.fault import Fault
from understudy.objects.host import Host, Provider
from understudy.objects.host_page import HostPage
from understudy.objects.instance import Instance, InstancePage
from understudy.objects.notification import InstanceEvent, InstanceNotification
from understudy.objects.orders import Orders
from understudy.objects.selection import Selection
from understudy.objects.selection_answer import Pick, SelectionAnswer
from understudy.objects.service import Cell, Service
from understudy.objects.service_page import ServicePage


def uuid(number: int) -> str:
    """A uuid that a person can tell from the next."""
    return f"00000000-0000-4000-8000-{number:012x}"


def registered() -> dict[str, list[type[ovo_base.VersionedObject]]]:
    """Every object class of ours, whatever else this process has registered."""
    for module in pkgutil.iter_modules(objects.__path__):
        importlib.import_module(f"{objects.__name__}.{module.name}")
    return {
        name: classes
        for name, classes in base.Registry.obj_classes().items()
        if any(cls.__module__.startswith("understudy.objects.") for cls in classes)
    }


def request(**changes: Any) -> BuildRequest:
    """A request that is fine, but for the changes."""
    wanted: dict[str, Any] = {
        "request_id": uuid(1),
        "project_id": "a-project",
        "user_id": "a-user",
        "resources": {"VCPU": 1},
    }
    return BuildRequest(**(wanted | changes))


def group(suffix: str = "_GPU", **changes: Any) -> ResourceGroup:
    """A group that is fine, but for the changes."""
    return ResourceGroup(**({"suffix": suffix, "resources": {"VGPU": 1}} | changes))


def selection(number: int = 1, **changes: Any) -> Selection:
    """A Selection of the host of this number."""
    host = f"host-{number}"
    text = json.dumps({"allocations": {uuid(number): {"resources": {"VCPU": 2}}}})
    wanted: dict[str, Any] = {
        "compute_node_uuid": uuid(number),
        "service_host": host,
        "nodename": host,
        "cell_uuid": uuid(1000),
        "allocation_request": text,
        "allocation_request_version": "1.39",
    }
    return Selection(**(wanted | changes))


def everything() -> dict[str, Any]:
    """By name, one object of every registered class."""
    fault = Fault(code="driver.boot", blames="host", message="no boot device")
    attempt = Attempt(
        instance_uuid=uuid(2),
        number=2,
        state=states.AttemptState.FAILED,
        cell_name="cell-1",
        service_host="host-1",
        nodename="node-1",
        fault=fault,
        started_at=1.5,
        ended_at=2.5,
    )
    instance = Instance(
        uuid=uuid(2),
        name="web-1",
        request_id=uuid(1),
        project_id="a-project",
        user_id="a-user",
        state=states.MOVING,
        attempt=2,
        cell_name="cell-1",
        service_host="host-1",
        alternates_left=1,
        fault=fault,
        attempts=[attempt],
        created_at=1.0,
        updated_at=2.0,
    )
    provider = Provider(
        uuid=uuid(3),
        name="host-1_gpu0",
        parent_uuid=uuid(4),
        inventories={"VGPU": {"total": 4, "allocation_ratio": 1.5}},
        traits=["CUSTOM_FAST"],
        aggregates=[uuid(5)],
    )
    service = Service(
        binary="compute",
        name="agent-1",
        cell_name="cell-1",
        alive=True,
        seconds_since_heartbeat=0.5,
    )
    host = _full_host(provider)
    made: list[Any] = [
        fault,
        attempt,
        instance,
        provider,
        _full_request(),
        group(any_traits=[["CUSTOM_A", "CUSTOM_B"]], required_traits=["CUSTOM_C"]),
        Affinity(group_uuid=uuid(6), policy="anti-affinity", hosts=["host-9"]),
        InstancePage(instances=[instance], marker=uuid(2), cells_unanswered=["cell-2"]),
        BuildAccepted(request_id=uuid(1), instance_uuids=[uuid(2), uuid(7)]),
        BuildResult(request_id=uuid(1), instances=[instance], cells_unanswered=["cell-2"]),
        selection(limits={"numa": 2}, availability_zone="az-1"),
        SelectionAnswer.pack(uuid(1), [Pick(uuid(2), 1, selection(1), [selection(2)])]),
        service,
        ServicePage(services=[service], cells_unanswered=["cell-2"]),
        host,
        HostPage(hosts=[host], cells_unanswered=["cell-2"]),
        _full_notification(fault),
        Orders(
            tear_down={"host-1": [[uuid(2), 1]]},
            register=["host-2"],
            host_uuids={"host-1": uuid(4)},
            unknown={"host-1": [[uuid(7), 1]]},
        ),
        Cell(
            uuid=uuid(1000),
            name="cell-1",
            enabled=True,
            transport_url="rabbit://broker/",
            database_url="postgresql://db/",
            answers=True,
            hosts=3,
            instances=7,
        ),
    ]
    return {thing.obj_name(): thing for thing in made}


def _full_request() -> BuildRequest:
    return request(
        name="web",
        count=3,
        required_traits=["HW_CPU_X86_AVX2"],
        forbidden_traits=["CUSTOM_SLOW"],
        any_traits=[["CUSTOM_A", "CUSTOM_B"]],
        aggregates=[uuid(5)],
        groups=[group("_GPU0"), group("_GPU1", forbidden_traits=["CUSTOM_OLD"])],
        group_policy="isolate",
        same_subtree=[["_GPU0", "_GPU1"]],
        max_attempts=4,
        spare_alternates=2,
        max_cells=2,
        deadline_seconds=600,
        affinity=Affinity(group_uuid=uuid(6), policy="affinity"),
        ignore_hosts=["host-7"],
        only_hosts=["host-1", "host-2"],
        ignore_cells=[uuid(8)],
        availability_zone="az-1",
        consumer_type="UNDERSTUDY",
        image="cirros",
        parameters={"kernel": "vmlinuz"},
    )


def _full_host(provider: Provider) -> Host:
    return Host(
        name="host-1",
        nodename="node-1",
        compute_node_uuid=uuid(4),
        agent="agent-1",
        availability_zone="az-1",
        failure_domain="rack-1",
        providers=[provider],
        cell_name="cell-1",
        admin_state="draining",
        reason="new disks",
        alive=False,
        seconds_since_heartbeat=90.0,
        instances=2,
        refused="its uuid is another host's",
        remedy="give it one of its own",
    )


def _full_notification(fault: Fault) -> InstanceNotification:
    return InstanceNotification(
        event_type=InstanceEvent.ATTEMPT_FAILED,
        publisher="conductor-1",
        instance_uuid=uuid(2),
        request_id=uuid(1),
        name="web-1",
        project_id="a-project",
        user_id="a-user",
        state=states.BUILDING,
        attempt=2,
        sequence=22,
        cell_name="cell-1",
        service_host="host-1",
        fault=fault,
        time=1.5,
    )
