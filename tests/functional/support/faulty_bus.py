"""Buses that lose, double or keep messages as they are told to."""

from __future__ import annotations

import contextlib
import functools
import math
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import oslo_messaging as messaging

from tests.functional.support.cloud import ALL, Mishap
from understudy.rpcapi.bus import Bus

Send = Callable[..., Any]


class FaultyMessages:
    """The plan for all buses it was inserted into; the `Messages` of a cloud under test."""

    def __init__(self) -> None:
        """Begin with all well."""
        self._lock = threading.Lock()
        self._planned: dict[str, tuple[Mishap, float]] = {}
        self._copies: list[Callable[[], object]] = []
        self._sent: Counter[str] = Counter()
        self._draw: Callable[[], Mishap | None] = _nothing

    def plan(self, method: str, mishap: Mishap, times: int | None = None) -> None:
        """Let this happen to the next `times` messages (None: to all) to `method`."""
        with self._lock:
            self._planned[method] = (mishap, math.inf if times is None else times)

    def disturb(self, draw: Callable[[], Mishap | None]) -> None:
        """Let this draw say what becomes of each message that has no other plan."""
        self._draw = draw

    def replay(self) -> int:
        """Let the copies arrive; return how many there were."""
        with self._lock:
            copies, self._copies = self._copies, []
        for arrive in copies:
            # Its sender got an answer long ago and is not there to get another one.
            with contextlib.suppress(Exception):
                arrive()
        return len(copies)

    def sent(self, method: str) -> int:
        """Return how many messages went to `method`."""
        return self._sent[method]

    def forget_plan(self) -> None:
        """Let all messages arrive once from now on, and draw no more."""
        with self._lock:
            self._planned.clear()
            self._draw = _nothing

    def insert(self, bus: Bus, is_cut: Callable[[], bool] = lambda: False) -> Bus:
        """Put the plan below the bus; nothing is delivered while `is_cut`."""
        bus.transport._send = functools.partial(self._send, bus.transport._send, is_cut)
        return bus

    def _send(
        self,
        send: Send,
        is_cut: Callable[[], bool],
        target: Any,
        context: Any,
        message: dict[str, Any],
        **options: Any,
    ) -> Any:
        if is_cut():
            raise messaging.MessageDeliveryFailure("cut off, as planned")
        deliver = functools.partial(send, target, context, message, **options)
        service = target.topic.rpartition(".")[2]
        is_call = bool(options.get("wait_for_reply"))
        match self._next(f"{service}.{message['method']}", deliver, is_call=is_call):
            case Mishap.LOST:
                return _unanswered(options)
            case Mishap.ANSWER_LOST:
                deliver()
                return _unanswered(options)
            case Mishap.TWICE:
                answer = deliver()
                with contextlib.suppress(Exception):
                    deliver()
                return answer
        return deliver()

    def _next(self, method: str, deliver: Callable[[], object], *, is_call: bool) -> Mishap | None:
        """Return what becomes of this message, and count it."""
        with self._lock:
            self._sent[method] += 1
            mishap = self._planned_for(method) or self._drawn(is_call=is_call)
            if mishap is Mishap.COPIED:
                self._copies.append(deliver)
            return mishap

    def _drawn(self, *, is_call: bool) -> Mishap | None:
        """Draw, but keep no copy of a call: it would outlive its caller's patience."""
        mishap = self._draw()
        return Mishap.TWICE if is_call and mishap is Mishap.COPIED else mishap

    def _planned_for(self, method: str) -> Mishap | None:
        known = method if method in self._planned else ALL
        if known not in self._planned:
            return None
        mishap, times = self._planned.pop(known)
        if times > 1:
            self._planned[known] = (mishap, times - 1)
        return mishap


def _nothing() -> None:
    """Draw no mishap."""


def _unanswered(options: dict[str, Any]) -> None:
    """Return at once as a cast does, or raise what a call raises in the end."""
    if options.get("wait_for_reply"):
        raise messaging.MessagingTimeout("no answer, as planned")
