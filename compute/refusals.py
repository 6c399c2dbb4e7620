"""When it is worth a line in the log that a host is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

SAY_AGAIN: Final = 600.0
"""Seconds until what has not changed is said once more."""


class Refusals:
    """Remembers what was said last of each host."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin with nothing said."""
        self._clock = clock
        self._said: dict[str, tuple[str, float]] = {}

    def is_news(self, host: str, why: str) -> bool:
        """Is this new, or long ago? It counts as said from now on."""
        now = self._clock()
        before, at = self._said.get(host, ("", now))
        if before == why and now - at < SAY_AGAIN:
            return False
        self._said[host] = why, now
        return True

    def end(self, host: str) -> None:
        """It is refused no more: the next time is news."""
        self._said.pop(host, None)
