"""One process of a service, forked by oslo.service: it opens, serves, drains, closes.

Nothing is opened before the fork: a transport or a connection that two
processes share belongs to neither.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final, Protocol

from oslo_service import service

from understudy.cli.services.configuration import Configuration

LOG = logging.getLogger(__name__)

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 15.0
"""Seconds before a start that failed is tried again; the pause doubles."""


class Running(Protocol):
    """A service that was put together."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """Take nothing new, finish what is in hand, end."""


Compose = Callable[[Configuration, str, ExitStack], Running]
"""Puts a service together under a name; what it opens is closed by the stack, last first."""


class Worker(service.Service):
    """Starts a service after the fork, and stops it when it is told to."""

    def __init__(self, conf: Configuration, name: str, compose: Compose) -> None:
        """Serve as the process `name`, once forked."""
        super().__init__()
        self._conf = conf
        self._name = name
        self._compose = compose
        self._closing: ExitStack | None = None
        self._turn = threading.Lock()
        self._stopping = threading.Event()

    def start(self) -> None:
        """Open what is needed and serve; try again for as long as that does not work."""
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            try:
                self._start()
            except Exception as error:
                # A broker or a database may come up after us.
                LOG.warning(
                    "%s cannot start: %s; it is tried again in %g s", self._name, error, pause
                )
                LOG.debug("where it failed", exc_info=True)
                self._stopping.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                return

    def stop(self, graceful: bool = True) -> None:
        """Finish what is in hand, and close everything."""
        self._stopping.set()
        with self._turn:
            if self._closing is not None:
                self._closing.close()
                self._closing = None
                LOG.info("%s has stopped", self._name)

    def wait(self) -> None:
        """Return once it was told to stop."""
        self._stopping.wait()

    def _start(self) -> None:
        with self._turn, ExitStack() as undo:
            if self._stopping.is_set():
                return
            running = self._compose(self._conf, self._name, undo)
            running.start()
            undo.callback(running.stop)
            self._closing = undo.pop_all()
        LOG.info("%s serves", self._name)
