"""When more calls wait than can be done in time: how many to send away, and until when.

Pure: it is told how many wait. Those that are sent away are called back one
after the other, at the pace at which they can be served, so that they do not
come back all at once.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Final

LONGEST_DELAY: Final = 30.0
"""Seconds after which everybody may come back, however many there are."""
SHORTEST_DELAY: Final = 0.1


class CallBacks:
    """Gives each who is sent away a moment of their own to come back at; for any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nobody sent away."""
        self._clock = clock
        self._lock = threading.Lock()
        self._last = -math.inf

    def delay(self, line: float, each: float) -> float:
        """Return the seconds after which to come back.

        The line before the service takes `line` seconds to be served, and each
        one in it `each` seconds.
        """
        with self._lock:
            now = self._clock()
            slot = max(self._last + each, now + line, now + SHORTEST_DELAY)
            self._last = min(slot, now + LONGEST_DELAY)
            return self._last - now


class Overload:
    """How one server of a service stands; only its listening thread uses it."""

    def __init__(self, longest_wait: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Let nobody wait for much longer than `longest_wait` seconds."""
        self._longest_wait = longest_wait
        self._call_backs = CallBacks(clock)
        self._each = 0.0
        self.surplus = 0
        """How many calls are too many."""

    def note(self, waiting: int, servers: int, seconds_each: float) -> None:
        """Say how many calls wait, for how many servers.

        `seconds_each` is the time in which this server is done with one more.
        """
        servers = max(servers, 1)
        in_time = self._longest_wait / max(seconds_each, 1e-6)
        self.surplus = max(math.ceil(waiting / servers - in_time), 0)
        self._each = seconds_each / servers

    def refuse(self) -> float:
        """Return the seconds after which one of the surplus is to come back."""
        self.surplus -= 1
        return self._call_backs.delay(self._longest_wait, self._each)
