"""Whether one more build may come in: by how many instances still wait for a host.

What is accepted ends by its deadline, so what cannot be begun by then must not
be accepted. Counting costs a statement, so it is done again only when half of
the room that was found is used up.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from threading import Lock
from typing import Final

from understudy.rpcapi import errors as wire
from understudy.rpcapi.overload import CallBacks

LOOK: Final = 0.25
"""Seconds between two counts while there is no room."""
FIRST_PACE: Final = 0.1
"""Seconds that one instance is taken to need before it was seen."""


class Admission:
    """The bound on what waits, for any thread."""

    def __init__(
        self,
        count: Callable[[int], int],
        most_waiting: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`count` returns how many instances wait, or its argument if more do."""
        self._count = count
        self._most = most_waiting
        self._clock = clock
        self._lock = Lock()
        self._call_backs = CallBacks(clock)
        self._room = 0
        self._each = FIRST_PACE
        self._admitted = 0
        self._waiting = 0
        self._looked = self._full_until = -math.inf

    def admit(self, instances: int) -> None:
        """Let a request for so many instances in; Overloaded where too many wait already.

        One that comes in may bring more instances than there is room for.
        """
        with self._lock:
            if self._room <= 0 and self._clock() >= self._full_until:
                self._look()
            if self._room <= 0:
                too_many = max(self._waiting + self._admitted - self._most, 0) + instances
                delay = self._call_backs.delay(too_many * self._each, instances * self._each)
                raise wire.Overloaded("super-conductor", round(delay, 3))
            self._room -= instances
            self._admitted += instances

    def _look(self) -> None:
        """Count; what went away since the last count tells how fast they are served."""
        now, waiting = self._clock(), self._count(self._most + 1)
        served = self._waiting + self._admitted - waiting
        # Only where some waited all the time; else it is not known what was possible.
        if self._waiting and waiting and served > 0:
            self._each = (now - self._looked) / served
        self._room = math.ceil((self._most - waiting) / 2)
        self._waiting, self._admitted, self._looked = waiting, 0, now
        self._full_until = now + LOOK if self._room <= 0 else now
