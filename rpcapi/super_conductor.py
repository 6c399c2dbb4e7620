"""Ask the super conductor for builds, and about all that the cells hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from understudy.objects.build_answer import BuildAccepted, BuildResult
from understudy.objects.build_request import BuildRequest
from understudy.objects.host import Host
from understudy.objects.host_page import HostPage
from understudy.objects.instance import Instance, InstancePage
from understudy.objects.service import Cell
from understudy.objects.service_page import ServicePage
from understudy.rpcapi import errors, tracing, versions
from understudy.rpcapi.bus import Bus
from understudy.rpcapi.client import DEFAULT_TIMEOUT, Client
from understudy.rpcapi.context import RequestContext

FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 2.0
"""Seconds between two looks at a result; the pause grows by half each time."""

Progress = Callable[[BuildResult], None]


class SuperConductorClient(Client):
    """The super conductor, on the API-level bus."""

    service = "super-conductor"
    version = versions.SUPER_CONDUCTOR

    def __init__(
        self,
        bus: Bus,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Talk to the service on `bus`.

        `pause` waits that many seconds, between two polls and where the service
        is overloaded: a call then comes back by itself, within its timeout.
        """
        super().__init__(bus, timeout=timeout, come_back=pause)
        self._pause = pause

    def build(self, ctxt: RequestContext, request: BuildRequest) -> BuildAccepted:
        """Have the request written down; the builds begin after the answer.

        Asked again under the same id, the answer is the same. Raises
        InvalidRequest, RequestIdTaken, Overloaded.
        """
        with tracing.following(request.request_id):
            accepted: BuildAccepted = self._call(ctxt, "build", request=request)
        return accepted

    def result(
        self, ctxt: RequestContext, request_id: str, timeout: float | None = None
    ) -> BuildResult:
        """Return where each instance of the request stands; raises RequestNotFound."""
        result: BuildResult = self._call(ctxt, "result", timeout=timeout, request_id=request_id)
        return result

    def wait(
        self,
        ctxt: RequestContext,
        request_id: str,
        timeout: float,
        on_progress: Progress | None = None,
    ) -> BuildResult:
        """Return the result once every instance has ended.

        `on_progress` gets each result that differs from the one before. Raises
        WaitTimedOut after `timeout` seconds, with the newest result as its `last`,
        and all that `result` raises.
        """
        until = time.monotonic() + timeout
        last: BuildResult | None = None
        pause = FIRST_PAUSE
        while True:
            left = max(until - time.monotonic(), FIRST_PAUSE)
            try:
                result = self.result(ctxt, request_id, timeout=min(left, self._timeout))
            except errors.Overloaded as overloaded:
                pause = max(pause, overloaded.retry_after_seconds)
            else:
                if on_progress is not None and result != last:
                    on_progress(result)
                if result.ended:
                    return result
                last = result
            left = until - time.monotonic()
            if left <= 0:
                timed_out = errors.WaitTimedOut(request_id, timeout)
                timed_out.last = last
                raise timed_out
            self._pause(min(pause, left))
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def cancel(self, ctxt: RequestContext, request_id: str) -> None:
        """Delete every instance of the request; raises RequestNotFound."""
        self._call(ctxt, "cancel", request_id=request_id)

    def delete(self, ctxt: RequestContext, instance_uuid: str) -> None:
        """Have the instance torn down; raises InstanceNotFound."""
        self._call(ctxt, "delete", instance_uuid=instance_uuid)

    def show(self, ctxt: RequestContext, instance_uuid: str) -> Instance:
        """Return the instance with its attempts; raises InstanceNotFound, CellUnavailable."""
        instance: Instance = self._call(ctxt, "show", instance_uuid=instance_uuid)
        return instance

    def list_instances(
        self,
        ctxt: RequestContext,
        filters: Mapping[str, str],
        sort_keys: Sequence[str],
        sort_dirs: Sequence[str],
        limit: int,
        marker: str | None,
    ) -> InstancePage:
        """Return one page of the instances of all cells, without their attempts.

        `sort_dirs` has "asc" or "desc" for each key; `marker` is the uuid to
        continue after. Raises BadQuery.
        """
        page: InstancePage = self._call(
            ctxt,
            "list_instances",
            filters=dict(filters),
            sort_keys=list(sort_keys),
            sort_dirs=list(sort_dirs),
            limit=limit,
            marker=marker,
        )
        return page

    def list_hosts(self, ctxt: RequestContext, cell_name: str | None) -> HostPage:
        """Return the hosts of one cell, or of all; raises CellNotFound."""
        page: HostPage = self._call(ctxt, "list_hosts", cell_name=cell_name)
        return page

    def set_host(
        self, ctxt: RequestContext, host: str, admin_state: str, reason: str | None
    ) -> Host:
        """Set the host's admin state and return it; raises HostNotFound, CellUnavailable."""
        changed: Host = self._call(
            ctxt, "set_host", host=host, admin_state=admin_state, reason=reason
        )
        return changed

    def list_services(self, ctxt: RequestContext) -> ServicePage:
        """Return every process that beats, of the API level and of all cells."""
        page: ServicePage = self._call(ctxt, "list_services")
        return page

    def list_cells(self, ctxt: RequestContext) -> list[Cell]:
        """Return every cell, and whether it answers."""
        cells: list[Cell] = self._call(ctxt, "list_cells")
        return cells
