"""Wait for some time, unless there is a reason to look earlier."""

from __future__ import annotations

import threading
from typing import Protocol


class Waiting(Protocol):
    """What a loop waits with."""

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until rung; say whether the loop goes on."""
        ...


class Bell:
    """Ends waits early, and loops for good."""

    def __init__(self) -> None:
        """Begin unrung."""
        self._changed = threading.Condition()
        self._rung = False
        self._stopped = False

    def ring(self) -> None:
        """End the wait that is going on, or the next one."""
        with self._changed:
            self._rung = True
            self._changed.notify_all()

    def stop(self) -> None:
        """End all waits, and with them the loop."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until rung; say whether the loop goes on."""
        with self._changed:
            self._changed.wait_for(lambda: self._rung or self._stopped, seconds)
            self._rung = False
            return not self._stopped
