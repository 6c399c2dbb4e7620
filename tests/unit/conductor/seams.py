"""Processes that die at a chosen call, and everything they hold with them.

Each call that a process makes on a database, the ledger or a bus is two seams:
before it takes effect and after. From the seam at which a process dies on, none
of its calls has any effect: no handler can tidy up after a SIGKILL.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

NEVER = -1


class Killed(BaseException):
    """The process is gone; not an Exception, for nothing may handle it."""


class Process:
    """Counts its seams, and dies at `dies_at`."""

    def __init__(self, name: str, dies_at: int = NEVER) -> None:
        self.name = name
        self.dies_at = dies_at
        self.seams = 0
        self.dead = False
        self.last = ""

    def through(
        self, target: Any, kind: str, unreachable: Callable[[], Exception | None] = lambda: None
    ) -> Any:
        """The target, as this process reaches it, where it is not `unreachable`."""
        return _Seam(self, target, kind, unreachable)

    def call(self, what: str, effect: Callable[[], Any]) -> Any:
        self._pass(f"before {what}")
        result = effect()
        self._pass(f"after {what}")
        return result

    def _pass(self, where: str) -> None:
        if self.dead:
            raise Killed(self.last)
        if self.seams == self.dies_at:
            self.dead = True
            self.last = where
            raise Killed(where)
        self.seams += 1


class _Seam:
    def __init__(
        self,
        process: Process,
        target: Any,
        kind: str,
        unreachable: Callable[[], Exception | None],
    ) -> None:
        self._process = process
        self._unreachable = unreachable
        self._target = target
        self._kind = kind

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            error = self._unreachable()
            if error is not None:
                raise error
            return self._process.call(f"{self._kind}.{name}", lambda: found(*args, **kwargs))

        return call
