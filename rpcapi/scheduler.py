"""Ask the scheduler for hosts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from understudy.objects.build_request import BuildRequest
from understudy.objects.selection_answer import SelectionAnswer
from understudy.rpcapi import versions
from understudy.rpcapi.client import Client
from understudy.rpcapi.context import RequestContext


class SchedulerClient(Client):
    """The scheduler, on the API-level bus."""

    service = "scheduler"
    version = versions.SCHEDULER

    def select_destinations(
        self,
        ctxt: RequestContext,
        request_id: str,
        request: BuildRequest,
        instance_uuids: Sequence[str],
        alternates: int,
        held: Mapping[str, int],
        timeout: float | None = None,
    ) -> SelectionAnswer:
        """Claim a host for each instance, and name `alternates` more for each.

        `held` is {instance: claim generation} for those that hold a claim already,
        which is moved. `timeout` is in seconds. Raises NoValidHost, LedgerDown,
        LedgerRefusedRequest, TooManyEqualGroups, Overloaded, InvalidRequest, Forbidden.
        """
        answer: SelectionAnswer = self._call(
            ctxt,
            "select_destinations",
            timeout=timeout,
            request_id=request_id,
            request=request,
            instance_uuids=list(instance_uuids),
            alternates=alternates,
            held=dict(held),
        )
        return answer
