"""One request to Placement, and what can be known after it.

An answer to a write is definite (Done, Conflict, Refused) or it is Lost: sent,
perhaps applied, unanswered. A write that was never sent raises
LedgerUnavailable, for then nothing can have changed. Codes are matched, texts
are only quoted.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import requests
import urllib3
from keystoneauth1 import adapter as ksa_adapter
from keystoneauth1 import exceptions as ksa_errors

from understudy.ledger import errors

MICROVERSION: Final = "1.39"
NO_ROOM: Final = "placement.undefined_code"
"""The code of a 409 that means "no room" where allocations are written."""
CONCURRENT_UPDATE: Final = "placement.concurrent_update"

Query = Sequence[tuple[str, str]]

_LOOK_AT: Final = "check [placement] region_name and valid_interfaces"
_TRY_LATER: Final = (408, 429)
_CLIENT_ERROR: Final = 400
_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class Done:
    """The write is applied; `body` is {} where the answer had none.

    `created` says that the answer was a 201: what the write names was not there before.
    """

    body: dict[str, Any]
    created: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A 409: nothing is applied; `code` says which kind."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The request itself is wrong; nothing is applied."""

    status: int
    detail: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The write may have been applied, now or later; nobody said."""

    detail: str


Outcome = Done | Conflict | Refused | Lost


def may_be_applied(outcome: Outcome) -> bool:
    """Is the write applied, for all that is known?"""
    return isinstance(outcome, Done | Lost)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds, for a connection and for an answer."""

    connect: float = 5.0
    read: float = 30.0


class PlacementApi:
    """Placement's API through one keystoneauth adapter. Safe to use from many threads."""

    def __init__(self, adapter: ksa_adapter.Adapter, timeouts: Timeouts | None = None) -> None:
        """Speak through `adapter`, over HTTP or to an application mounted in the process."""
        self._adapter = adapter
        timeouts = timeouts or Timeouts()
        self._timeout = (timeouts.connect, timeouts.read)

    def get(self, path: str, query: Query = ()) -> dict[str, Any]:
        """Return the body of GET `path`. Raises LedgerUnavailable or LedgerRefused."""
        operation = f"GET {path}"
        response = self._read(operation, path, query)
        if _is_outage(response):
            raise errors.LedgerUnavailable(operation, _summary(response))
        if response.status_code >= _CLIENT_ERROR:
            raise errors.LedgerRefused(operation, response.status_code, _detail(response))
        body = _json(response)
        if body is None:
            raise errors.LedgerUnavailable(operation, "the answer is not Placement's")
        return body

    def write(self, method: str, path: str, body: dict[str, Any] | None = None) -> Outcome:
        """Send a write, once. Raises LedgerUnavailable where it was never sent."""
        operation = f"{method} {path}"
        payload = {} if body is None else {"json": body}
        try:
            response = self._send(operation, method, path, **payload)
        except _AnswerLost as error:
            return Lost(str(error))
        if _is_outage(response):
            return Lost(_summary(response))
        if response.status_code == requests.codes.conflict:
            return Conflict(_code(response), _detail(response))
        if response.status_code >= _CLIENT_ERROR:
            return Refused(response.status_code, _detail(response))
        answer = _json(response)
        if answer is None:
            return Lost("the answer is not Placement's")
        return Done(answer, created=response.status_code == requests.codes.created)

    def _read(self, operation: str, path: str, query: Query) -> requests.Response:
        """Read, a second time if a connection that was kept open turns out to be dead."""
        try:
            try:
                return self._send(operation, "GET", path, params=list(query))
            except _AnswerLost as error:
                if error.timed_out:
                    raise
                return self._send(operation, "GET", path, params=list(query))
        except _AnswerLost as error:
            raise errors.LedgerUnavailable(operation, str(error)) from error

    def _send(self, operation: str, method: str, path: str, **kwargs: Any) -> requests.Response:
        """Send the request; _AnswerLost once it may have reached the other side."""
        endpoint = self._authenticate(operation)
        try:
            return self._adapter.request(
                path,
                method,
                raise_exc=False,
                timeout=self._timeout,
                headers={"Accept": "application/json"},
                **kwargs,
            )
        except ksa_errors.ClientException as error:
            # keystoneauth calls every timeout a ConnectTimeout; only what it caught can tell.
            cause = error.__context__
            if _never_sent(cause) or _is_keystones(error, cause, endpoint):
                raise errors.LedgerUnavailable(operation, _told(error)) from error
            timed_out = isinstance(cause, requests.exceptions.Timeout)
            raise _AnswerLost(str(error), timed_out) from error

    def _authenticate(self, operation: str) -> str:
        """Do beforehand what could fail without Placement being asked; return its endpoint."""
        try:
            self._adapter.get_token()
            endpoint = self._adapter.get_endpoint()
        except ksa_errors.ClientException as error:
            raise errors.LedgerUnavailable(operation, _told(error)) from error
        if endpoint is None:
            raise errors.LedgerUnavailable(operation, f"no endpoint for it; {_LOOK_AT}")
        return endpoint


class _AnswerLost(Exception):
    """Sent, but the answer did not come."""

    def __init__(self, detail: str, timed_out: bool) -> None:
        super().__init__(detail)
        self.timed_out = timed_out


def _never_sent(cause: BaseException | None) -> bool:
    """Did the connection fail before any byte of the request left?"""
    if isinstance(cause, requests.exceptions.ConnectTimeout):
        return True
    if not isinstance(cause, requests.exceptions.ConnectionError) or not cause.args:
        return False
    reason = getattr(cause.args[0], "reason", None)
    if isinstance(reason, urllib3.exceptions.SSLError) and reason.args:
        # We hung up before we said anything.
        return isinstance(reason.args[0], ssl.SSLCertVerificationError)
    return isinstance(reason, urllib3.exceptions.NewConnectionError)


def _is_keystones(
    error: ksa_errors.ClientException, cause: BaseException | None, endpoint: str
) -> bool:
    """Did it fail at Keystone, which is asked again where Placement has refused a token?"""
    if not isinstance(error, ksa_errors.ConnectionError):
        return True
    asked = getattr(cause, "request", None)
    return asked is not None and not str(asked.url).startswith(endpoint)


def _told(error: ksa_errors.ClientException) -> str:
    if isinstance(error, ksa_errors.Unauthorized):
        return f"Keystone refuses the credentials in [placement]: {error}"
    if isinstance(error, ksa_errors.CatalogException):
        return f"{error}; {_LOOK_AT}"
    return str(error)


def _is_outage(response: requests.Response) -> bool:
    return response.status_code >= _SERVER_ERROR or response.status_code in _TRY_LATER


def _json(response: requests.Response) -> dict[str, Any] | None:
    """Return the body; {} where there is none; None where it is not Placement's JSON."""
    if not response.content:
        return {}
    try:
        body = response.json()
    except requests.exceptions.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def _first_error(response: requests.Response) -> dict[str, Any]:
    found = (_json(response) or {}).get("errors")
    if isinstance(found, list) and found and isinstance(found[0], dict):
        return found[0]
    return {}


def _code(response: requests.Response) -> str:
    return str(_first_error(response).get("code", ""))


def _detail(response: requests.Response) -> str:
    detail = _first_error(response).get("detail") or response.reason or ""
    return " ".join(str(detail).split())


def _summary(response: requests.Response) -> str:
    return f"{response.status_code} {_detail(response)}"
