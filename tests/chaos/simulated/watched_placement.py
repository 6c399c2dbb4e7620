"""A simulated Placement whose writes somebody may look at, one by one."""

from __future__ import annotations

import contextlib

from tests.chaos.simulated.databases import Around
from tests.chaos.simulated.placement import SimulatedPlacement
from tests.chaos.simulated.placement_answers import Answer, Request


class WatchedPlacement(SimulatedPlacement):
    """The same, and each request that may write runs within `around_write`."""

    def __init__(self) -> None:
        super().__init__()
        self.around_write: Around = contextlib.nullcontext

    def _answer(self, request: Request) -> Answer:
        if request.is_read:
            return super()._answer(request)
        with self.around_write():
            return super()._answer(request)
