"""Clients of a world: they ask until they are answered, and ask again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

from tests.chaos.plan import Ask
from tests.chaos.process import Process
from understudy.objects.errors import InvalidRequest, UnderstudyError
from understudy.rpcapi import errors
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.super_conductor import SuperConductorClient

PATIENCE: Final = 2.0
"""Seconds that a client waits for an answer, and then asks again."""

_R = TypeVar("_R")


class Client:
    """One that asks for builds."""

    def __init__(self, process: Process, conductor: SuperConductorClient, ask: Ask) -> None:
        """Ask through `conductor`."""
        self._process = process
        self._conductor = conductor
        self._ask = ask
        self._context = RequestContext(ask.request.project_id, ask.request.user_id)
        self.answers: list[list[str]] = []
        """What each call of build was answered, in order."""
        self.waiting = 0
        """What it has still to do."""

    def start(self) -> None:
        """Do all of it in time, each thing on a thread of its own."""
        self._later(self._ask.at, self._build)

    def _build(self) -> None:
        accepted = self._until_answered(
            lambda: self._conductor.build(self._context, self._ask.request)
        )
        uuids = list(accepted.instance_uuids)
        first = not self.answers
        self.answers.append(uuids)
        if not first:
            return
        if self._ask.again_after is not None:
            self._later(self._ask.again_after, self._build)
        if self._ask.cancels_after is not None:
            self._later(self._ask.cancels_after, self._cancel)
        for index, after in self._ask.deletes_after:
            self._later(after, partial(self._delete, uuids[index]))

    def _cancel(self) -> None:
        request_id = self._ask.request.request_id
        self._until_answered(lambda: self._conductor.cancel(self._context, request_id))

    def _delete(self, instance_uuid: str) -> None:
        self._until_answered(lambda: self._conductor.delete(self._context, instance_uuid))

    def _until_answered(self, call: Callable[[], _R]) -> _R:
        while True:
            try:
                return call()
            except (InvalidRequest, errors.RequestIdTaken):
                raise
            except UnderstudyError:
                self._process.kernel.sleep(0.5)

    def _later(self, seconds: float, work: Callable[[], None]) -> None:
        self.waiting += 1

        def do() -> None:
            work()
            self.waiting -= 1

        self._process.spawn("client", do, seconds)
