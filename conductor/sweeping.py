"""A thread that sweeps at an interval, and at once when it is poked."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

LOG = logging.getLogger(__name__)


class Sweeper:
    """Runs each of its duties in turn, again and again, until it is stopped.

    A duty that raises is logged and tried again at the next sweep: what it was
    to do is in a database.
    """

    def __init__(self, name: str, interval: float, duties: Sequence[Callable[[], None]]) -> None:
        """Sweep every `interval` seconds."""
        self._interval = interval
        self._duties = duties
        self._poked = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; the first sweep is at once."""
        self._thread.start()

    def poke(self) -> None:
        """Sweep now."""
        self._poked.set()

    def stop(self) -> None:
        """End after the duty in hand, and wait for that."""
        self._stopping.set()
        self._poked.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._poked.clear()
            for duty in self._duties:
                if self._stopping.is_set():
                    return
                self._do(duty)
            self._poked.wait(self._interval)

    def _do(self, duty: Callable[[], None]) -> None:
        try:
            duty()
        except Exception:
            LOG.exception("a sweep failed; it is tried again in %s s", self._interval)
