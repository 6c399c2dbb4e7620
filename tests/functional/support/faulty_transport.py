"""A transport that loses, refuses or delays what it is told to, below a real client."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import requests
import urllib3
from keystoneauth1 import adapter as ksa_adapter
from requests import adapters

from tests.fakes.faults import Fault, Faults

_CONTENDED = (
    b'{"errors": [{"status": 409, "code": "placement.concurrent_update", "detail": "planned"}]}'
)


class FaultyTransport(adapters.BaseAdapter):
    """Hand requests on to another transport, as the plan says."""

    def __init__(self, inner: adapters.BaseAdapter, faults: Faults) -> None:
        super().__init__()
        self._inner = inner
        self._faults = faults

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Answer, or raise what requests raises when that happens."""
        operation = f"{request.method} {request.path_url}"
        is_read = request.method == "GET"
        plan = self._faults.of_read if is_read else self._faults.of_write
        match plan(operation):
            case Fault.REFUSED:
                raise requests.exceptions.ConnectionError(_refusal(operation))
            case Fault.LOST_BEFORE:
                raise requests.exceptions.ReadTimeout(operation)
            case Fault.LOST_AFTER:
                self._inner.send(request)
                raise requests.exceptions.ConnectionError("Connection aborted")
            case Fault.LATE:
                self._faults.keep(lambda: self._inner.send(request))
                raise requests.exceptions.ReadTimeout(operation)
            case Fault.ERROR:
                return _response(request, 500, "text/html", b"<html>Bad Gateway</html>")
            case Fault.CONTENDED:
                return _response(request, 409, "application/json", _CONTENDED)
            case Fault.NONE:
                return self._inner.send(request)

    def close(self) -> None:
        self._inner.close()


def insert(adapter: ksa_adapter.Adapter, faults: Faults) -> None:
    """Put a FaultyTransport below `adapter`."""
    http: requests.Session = adapter.session.session
    for prefix, inner in list(http.adapters.items()):
        http.mount(prefix, FaultyTransport(inner, faults))


def _refusal(operation: str) -> urllib3.exceptions.MaxRetryError:
    pool: Any = None
    reason = urllib3.exceptions.NewConnectionError(pool, "Connection refused")
    return urllib3.exceptions.MaxRetryError(pool, operation, reason)


def _response(
    request: requests.PreparedRequest, status: int, content_type: str, body: bytes
) -> requests.Response:
    response = requests.Response()
    response.status_code, response.reason = status, "planned"
    response.headers["Content-Type"] = content_type
    response.raw = io.BytesIO(body)
    response.request, response.url = request, request.url or ""
    return response
