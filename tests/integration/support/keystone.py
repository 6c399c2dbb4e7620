"""As much of Keystone as a client of another service sees: version 3, tokens, a catalog.

It stands for the real one, whose middleware a Placement of the tests does not
have: `admits` says which tokens such a middleware would let in.
"""

from __future__ import annotations

import contextlib
import http.server
import itertools
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import fixtures

from tests.integration.support.ports import LOOPBACK

PASSWORD: Final = "right"
SECRET: Final = "application-secret"


@dataclass(frozen=True)
class Endpoint:
    """Where a service is, in a region, for those on one interface."""

    interface: str
    region: str
    url: str


class Keystone(fixtures.Fixture):
    """Serve at `url`, with these endpoints of Placement in the catalog.

    The user is "understudy"; tokens are what Placement's noauth2 takes for an
    administrator's.
    """

    def __init__(self, *endpoints: Endpoint) -> None:
        super().__init__()
        self.endpoints = endpoints
        self.lifetime = timedelta(hours=1)
        """How long a token lasts, as it says itself."""
        self.asked: list[str] = []
        """What for, by method of authentication, each time that a token was asked for."""
        self.silent = threading.Event()
        self.ended = threading.Event()
        self.password = PASSWORD
        self._valid: set[str] = set()
        self._numbers = itertools.count(1)

    def _setUp(self) -> None:  # noqa: N802
        self._address = (LOOPBACK, 0)
        self.listen()
        self.addCleanup(self.refuse)
        self.addCleanup(self.ended.set)
        self.url = "http://{}:{}/v3".format(*self._address)

    def listen(self) -> None:
        """Accept connections."""
        self._listener = _Listener(self._address, self)
        self._address = (LOOPBACK, self._listener.server_port)
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.02,))
        self._thread.start()

    def refuse(self) -> None:
        """Refuse connections, until `listen`."""
        if self._thread.is_alive():
            self._listener.shutdown()
            self._thread.join()
            self._listener.server_close()

    def admits(self, token: str) -> bool:
        """Is this a token of ours that is still good?"""
        return token in self._valid

    def revoke(self) -> None:
        """Let all tokens be good no more, whatever they say of themselves."""
        self._valid.clear()

    def authenticate(self, identity: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
        """Return a token and what there is to say of it; None for who is unknown."""
        (method,) = identity["methods"]
        self.asked.append(method)
        match identity:
            case {"password": {"user": {"name": "understudy", "password": given}}}:
                known = given == self.password
            case {"application_credential": {"id": "ours", "secret": given}}:
                known = given == SECRET
            case _:
                known = False
        if not known:
            return None
        token = f"admin:{next(self._numbers)}"
        self._valid.add(token)
        return token, self._described(method)

    def _described(self, method: str) -> dict[str, Any]:
        now = datetime.now(UTC)
        listed = [
            {"id": str(number), "interface": each.interface, "region": each.region}
            | {"region_id": each.region, "url": each.url}
            for number, each in enumerate(self.endpoints)
        ]
        domain = {"id": "default", "name": "Default"}
        return {
            "methods": [method],
            "user": {"id": "u", "name": "understudy", "domain": domain},
            "project": {"id": "p", "name": "service", "domain": domain},
            "roles": [{"id": "r", "name": "service"}],
            "issued_at": _text(now),
            "expires_at": _text(now + self.lifetime),
            "catalog": [
                {"id": "c", "name": "placement", "type": "placement", "endpoints": listed}
            ],
        }


class _Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], keystone: Keystone) -> None:
        self.keystone = keystone
        super().__init__(address, _Request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what tests are about: print nothing."""


class _Request(http.server.BaseHTTPRequestHandler):
    server: _Listener

    def do_GET(self) -> None:
        """Say which versions there are."""
        self._keep_silent()
        self._answer(200, {"version": {"id": "v3.14", "status": "stable"} | self._links()})

    def do_POST(self) -> None:
        """Give a token."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._keep_silent()
        given = self.server.keystone.authenticate(body["auth"]["identity"])
        if given is None:
            message = "The request you have made requires authentication."
            self._answer(
                401, {"error": {"code": 401, "title": "Unauthorized", "message": message}}
            )
        else:
            token, described = given
            self._answer(201, {"token": described}, token)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _keep_silent(self) -> None:
        if self.server.keystone.silent.is_set():
            self.server.keystone.ended.wait()

    def _links(self) -> dict[str, Any]:
        return {"links": [{"rel": "self", "href": self.server.keystone.url}]}

    def _answer(self, status: int, body: Mapping[str, Any], token: str | None = None) -> None:
        payload = json.dumps(body).encode()
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            if token is not None:
                self.send_header("X-Subject-Token", token)
            self.end_headers()
            self.wfile.write(payload)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
