"""A cable between clients and a server on TCP, which a test can pull out and plug in again."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

import fixtures

from tests.integration.support.ports import LOOPBACK

_AT_ONCE = 65_536


class Cable(fixtures.Fixture):
    """Listen at `port`, and pass all that comes on to a server's own port.

    `cut` refuses connections and closes those that are open, as a server does
    that ended; `muffle` lets them stand and passes nothing on, as a network does
    that loses packets. `mend` ends both: what was muffled arrives then.
    """

    def __init__(self, url: str) -> None:
        """Lead to the server that a database's or a bus's URL names."""
        super().__init__()
        target = urlsplit(url)
        self._url = url
        self._target = (target.hostname or LOOPBACK, target.port or 0)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._flows = threading.Event()
        self._flows.set()
        self._listener: socket.socket | None = None

    def _setUp(self) -> None:  # noqa: N802
        self._address = (LOOPBACK, 0)
        self.addCleanup(self.cut)
        self.mend()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._address[1]

    @property
    def url(self) -> str:
        """The URL that leads through it."""
        return self._url.replace(f":{self._target[1]}/", f":{self.port}/")

    def cut(self) -> None:
        """Refuse connections and close the open ones, until `mend`."""
        with self._lock:
            listener, self._listener = self._listener, None
            hung_up = set(self._open)
        # Whoever waits for one of them closes it, so that no other file gets its number meanwhile.
        for connection in hung_up if listener is None else {listener, *hung_up}:
            _hang_up(connection)
        self._flows.set()

    def muffle(self) -> None:
        """Keep connections open, take new ones, and let nothing through until `mend`."""
        self._flows.clear()

    def mend(self) -> None:
        """Let everything through."""
        self._flows.set()
        with self._lock:
            if self._listener is not None:
                return
            self._listener = socket.create_server(self._address, backlog=128)
            self._address = (LOOPBACK, self._listener.getsockname()[1])
            _in_background(self._accept, self._listener)

    def _accept(self, listener: socket.socket) -> None:
        with listener, contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                _in_background(self._connect, near)

    def _connect(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(self._target, 10)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        with self._lock:
            self._open |= {near, far}
            gone = self._listener is None
        if gone:
            _hang_up(near)
            _hang_up(far)
        _in_background(self._pass_on, near, far)
        self._pass_on(far, near)

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while passed := source.recv(_AT_ONCE):
                self._flows.wait()
                sink.sendall(passed)
        with self._lock:
            self._open.discard(source)
        _hang_up(sink)
        source.close()


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _in_background(work: Callable[..., object], *arguments: object) -> None:
    threading.Thread(target=work, args=arguments, daemon=True).start()
