"""An HTTP proxy that spoils requests as a plan says, where a network and a load balancer would.

The plan is the one that the fake ledger takes too, see tests.fakes.faults.
"""

from __future__ import annotations

import contextlib
import http.client
import http.server
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

import fixtures

from tests.fakes.faults import Fault, Faults
from tests.integration.support.ports import LOOPBACK

_UNAVAILABLE: Final = b"<html><body><h1>503 Service Unavailable</h1></body></html>\n"
_CONTENDED: Final = (
    b'{"errors": [{"status": 409, "code": "placement.concurrent_update", "detail": "planned"}]}'
)
_OF_ONE_HOP: Final = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class FaultyProxy(fixtures.Fixture):
    """Listen at `url` before the service at another; `faults` plans what goes wrong.

    ERROR is a 503 in HTML here, and what is lost ends in a reset connection. A
    single request cannot be REFUSED by who has accepted its connection: `refuse`
    refuses them all, until `listen`.
    """

    def __init__(self, url: str) -> None:
        """Forward to `url`."""
        super().__init__()
        target = urlsplit(url)
        self.target = (target.hostname or LOOPBACK, target.port or 80)
        self.faults = Faults()
        self.delay = 0.0
        """Seconds that each request waits before anything else happens to it."""
        self.slow_writes = 0
        """How many more writes are answered only after `slowness`, though applied at once."""
        self.slowness = 0.0
        self.admits: Callable[[str], bool] = lambda token: True
        """Whose token is let in, as by Keystone's middleware; others get 401."""
        self.ended = threading.Event()

    def _setUp(self) -> None:  # noqa: N802
        self._address = (LOOPBACK, 0)
        self.addCleanup(self.refuse)
        self.addCleanup(self.ended.set)
        self.listen()
        self.url = "http://{}:{}".format(*self._address)

    def listen(self) -> None:
        """Accept connections."""
        self._listener = _Listener(self._address, self)
        self._address = (LOOPBACK, self._listener.server_port)
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def refuse(self) -> None:
        """Close all connections, and refuse new ones until `listen`."""
        self._listener.shutdown()
        self._thread.join()
        self._listener.hang_up()
        self._listener.server_close()


class _Listener(http.server.ThreadingHTTPServer):
    """Take connections for a proxy, and know those that are open."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], proxy: FaultyProxy) -> None:
        self.proxy = proxy
        self._open: set[socket.socket] = set()
        super().__init__(address, _Request)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        # Without the polite end that the base sends first: a reset is to be one.
        self._open.discard(request)
        request.close()

    def hang_up(self) -> None:
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what tests are about: print nothing."""


class _Request(http.server.BaseHTTPRequestHandler):
    """One connection of a client; each of its requests meets the plan."""

    server: _Listener
    protocol_version = "HTTP/1.1"

    def _meet(self) -> None:
        proxy = self.server.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        proxy.ended.wait(proxy.delay)
        if not proxy.admits(self.headers.get("X-Auth-Token", "")):
            self._answer(401, [("Content-Type", "application/json")], b"{}")
            return
        plan = proxy.faults.of_read if self.command == "GET" else proxy.faults.of_write
        match plan(f"{self.command} {self.path}"):
            case Fault.NONE:
                answer = self._forward(body)
                if self.command != "GET" and proxy.slow_writes > 0:
                    proxy.slow_writes -= 1
                    proxy.ended.wait(proxy.slowness)
                self._answer(*answer)
            case Fault.ERROR:
                self._answer(503, [("Content-Type", "text/html")], _UNAVAILABLE)
            case Fault.CONTENDED:
                self._answer(409, [("Content-Type", "application/json")], _CONTENDED)
            case Fault.LOST_BEFORE:
                self._reset()
            case Fault.LOST_AFTER:
                self._forward(body)
                self._reset()
            case Fault.LATE:
                proxy.faults.keep(lambda: self._forward(body))
                self._reset()
            case Fault.REFUSED:
                raise NotImplementedError("use FaultyProxy.refuse")

    do_GET = do_PUT = do_POST = do_DELETE = _meet  # noqa: N815 - the base's spelling

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(*self.server.proxy.target)
        with contextlib.closing(connection):
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _OF_ONE_HOP:
                self.send_header(name, value)
        if status != http.HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        self.close_connection = True
        at_once = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
