"""The way to the fake ledger's store, with the faults that happen on it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from tests.fakes.faults import Fault, Faults
from tests.fakes.ledger_store import BadRequest, Concurrent, NoRoom, Store, Write
from understudy.ledger import errors

T = TypeVar("T")

MAX_TREE_TRIES = 10


class AnswerLost(Exception):
    """The write was applied or not; nobody said."""


class Wire:
    """The store behind one lock; `faults` says what becomes of each request."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.store = Store()
        self.calls: Counter[str] = Counter()
        self.writes = 0
        self.lock = threading.RLock()

    def read(self, operation: str, look: Callable[[], T]) -> T:
        """Return what `look` sees, or raise LedgerUnavailable."""
        fault = self.faults.of_read(operation)
        if fault is not Fault.NONE:
            raise errors.LedgerUnavailable(operation, fault.value)
        with self.lock:
            return look()

    def write(self, operation: str, writes: Sequence[Write]) -> None:
        """Apply allocations. Raises what the store raises, AnswerLost, LedgerUnavailable."""
        self._send(operation, lambda: self.store.apply(writes))

    def write_tree(self, operation: str, change: Callable[[], None]) -> None:
        """Apply a change that may be repeated until it is answered."""
        for _ in range(MAX_TREE_TRIES):
            try:
                self._send(operation, change)
                return
            except (Concurrent, AnswerLost):
                continue
        raise errors.LedgerUnavailable(operation, f"not settled in {MAX_TREE_TRIES} tries")

    def _send(self, operation: str, apply: Callable[[], None]) -> None:
        fault = self.faults.of_write(operation)
        if fault is Fault.REFUSED:
            raise errors.LedgerUnavailable(operation, fault.value)
        with self.lock:
            self.writes += 1
        if fault is Fault.CONTENDED:
            raise Concurrent(operation)
        if fault is Fault.LATE:
            self.faults.keep(lambda: self._apply_unheard(apply))
        if fault is Fault.LOST_AFTER:
            self._apply_unheard(apply)
        if fault is not Fault.NONE:
            raise AnswerLost(operation)
        with self.lock:
            apply()

    def _apply_unheard(self, apply: Callable[[], None]) -> None:
        """Apply, and tell nobody how it went."""
        with self.lock:
            try:
                apply()
            except (BadRequest, Concurrent, NoRoom, errors.LedgerError):
                return
