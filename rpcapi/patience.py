"""How long a thread waits for a broker: as long as its caller waits, and never for ever."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Final

ANSWER_WITHIN: Final = 15.0
"""Seconds for a broker to confirm a message or to declare a queue, where nobody says."""
CONNECT_WITHIN: Final = 5.0
"""Seconds for each try to connect."""
SHORTEST: Final = 0.5
"""Seconds that are given to each of them, however late it is."""

_ends: ContextVar[float] = ContextVar("ends", default=math.inf)


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let what this thread asks of a broker meanwhile fail after about so many seconds."""
    token = _ends.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends.reset(token)


def for_an_answer() -> float:
    """Return for how many seconds to wait for what the broker says."""
    return _clamped(_ends.get() - time.monotonic(), ANSWER_WITHIN)


def for_a_connection(tries: int) -> float:
    """Return for how many seconds to wait for one of so many tries to connect."""
    return _clamped((_ends.get() - time.monotonic()) / tries, CONNECT_WITHIN)


def _clamped(seconds: float, most: float) -> float:
    return max(SHORTEST, min(seconds, most))
