"""Send requests in their order, a bounded number in the air, until all have landed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from understudy.cli.board import Board
from understudy.cli.cloud import Cloud
from understudy.objects.build_request import BuildRequest
from understudy.objects.errors import InvalidRequest
from understudy.objects.instance import Instance
from understudy.rpcapi import errors

AGAIN_LATER = (
    errors.Overloaded,
    errors.ServiceUnavailable,
    errors.LedgerDown,
    errors.CellUnavailable,
)
"""Not the request's fault: the same id may be sent again."""
REFUSALS = (InvalidRequest, errors.LedgerRefusedRequest, errors.TooManyEqualGroups)
SHORTEST_PAUSE = 0.1
REST = 2.0
"""Seconds of rest for each second spent asking, so that asking leaves room for building."""


@dataclass(slots=True)
class Landing:
    """What became of one request; `error` is why it was not even accepted."""

    request: BuildRequest
    instances: Sequence[Instance] = ()
    error: Exception | None = None
    ended: bool = False


@dataclass
class Flight:
    """The rules of one run; `patience` is in seconds since a request last ended.

    It outlasts the deadline that a request has unless it asks for another.
    """

    cloud: Cloud
    board: Board
    on_change: Callable[[Board], None]
    in_air: int = 16
    patience: float = 660.0
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    _last_landing: float = field(default=0.0, init=False)

    def fly(self, requests: Sequence[BuildRequest]) -> list[Landing]:
        """Send them all and return what became of each, in the same order.

        Gives up, with those that have not ended as they are, once nothing has
        ended for as long as the patience lasts.
        """
        landings = [Landing(request) for request in requests]
        waiting = deque(landings)
        flying: list[Landing] = []
        self._last_landing = self.clock()
        while (waiting or flying) and self.clock() - self._last_landing < self.patience:
            began = self.clock()
            self._send(waiting, flying)
            for landing in flying:
                self._look(landing)
            flying = [landing for landing in flying if not landing.ended]
            self.on_change(self.board)
            if flying or waiting:
                self.pause(max(SHORTEST_PAUSE, REST * (self.clock() - began)))
        return landings

    def _send(self, waiting: deque[Landing], flying: list[Landing]) -> None:
        while waiting and len(flying) < self.in_air:
            landing = waiting[0]
            try:
                self.cloud.client.build(self.cloud.context(), landing.request)
            except AGAIN_LATER:
                return
            except REFUSALS as refusal:
                landing.error = refusal
                self.board.refused += landing.request.count
                self._land(landing)
            else:
                flying.append(landing)
            waiting.popleft()

    def _look(self, landing: Landing) -> None:
        client, context = self.cloud.client, self.cloud.context()
        try:
            result = client.result(context, landing.request.request_id)
            landing.instances = result.instances
            for uuid in self.board.take(result.instances):
                self.board.take_timeline(client.show(context, uuid))
        except AGAIN_LATER:
            return
        if result.ended:
            self._land(landing)

    def _land(self, landing: Landing) -> None:
        landing.ended = True
        self._last_landing = self.clock()
