"""Send an agent builds and teardowns."""

from __future__ import annotations

from typing import Any

from understudy.objects.build_request import BuildRequest
from understudy.objects.selection import Selection
from understudy.rpcapi import versions
from understudy.rpcapi.client import Client
from understudy.rpcapi.context import RequestContext


class ComputeClient(Client):
    """The agents, on their cell's bus; casts only.

    A cast raises ServiceUnavailable if no agent of that name has ever listened.
    That it was taken says nothing of its arrival: the heartbeats do.
    """

    service = "compute"
    version = versions.COMPUTE

    def build(
        self,
        ctxt: RequestContext,
        agent: str,
        host: str,
        instance_uuid: str,
        attempt: int,
        request: BuildRequest,
        selection: Selection,
    ) -> None:
        """Have `agent` build the instance on `host`, which `selection` has claimed."""
        self._cast(
            ctxt,
            "build",
            server=agent,
            host=host,
            instance_uuid=instance_uuid,
            attempt=attempt,
            request=request,
            selection=selection,
        )

    def tear_down(
        self,
        ctxt: RequestContext,
        agent: str,
        host: str,
        host_uuid: str,
        instance_uuid: str,
        attempt: int,
    ) -> None:
        """Have `agent` remove what this attempt made on `host`, whose own uuid is `host_uuid`."""
        order: dict[str, Any] = {"host": host, "instance_uuid": instance_uuid, "attempt": attempt}
        if self._knows("1.1"):
            self._cast(ctxt, "tear_down", since="1.1", server=agent, host_uuid=host_uuid, **order)
        else:
            self._cast(ctxt, "tear_down", server=agent, **order)
