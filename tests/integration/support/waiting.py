"""Wait for what must become true, up to a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 180.0
"""Seconds; what usually takes one may take many on a busy machine."""


def wait_until(
    holds: Callable[[], object], what: str, *, seconds: float = PATIENCE, every: float = 0.05
) -> None:
    """Return once `holds` does; raise TimeoutError naming `what` if it never did."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} took longer than {seconds:g} s")
        time.sleep(every)
