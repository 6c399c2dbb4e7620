"""A thread that sweeps at an interval, until it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from understudy.conductor.patience import apart


@dataclass(frozen=True, slots=True)
class Round:
    """Duties that one thread does in turn, every `interval` seconds.

    A duty that raises is logged and tried again in the next round: what it was
    to do is in a database.
    """

    name: str
    interval: float
    duties: tuple[Callable[[], object], ...]

    def go(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """Do each duty once, unless it is time to stop."""
        for duty in self.duties:
            if stopping():
                return
            with apart(f"a sweep of {self.name}"):
                duty()


class Sweeper:
    """Goes the same round again and again, until it is stopped."""

    def __init__(self, going: Round) -> None:
        """Begin with nothing; `start` starts the thread."""
        self._round = going
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=going.name, daemon=True)

    def start(self) -> None:
        """Begin; the first sweep is at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the duty in hand, and wait for that."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._round.go(self._stopping.is_set)
            self._stopping.wait(self._round.interval)
