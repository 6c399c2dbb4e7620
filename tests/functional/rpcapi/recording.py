"""An endpoint that takes every call, remembers it and answers as it was told."""

import queue
import threading
from collections.abc import Callable
from typing import Any

import oslo_messaging as messaging

from understudy.rpcapi import versions
from understudy.rpcapi.context import RequestContext

PATIENCE = 10.0
"""Seconds that a test waits for what is to come, if all else is well."""


class Recording:
    """Has an exposed method for each of `names`, and one that is not exposed: `secret`."""

    target = messaging.Target(version=max(versions.INTERFACES.values()))

    def __init__(self, *names: str, answer: Any = None) -> None:
        self.answer = answer
        self.calls: queue.Queue[tuple[str, RequestContext, dict[str, Any]]] = queue.Queue()
        for name in names:
            setattr(self, name, self._method(name))

    def _method(self, name: str) -> Callable[..., Any]:
        def method(ctxt: RequestContext, **arguments: Any) -> Any:
            self.calls.put((name, ctxt, arguments))
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        messaging.expose(method)
        return method

    def secret(self, ctxt: RequestContext, **arguments: Any) -> None:
        raise AssertionError("this must not be reached")

    def next_call(self) -> tuple[str, RequestContext, dict[str, Any]]:
        """Return the oldest call not looked at; raises queue.Empty if none comes."""
        return self.calls.get(timeout=PATIENCE)


class Holding:
    """Has one method, `end_instances`, that begins and then waits until `go_on` is set."""

    target = messaging.Target(version="1.0")

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.done: list[str] = []

    @messaging.expose
    def end_instances(self, ctxt: RequestContext, instance_uuids: list[str]) -> None:
        self.begun.release()
        if not self.go_on.wait(PATIENCE):
            raise AssertionError("nobody said to go on")
        self.done.extend(instance_uuids)
