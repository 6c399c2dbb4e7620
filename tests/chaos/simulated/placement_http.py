"""The way to the simulated Placement: what keystoneauth's adapter is to the real one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import requests
import urllib3
from keystoneauth1 import exceptions as ksa_errors

from tests.chaos.simulated.gate import Broken, Contended, Gate, Late, Lost, Refused, Reset, Torn
from tests.chaos.simulated.placement_answers import Answer, Request

CONTENDED = "placement.concurrent_update"
_HTML = "<html><body><h1>Internal Server Error</h1></body></html>"


class SimulatedAdapter:
    """One simulated process's connection; each request passes its gate."""

    def __init__(
        self,
        answer: Callable[[Request], Answer],
        tear: Callable[[Request], None],
        gate: Gate,
    ) -> None:
        """Let `answer` answer, and `tear` leave behind what a Placement killed in a write does."""
        self._answer = answer
        self._tear = tear
        self._gate = gate

    def get_token(self) -> str:
        """Nobody is asked for one."""
        return "a-token"

    def get_endpoint(self) -> str:
        """Nobody is asked for it."""
        return "http://placement.simulated"

    def request(
        self,
        path: str,
        method: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        json: dict[str, Any] | None = None,
        raise_exc: bool = False,
        timeout: Any = None,
        headers: Any = None,
    ) -> Answer:
        """Return Placement's answer, or raise what keystoneauth raises where there is none."""
        request = Request.of(method, path, params, json)
        answer = self._before(request) or self._answer(request)
        try:
            self._gate.after(request.seam)
        except Broken:
            return Answer.broken(_HTML)
        except Lost as error:
            _lose(request, error)
        return answer

    def _before(self, request: Request) -> Answer | None:
        """Return an answer that is none of Placement's rules."""
        try:
            self._gate.before(request.seam)
        except Refused:
            _refuse(request)
        except Broken:
            return Answer.broken(_HTML)
        except Contended:
            # What only reads meets nobody.
            return None if request.is_read else Answer.error(409, CONTENDED, "a provider changed")
        except Torn as error:
            self._tear(request)
            _lose(request, error)
        except Late:
            if not request.is_read:
                self._gate.keep(lambda: self._land(request))
            _lose(request, Lost())
        except Lost as error:
            _lose(request, error)
        return None

    def _land(self, request: Request) -> None:
        """Answer, and nobody hears it."""
        self._answer(request)


def _refuse(request: Request) -> NoReturn:
    pool: Any = None
    try:
        reason = urllib3.exceptions.NewConnectionError(pool, "Connection refused")
        raise requests.exceptions.ConnectionError(
            urllib3.exceptions.MaxRetryError(pool, request.seam, reason)
        )
    except requests.exceptions.ConnectionError:
        # What keystoneauth caught is the context of what it raises.
        raise ksa_errors.ConnectFailure(f"unable to connect: {request.seam}")  # noqa: B904


def _lose(request: Request, error: Lost) -> NoReturn:
    try:
        if isinstance(error, Reset):
            raise requests.exceptions.ConnectionError("Connection aborted")
        raise requests.exceptions.ReadTimeout(request.seam)
    except requests.exceptions.Timeout:
        raise ksa_errors.ConnectTimeout(f"timed out: {request.seam}")  # noqa: B904
    except requests.exceptions.ConnectionError:
        raise ksa_errors.ConnectFailure(f"cut off: {request.seam}")  # noqa: B904
