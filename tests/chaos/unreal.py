"""The clock, chance and sleep of a world, in place of this machine's.

Only while a world runs, and only what production code looks up when it needs
it; what it takes as an argument, it is handed.
"""

from __future__ import annotations

import contextlib
import random
import time
import types
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from tests.chaos.kernel import Kernel, Turn
from understudy.conductor import admission
from understudy.scheduler import directory


class Clock(Protocol):
    """What time it is for whoever asks, and how to wait."""

    def time(self) -> float:
        """Return the seconds since the epoch, on the asking process's clock."""

    def pause(self, seconds: float) -> None:
        """Wait, where simulated threads do; elsewhere do not."""


@contextlib.contextmanager
def unreal(clock: Clock, kernel: Kernel, seed: int) -> Iterator[None]:
    """Let this process see the world's time and the seed's chance."""
    draw = random.Random(f"unreal {seed}")
    state = random.getstate()
    random.seed(f"global {seed}")
    try:
        with (
            _replaced(time, "time", clock.time),
            _replaced(time, "monotonic", clock.time),
            _replaced(time, "sleep", clock.pause),
            _replaced(uuid, "uuid4", _uuid4(draw)),
            _replaced(directory, "threading", types.SimpleNamespace(Lock=lambda: Turn(kernel))),
            _replaced(admission, "Lock", lambda: Turn(kernel)),
        ):
            yield
    finally:
        random.setstate(state)


def _uuid4(draw: random.Random) -> Callable[[], uuid.UUID]:
    return lambda: uuid.UUID(int=draw.getrandbits(128), version=4)


@contextlib.contextmanager
def _replaced(owner: Any, name: str, value: object) -> Iterator[None]:
    original = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, original)
