"""Wait for what must become true, up to a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TypeVar

PATIENCE = 60.0
"""Seconds; what usually takes a moment may take many on a busy machine."""
PAUSE = 0.03
"""Seconds between two looks."""

Found = TypeVar("Found")


def wait_for(look: Callable[[], Found], what: str, *, seconds: float = PATIENCE) -> Found:
    """Return what `look` finds once that is true; raise TimeoutError with the last it found."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s, but {found!r}")
        time.sleep(PAUSE)


def wait_for_none(look: Callable[[], Collection[str]], what: str) -> None:
    """Return once `look` finds nothing; raise TimeoutError with the last it found."""
    last: Collection[str] = ()

    def none() -> bool:
        nonlocal last
        last = look()
        return not last

    try:
        wait_for(none, what)
    except TimeoutError as error:
        raise TimeoutError(f"{error}: {'; '.join(last)}") from None
