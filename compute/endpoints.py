"""What the cell conductor casts to an agent."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import oslo_messaging as messaging

from understudy.compute.agent import Agent
from understudy.objects.build_request import BuildRequest
from understudy.objects.errors import InvalidRequest
from understudy.objects.selection import Selection
from understudy.rpcapi import versions
from understudy.rpcapi.context import RequestContext

LOG = logging.getLogger(__name__)


class ComputeEndpoint:
    """Takes casts in; the agent does the work on threads of its own.

    What is not for exactly one of its hosts, or is of no known form, is dropped.
    """

    target: ClassVar = messaging.Target(version=versions.COMPUTE)

    def __init__(self, agent: Agent) -> None:
        """Serve this agent."""
        self._agent = agent

    @messaging.expose
    def build(
        self,
        ctxt: RequestContext,
        host: str,
        instance_uuid: str,
        attempt: int,
        request: BuildRequest,
        selection: Selection,
    ) -> None:
        """Build an instance on one of the agent's hosts."""
        with _dropped("build"):
            self._agent.build(host, instance_uuid, attempt, request, selection)

    @messaging.expose
    def tear_down(
        self,
        ctxt: RequestContext,
        host: str,
        instance_uuid: str,
        attempt: int,
        host_uuid: str | None = None,
    ) -> None:
        """Destroy what this attempt, and older ones, made.

        A conductor of the first release does not say `host_uuid`.
        """
        with _dropped("order to tear down"):
            self._agent.tear_down(host, instance_uuid, attempt, host_uuid, ctxt)


@contextmanager
def _dropped(what: str) -> Iterator[None]:
    """Say in one line why something is not done; nobody waits for the error."""
    try:
        yield
    except InvalidRequest as error:
        LOG.warning("A %s is not carried out: %s", what, error)
        raise
