"""A cloud in memory behind the command line: it builds as its story says."""

import argparse
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy.cli.cloud import AuditReport
from understudy.compute.fault_plan import FaultPlan
from understudy.objects import states, validation
from understudy.objects.attempt import Attempt
from understudy.objects.build_answer import BuildAccepted, BuildResult
from understudy.objects.build_request import BuildRequest
from understudy.objects.fault import Fault
from understudy.objects.host import Host
from understudy.objects.host_page import HostPage
from understudy.objects.instance import Instance, InstancePage
from understudy.objects.service import Cell, Service
from understudy.objects.service_page import ServicePage
from understudy.rpcapi import errors
from understudy.rpcapi.context import RequestContext

Story = Sequence[tuple[str, Fault | None]]
"""The hosts tried, each with the fault it had; the last without one is where it lives."""

FILTERS = {
    "state": "state",
    "host": "service_host",
    "project_id": "project_id",
    "name": "name",
}
"""What the real super conductor can filter by, and the field it looks at."""

EPOCH = 1_700_000_000.0


def all_well(request: BuildRequest, index: int) -> Story:
    return [("host-1", None)]


class FakeClient:
    """Each instance is BUILDING when first seen, and has ended the second time."""

    def __init__(self, story: Callable[[BuildRequest, int], Story] = all_well) -> None:
        self.story = story
        self.requests: dict[str, BuildRequest] = {}
        self.instances: dict[str, Instance] = {}
        self.ends: dict[str, Instance] = {}
        self.looked: set[str] = set()
        self.hosts: dict[str, Host] = {}
        self.services: list[Service] = []
        self.cells: list[Cell] = []
        self.cells_unanswered: list[str] = []
        self.refuse_build: Callable[[BuildRequest], Exception | None] = lambda request: None
        self.last_listing: tuple[Any, ...] = ()

    def build(self, ctxt: RequestContext, request: BuildRequest) -> BuildAccepted:
        validation.check(request)
        refusal = self.refuse_build(request)
        if refusal is not None:
            raise refusal
        self.requests[request.request_id] = request
        uuids = []
        for index in range(request.count):
            made = self._make(request, index)
            uuids.append(made.uuid)
            self.ends[made.uuid] = made
            begun = made.obj_clone()
            begun.attempts, begun.attempt, begun.fault = [], 1, None
            begun.state = states.BUILDING
            self.instances[made.uuid] = begun
        return BuildAccepted(request_id=request.request_id, instance_uuids=uuids)

    def _make(self, request: BuildRequest, index: int) -> Instance:
        story = self.story(request, index)
        instance_uuid = str(uuid.uuid5(uuid.UUID(request.request_id), str(index)))
        host, fault = story[-1] if story else (None, None)
        return Instance(
            uuid=instance_uuid,
            name=request.name if request.count == 1 else f"{request.name}-{index + 1}",
            request_id=request.request_id,
            project_id=request.project_id,
            user_id=request.user_id,
            state=states.ERROR if fault else states.ACTIVE,
            attempt=len([one for one in story if one[0]]),
            cell_name="cell1",
            service_host=host,
            fault=fault,
            attempts=[
                Attempt(
                    instance_uuid=instance_uuid,
                    number=number,
                    state="FAILED" if why else "SUCCEEDED",
                    cell_name="cell1",
                    service_host=where,
                    nodename=where,
                    fault=why,
                    started_at=EPOCH + number,
                    ended_at=EPOCH + number + 0.5,
                )
                for number, (where, why) in enumerate(story, 1)
                if where
            ],
            created_at=EPOCH + len(self.instances),
            updated_at=EPOCH + len(self.instances),
        )

    def result(self, ctxt: RequestContext, request_id: str) -> BuildResult:
        if request_id not in self.requests:
            raise errors.RequestNotFound(request_id)
        if request_id in self.looked:
            self.end(request_id)
        self.looked.add(request_id)
        return BuildResult(
            request_id=request_id,
            instances=[
                self._listed(one)
                for one in self.instances.values()
                if one.request_id == request_id
            ],
            cells_unanswered=self.cells_unanswered,
        )

    def end(self, request_id: str) -> None:
        for one in self.ends.values():
            if one.request_id == request_id:
                self.instances[one.uuid] = one

    def wait(
        self,
        ctxt: RequestContext,
        request_id: str,
        timeout: float,
        on_progress: Callable[[BuildResult], Any] | None = None,
    ) -> BuildResult:
        for _ in range(3):
            result = self.result(ctxt, request_id)
            if result.ended:
                return result
        raise errors.WaitTimedOut(request_id, timeout)

    def cancel(self, ctxt: RequestContext, request_id: str) -> None:
        if request_id not in self.requests:
            raise errors.RequestNotFound(request_id)
        for one in self.instances.values():
            if one.request_id == request_id:
                one.state = states.DELETED

    def delete(self, ctxt: RequestContext, instance_uuid: str) -> None:
        self._known(instance_uuid).state = states.DELETED

    def show(self, ctxt: RequestContext, instance_uuid: str) -> Instance:
        return self._known(instance_uuid)

    def list_instances(
        self,
        ctxt: RequestContext,
        filters: Mapping[str, str],
        sort_keys: Sequence[str],
        sort_dirs: Sequence[str],
        limit: int,
        marker: str | None,
    ) -> InstancePage:
        self.last_listing = (dict(filters), list(sort_keys), list(sort_dirs), limit, marker)
        found = [
            one
            for one in self.instances.values()
            if all(getattr(one, FILTERS[key]) == value for key, value in filters.items())
        ]
        for key, direction in reversed(list(zip(sort_keys, sort_dirs, strict=True))):
            if key not in Instance.fields:
                raise errors.BadQuery("sort", f"there is no key {key!r}", "sort by created_at")
            found.sort(key=lambda one: getattr(one, key), reverse=direction == "desc")
        uuids = [one.uuid for one in found]
        start = uuids.index(marker) + 1 if marker else 0
        page = found[start : start + limit]
        more = len(found) > start + limit
        return InstancePage(
            instances=[self._listed(one) for one in page],
            marker=page[-1].uuid if more else None,
            cells_unanswered=self.cells_unanswered,
        )

    def list_hosts(self, ctxt: RequestContext, cell_name: str | None) -> HostPage:
        return HostPage(
            hosts=[host for host in self.hosts.values() if cell_name in {None, host.cell_name}],
            cells_unanswered=self.cells_unanswered,
        )

    def set_host(
        self, ctxt: RequestContext, host: str, admin_state: str, reason: str | None
    ) -> Host:
        if host not in self.hosts:
            raise errors.HostNotFound(host)
        self.hosts[host].admin_state = admin_state
        self.hosts[host].reason = reason
        return self.hosts[host]

    def list_services(self, ctxt: RequestContext) -> ServicePage:
        return ServicePage(services=self.services, cells_unanswered=self.cells_unanswered)

    def list_cells(self, ctxt: RequestContext) -> list[Cell]:
        return self.cells

    def _known(self, instance_uuid: str) -> Instance:
        if instance_uuid not in self.instances:
            raise errors.InstanceNotFound(instance_uuid)
        return self.instances[instance_uuid]

    def _listed(self, instance: Instance) -> Instance:
        """Return the instance without its timeline, as listings have it."""
        listed: Instance = instance.obj_clone()
        listed.attempts = []
        return listed


class FakeCloud:
    """A cloud around a FakeClient; its audit finds what it was told to."""

    def __init__(self, client: FakeClient | None = None) -> None:
        self.client = client or FakeClient()
        self.leaked: list[str] = []
        self.doubled: list[str] = []
        self.closed = False

    def context(self) -> RequestContext:
        return RequestContext("a-project", "a-user", is_admin=True)

    def audit(self) -> AuditReport:
        return AuditReport(self.leaked, self.doubled)

    def close(self) -> None:
        self.closed = True


class FakeClouds:
    """Hands the one fake cloud to every command."""

    def __init__(self, cloud: FakeCloud) -> None:
        self.cloud = cloud
        self.created: tuple[Mapping[str, Sequence[Host]], FaultPlan, Path | None] | None = None

    def connect(self, options: argparse.Namespace) -> FakeCloud:
        return self.cloud

    def create(
        self, cells: Mapping[str, Sequence[Host]], plan: FaultPlan, state_dir: Path | None
    ) -> FakeCloud:
        self.created = (cells, plan, state_dir)
        return self.cloud
