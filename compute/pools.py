"""The threads that builds, calls and destroys run on, apart from the bus's own.

Builds have a pool of their own, so that long ones never keep an outcome from
being told or a teardown from being done. Nothing here lasts: whatever is still
queued when the agent ends is found again in its journal.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

LOG = logging.getLogger(__name__)

Work = Callable[[], object]


class Pools(Protocol):
    """Runs work later, on some thread; work handed in after the end is dropped."""

    def build(self, work: Work) -> None:
        """Run it as soon as one of the builders is free."""
        ...

    def call(self, work: Work, after: float = 0.0) -> None:
        """Run it on one of the callers, after so many seconds."""
        ...


class Pool:
    """A fixed number of threads and a queue.

    The threads are daemons: a driver call that hangs cannot keep the process
    from ending, as an executor's would.
    """

    def __init__(self, name: str, workers: int) -> None:
        """Start the threads."""
        self._ready = threading.Condition()
        self._queue: deque[Work] = deque()
        self._running = 0
        self._closed = False
        for number in range(workers):
            threading.Thread(target=self._serve, name=f"{name}-{number}", daemon=True).start()

    def submit(self, work: Work) -> None:
        """Queue it, unless the pool is closed."""
        with self._ready:
            if not self._closed:
                self._queue.append(work)
                self._ready.notify()

    def close(self) -> None:
        """Start nothing any more."""
        with self._ready:
            self._closed = True
            self._queue.clear()
            self._ready.notify_all()

    def wait_idle(self, seconds: float) -> bool:
        """Wait for what runs and is queued; say whether all of it ended in time."""
        with self._ready:
            return self._ready.wait_for(lambda: not self._queue and not self._running, seconds)

    def _serve(self) -> None:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._queue or self._closed)
                if self._closed:
                    return
                work = self._queue.popleft()
                self._running += 1
            try:
                work()
            except Exception:
                LOG.exception("%s failed", work)
            finally:
                with self._ready:
                    self._running -= 1
                    self._ready.notify_all()


class Timer:
    """One thread that hands work on when it is due."""

    def __init__(self, hand_on: Callable[[Work], None]) -> None:
        """Start the thread; due work goes to `hand_on`."""
        self._hand_on = hand_on
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Work]] = []
        self._number = itertools.count()
        self._closed = False
        threading.Thread(target=self._serve, name="timer", daemon=True).start()

    def submit(self, work: Work, after: float) -> None:
        """Hand it on in so many seconds."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + after, next(self._number), work))
            self._changed.notify()

    def close(self) -> None:
        """Hand nothing on any more."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _serve(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                now = time.monotonic()
                if not self._due or self._due[0][0] > now:
                    self._changed.wait(self._due[0][0] - now if self._due else None)
                    continue
                work = heapq.heappop(self._due)[2]
            self._hand_on(work)


class ThreadPools:
    """The pools of a running agent."""

    def __init__(self, builders: int, callers: int) -> None:
        """Start the threads: call it after any fork."""
        self._builders = Pool("build", builders)
        self._callers = Pool("call", callers)
        self._timer = Timer(self._callers.submit)

    def build(self, work: Work) -> None:
        """Queue a build."""
        self._builders.submit(work)

    def call(self, work: Work, after: float = 0.0) -> None:
        """Queue a call, at once or when it is due."""
        if after > 0:
            self._timer.submit(work, after)
        else:
            self._callers.submit(work)

    def close(self) -> None:
        """Start nothing any more; what runs goes on."""
        self._timer.close()
        self._builders.close()
        self._callers.close()

    def drain(self, seconds: float) -> bool:
        """Begin no build any more; wait for those that run, and until their outcome is told.

        Say whether all of it ended in time; nothing is started after this.
        """
        until = time.monotonic() + seconds
        self._timer.close()
        self._builders.close()
        built = self._builders.wait_idle(seconds)
        told = self._callers.wait_idle(max(0.0, until - time.monotonic()))
        self._callers.close()
        return built and told
