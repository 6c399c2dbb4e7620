"""What goes wrong between us and the ledger, planned write by write.

The same plan drives the fake ledger and the transport under the real one, so
that one test states what both promise.
"""

from __future__ import annotations

import enum
import threading
from collections import deque
from collections.abc import Callable


class Fault(enum.Enum):
    """What becomes of one request."""

    NONE = "answered as usual"
    REFUSED = "connection refused: never sent"
    LOST_BEFORE = "sent, and never arrives"
    LOST_AFTER = "applied, and the answer never arrives"
    LATE = "unanswered, and applied when `land` is called"
    ERROR = "an answer of 500 in HTML, nothing applied"
    CONTENDED = "a 409 concurrent_update that is about the provider"


class Faults:
    """A plan: the next writes and reads in order, then `writes` and `reads` for ever.

    `hook` is called with the name of each operation before it starts; a test
    blocks there to make the ledger slow.
    """

    def __init__(self) -> None:
        self.writes = Fault.NONE
        self.reads = Fault.NONE
        self.hook: Callable[[str], None] = lambda operation: None
        self._next_writes: deque[Fault] = deque()
        self._next_reads: deque[Fault] = deque()
        self._late: list[Callable[[], object]] = []
        self._lock = threading.Lock()

    def next_writes(self, *faults: Fault) -> None:
        """Plan the next writes, after those planned already."""
        self._next_writes.extend(faults)

    def next_reads(self, *faults: Fault) -> None:
        """Plan the next reads, after those planned already."""
        self._next_reads.extend(faults)

    def forget_plan(self) -> None:
        """Plan nothing more; what is late stays late."""
        self._next_writes.clear()
        self._next_reads.clear()

    def of_write(self, operation: str) -> Fault:
        """Return what becomes of this write."""
        self.hook(operation)
        with self._lock:
            return self._next_writes.popleft() if self._next_writes else self.writes

    def of_read(self, operation: str) -> Fault:
        """Return what becomes of this read."""
        self.hook(operation)
        with self._lock:
            return self._next_reads.popleft() if self._next_reads else self.reads

    def keep(self, write: Callable[[], object]) -> None:
        """Keep a late write until `land`."""
        self._late.append(write)

    def land(self) -> None:
        """Let the late writes arrive now, in the order in which they were sent."""
        late, self._late = self._late, []
        for write in late:
            write()
