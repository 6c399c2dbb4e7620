"""The places of a server's workers: which are taken, and how long a call keeps one.

From that follows how many calls can be done in a time, which is what a server
that has more to do than that must know.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

_MEMORY: Final = 0.1
"""The weight of the newest call in the mean; what went before fades."""


class Workers:
    """So many places; for any thread."""

    def __init__(self, places: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with all places free."""
        self._places = places
        self._clock = clock
        self._changed = threading.Condition()
        self._begun: list[float] = []
        self._mean: float | None = None

    def take(self) -> float | None:
        """Take a place; return what gives it back, or None where none is free."""
        with self._changed:
            if len(self._begun) >= self._places:
                return None
            now = self._clock()
            self._begun.append(now)
            return now

    def give_back(self, place: float) -> None:
        """Free the place; the call that had it is done."""
        with self._changed:
            self._begun.remove(place)
            taken = self._clock() - place
            mean = taken if self._mean is None else self._mean
            self._mean = mean + _MEMORY * (taken - mean)
            self._changed.notify_all()

    def give_up(self, place: float) -> None:
        """Free the place; there was no call for it after all."""
        with self._changed:
            self._begun.remove(place)
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Return as soon as a place is free, and at the latest after so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._begun) < self._places, seconds)

    def seconds_each(self) -> float:
        """Return how long it takes, with all places taken, from one call's end to the next.

        Calls that have not ended count with what they have taken so far, so that
        a service which hangs is known for slow before the first of them ends.
        """
        with self._changed:
            now = self._clock()
            so_far = sum(now - begun for begun in self._begun) / max(len(self._begun), 1)
            return max(self._mean or 0.0, so_far) / self._places
