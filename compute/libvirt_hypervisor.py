"""The connection to a hypervisor: opened on first use, and again after it broke."""

from __future__ import annotations

import functools
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from understudy.compute.libvirt_library import error_code
from understudy.objects.errors import UnderstudyError

LOG = logging.getLogger(__name__)

_LEAVE_SECONDS: Final = 5.0
"""How long `close` waits for calls in progress."""


class HypervisorClosed(UnderstudyError):
    """The driver was closed."""

    def __str__(self) -> str:
        """Say so."""
        return "the driver is closed"


class Hypervisor:
    """One connection, safe for threads.

    A connection that is silent for `keepalive_seconds * keepalive_count` is
    given up, and the calls that wait on it fail; the next call opens a new one.
    """

    def __init__(self, library: Any, uri: str, keepalive: tuple[int, int] = (5, 5)) -> None:
        """Open nothing yet: call this before or after a fork."""
        self.library = library
        self.uri = uri
        self._keepalive = keepalive
        self._connection: Any = None
        self._state = threading.Condition()
        self._calls = 0
        self._closed = False

    @contextmanager
    def use(self) -> Iterator[Any]:
        """Lend the connection for one step. Raises libvirtError, or HypervisorClosed."""
        with self._state:
            if self._closed:
                raise HypervisorClosed
            connection = self._open()
            self._calls += 1
        try:
            yield connection
        finally:
            with self._state:
                self._calls -= 1
                self._state.notify_all()

    def close(self) -> None:
        """Begin no step any more, and wait a moment for those in progress."""
        with self._state:
            self._closed = True
            if not self._state.wait_for(lambda: self._calls == 0, _LEAVE_SECONDS):
                LOG.warning("%s calls to %s are still in progress", self._calls, self.uri)
            connection, self._connection = self._connection, None
        if connection is not None:
            self._hang_up(connection)

    def _open(self) -> Any:
        if self._connection is not None:
            if self._connection.isAlive():
                return self._connection
            LOG.warning("The connection to %s broke; opening another", self.uri)
            self._hang_up(self._connection)
            self._connection = None
        # Keepalive needs an event loop; the test driver has no connection to keep alive.
        if not self.uri.startswith("test:"):
            _run_event_loop(self.library, os.getpid())
        connection = self.library.open(self.uri)
        try:
            connection.setKeepAlive(*self._keepalive)
        except self.library.libvirtError as error:
            if error_code(error) != self.library.VIR_ERR_NO_SUPPORT:
                raise
        self._connection = connection
        return connection

    def _hang_up(self, connection: Any) -> None:
        try:
            connection.close()
        except self.library.libvirtError as error:
            LOG.debug("%s was closed already: %s", self.uri, error)


@functools.cache
def _run_event_loop(library: Any, pid: int) -> None:
    """Serve libvirt's timers from a thread of this process; once is enough."""
    library.virEventRegisterDefaultImpl()

    def serve() -> None:
        while True:
            library.virEventRunDefaultImpl()

    threading.Thread(target=serve, name=f"libvirt-events-{pid}", daemon=True).start()
