"""A requests transport that calls a WSGI application instead of a socket.

Mounted on a `requests.Session`, it lets the same client code speak to a
service in its own process. One lock lets one request in at a time, for an
application on SQLite fails under concurrency.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from requests import adapters, structures

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class WsgiTransport(adapters.BaseAdapter):
    """Answer requests by calling an application in this process."""

    def __init__(self, application: Application, lock: threading.RLock) -> None:
        """Serve from `application`, one request at a time under `lock`."""
        super().__init__()
        self._application = application
        self._lock = lock

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Return the application's response; timeouts do not apply within a process."""
        answer = _Answer()
        with self._lock:
            body = b"".join(self._application(_environ(request), answer.start))
        response = requests.Response()
        response.status_code, response.reason = answer.status, answer.reason
        response.headers = structures.CaseInsensitiveDict(answer.headers)
        response.encoding = "utf-8"
        response.raw = io.BytesIO(body)
        response._content = body
        response.url = request.url or ""
        response.request = request
        return response

    def close(self) -> None:
        """Nothing is held open."""


class _Answer:
    """What the application says before its body."""

    status = 0
    reason = ""
    headers: list[tuple[str, str]]

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        code, _, self.reason = status.partition(" ")
        self.status = int(code)
        self.headers = headers
        return lambda data: None


def _environ(request: requests.PreparedRequest) -> dict[str, Any]:
    url = urlsplit(request.url or "")
    body = request.body or b""
    if not isinstance(body, bytes):
        body = str(body).encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(url.path),
        "QUERY_STRING": url.query,
        "SERVER_NAME": url.hostname,
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    return environ
