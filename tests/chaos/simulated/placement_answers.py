"""A request to the simulated Placement, and an answer of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import requests

UNDEFINED = "placement.undefined_code"


@dataclass(frozen=True, slots=True)
class Request:
    """One request, taken apart; its body is a copy of its own."""

    method: str
    path: tuple[str, ...]
    """What stands between the slashes."""
    query: tuple[tuple[str, str], ...]
    body: dict[str, Any]

    @classmethod
    def of(
        cls,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]],
        body: dict[str, Any] | None,
    ) -> Request:
        """Take the path apart and copy the body, for a late write must not see later changes."""
        return cls(method, tuple(path.split("/")[1:]), tuple(query), _copied(body or {}))

    @property
    def seam(self) -> str:
        """What is asked of what kind of thing, and not of which one."""
        return f"placement {self.method} {'/'.join(self.path[::2])}"

    @property
    def is_read(self) -> bool:
        """Does it change nothing?"""
        return self.method == "GET"


class Answer:
    """What the ledger looks at of a `requests.Response`."""

    __slots__ = ("_body", "content", "reason", "status_code")

    def __init__(self, status: int, body: Any, content: bytes, reason: str = "") -> None:
        self.status_code = status
        self.content = content
        self.reason = reason
        self._body = body

    def json(self) -> Any:
        """Return the body. Raises requests' JSONDecodeError where it is none."""
        if self._body is None:
            raise requests.exceptions.JSONDecodeError("not JSON", self.content.decode(), 0)
        return self._body

    @classmethod
    def ok(cls, body: dict[str, Any]) -> Answer:
        """Answer 200."""
        return cls(200, body, b"{}")

    @classmethod
    def done(cls) -> Answer:
        """Answer 204."""
        return cls(204, None, b"")

    @classmethod
    def created(cls) -> Answer:
        """Answer 201."""
        return cls(201, None, b"")

    @classmethod
    def error(cls, status: int, code: str, detail: str) -> Answer:
        """Answer with one error in Placement's form."""
        body = {"errors": [{"status": status, "code": code, "detail": detail}]}
        return cls(status, body, b"{}", detail)

    @classmethod
    def broken(cls, html: str) -> Answer:
        """Answer 500 with a page."""
        return cls(500, None, html.encode(), "Internal Server Error")


class Fault(Exception):
    """Ends a request with an error: a status, a code and a sentence."""

    def __init__(self, status: int, detail: str, code: str = UNDEFINED) -> None:
        super().__init__(status, detail, code)
        self.status = status
        self.detail = detail
        self.code = code

    def answer(self) -> Answer:
        """Return it as an answer."""
        return Answer.error(self.status, self.code, self.detail)


def _copied(value: Any) -> Any:
    """Return a copy of what JSON can say; copy.deepcopy takes ten times as long."""
    if isinstance(value, dict):
        return {key: _copied(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_copied(one) for one in value]
    return value
