"""Say at an interval that this process is alive."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from understudy.cells.errors import ApiDatabaseUnreachable

LOG = logging.getLogger(__name__)


class Heartbeat:
    """Calls `beat` at once and then at every interval, until it is stopped.

    A beat that fails is logged and no reason to stop: what is silent for long
    enough is listed as dead, and so it should be while it cannot beat.
    """

    def __init__(self, beat: Callable[[], None], interval: float) -> None:
        """Beat every `interval` seconds, once started."""
        self._beat = beat
        self._interval = interval
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """End after the beat in hand, and wait for that."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._beat()
            except ApiDatabaseUnreachable as error:
                LOG.warning("the next heartbeat is in %g s: %s", self._interval, error)
            except Exception:
                LOG.exception("a heartbeat failed; the next one is in %g s", self._interval)
            self._stopping.wait(self._interval)
