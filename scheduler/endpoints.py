"""The scheduler's interface on the bus: thin, exposed by name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import oslo_messaging as messaging

from understudy.cells import errors as cell_errors
from understudy.objects.build_request import BuildRequest
from understudy.objects.selection_answer import SelectionAnswer
from understudy.rpcapi import errors as wire
from understudy.rpcapi import versions
from understudy.rpcapi.context import RequestContext
from understudy.scheduler.door import Door


class Selects(Protocol):
    """What answers: a Selector, or something around it."""

    def select(
        self,
        request_id: str,
        request: BuildRequest,
        instance_uuids: Sequence[str],
        alternates: int,
        held: Mapping[str, int],
        seconds: float = math.inf,
    ) -> SelectionAnswer:
        """See Selector.select."""


class SchedulerEndpoint:
    """What is called on the API-level bus."""

    target = messaging.Target(version=versions.SCHEDULER)

    def __init__(self, selector: Selects, door: Door | None = None) -> None:
        """Answer those whom `door` lets in with what `selector` selects."""
        self._selector = selector
        self._door = door or Door()

    @messaging.expose
    def select_destinations(
        self,
        ctxt: RequestContext,
        request_id: str,
        request: BuildRequest,
        instance_uuids: Sequence[str],
        alternates: int,
        held: Mapping[str, int],
    ) -> SelectionAnswer:
        """See Selector.select; raises Forbidden and InvalidRequest as Door does."""
        self._door.check_caller(ctxt.sender)
        self._door.check(request_id, request, instance_uuids, alternates, held)
        try:
            return self._selector.select(
                request_id, request, instance_uuids, alternates, held, ctxt.patience()
            )
        except cell_errors.ApiDatabaseUnreachable as error:
            raise wire.ServiceUnavailable("the API database", error.detail) from error
