"""One thread at a time, in simulated seconds, in an order that a seed draws.

A simulated thread is a greenlet. It runs until it sleeps or waits; then the
clock jumps to whatever is due next. What is due at the same moment comes in an
order that is drawn. So everything that happens follows from the seed.
"""

from __future__ import annotations

import functools
import heapq
import itertools
import random
from collections.abc import Callable
from typing import Any, Final, Protocol

from greenlet import getcurrent, greenlet

START: Final = 1_700_000_000.0
"""When every world begins, in seconds since the epoch."""


class Killed(BaseException):
    """The process is gone; not an Exception, for nothing may handle it."""


class Mortal(Protocol):
    """Whose a thread is: it ends with its owner."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def dead(self) -> bool:
        """Is it gone?"""


class Task:
    """One simulated thread."""

    __slots__ = ("alarm", "behalf", "ended", "greenlet", "name", "owner")

    def __init__(self, name: str, owner: Mortal, behalf: object | None = None) -> None:
        self.name = name
        self.owner = owner
        self.behalf = behalf
        self.greenlet: greenlet | None = None
        self.alarm: Alarm | None = None
        self.ended = False


class Alarm:
    """Something that is due."""

    __slots__ = ("action",)

    def __init__(self, action: Callable[[], None]) -> None:
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Let nothing happen."""
        self.action = None


class Kernel:
    """The clock, and whose turn it is."""

    def __init__(self, draw: random.Random) -> None:
        """Break ties, and nothing else, by `draw`."""
        self.now = START
        self.current: Task | None = None
        self.broken: list[tuple[Task, BaseException]] = []
        """Threads that ended with an error that nothing handled."""
        self._tie = draw.random
        self._due: list[tuple[float, float, int, Alarm]] = []
        self._number = itertools.count()
        self._hub = getcurrent()
        self._doomed: list[Task] = []
        self._landing: object | None = None

    @property
    def behalf(self) -> object | None:
        """On whose behalf, if anybody's, is done what happens just now?

        A thread works for whom the thread did that started it.
        """
        return self._landing if self.current is None else self.current.behalf

    def do_for(self, behalf: object | None, action: Callable[[], None]) -> None:
        """Do `action`, outside any thread, on somebody's behalf."""
        self._landing = behalf
        try:
            action()
        finally:
            self._landing = None

    def later(self, seconds: float, action: Callable[[], None]) -> Alarm:
        """Have `action` done in so many seconds, outside any thread; it must not wait."""
        alarm = Alarm(action)
        entry = (self.now + seconds, self._tie(), next(self._number), alarm)
        heapq.heappush(self._due, entry)
        return alarm

    def spawn(
        self, name: str, owner: Mortal, work: Callable[[], object], after: float = 0.0
    ) -> Task:
        """Start a thread in so many seconds."""
        task = Task(name, owner, self.behalf)
        task.alarm = self.later(after, functools.partial(self._begin, task, work))
        return task

    def sleep(self, seconds: float) -> None:
        """Let the running thread go on in so many seconds. Raises Killed."""
        task = self._running()
        task.alarm = self.later(seconds, functools.partial(self._switch, task))
        self._suspend(task)

    def suspend(self) -> None:
        """Let the running thread wait until it is woken. Raises Killed."""
        self._suspend(self._running())

    def wake(self, task: Task) -> None:
        """Let a suspended thread go on, now."""
        if not task.ended:
            task.alarm = self.later(0.0, functools.partial(self._switch, task))

    def end(self, tasks: list[Task]) -> None:
        """Unwind these threads, whose owner is dead; the running one does so by itself."""
        self._doomed += [task for task in tasks if task is not self.current]

    def run(self, until: float) -> None:
        """Do what is due until that time, in order."""
        self._unwind()
        while self._due and self._due[0][0] <= until:
            due, _, _, alarm = heapq.heappop(self._due)
            self.now = max(self.now, due)
            if alarm.action is not None:
                alarm.action()
                self._unwind()
        self.now = max(self.now, until)

    def _begin(self, task: Task, work: Callable[[], object]) -> None:
        if task.owner.dead:
            task.ended = True
            return
        task.greenlet = greenlet(functools.partial(self._live, task, work), parent=self._hub)
        self._switch(task)

    def _live(self, task: Task, work: Callable[[], object]) -> None:
        try:
            work()
        except Killed:
            pass
        except BaseException as error:
            self.broken.append((task, error))
        finally:
            task.ended = True

    def _switch(self, task: Task) -> None:
        if task.ended or task.greenlet is None:
            return
        self.current = task
        try:
            task.greenlet.switch()
        finally:
            self.current = None

    def _suspend(self, task: Task) -> None:
        if task.owner.dead:
            raise Killed
        self._hub.switch()
        if task.owner.dead:
            raise Killed

    def _running(self) -> Task:
        if self.current is None:
            raise RuntimeError("only a simulated thread may wait")
        return self.current

    def _unwind(self) -> None:
        while self._doomed:
            task = self._doomed.pop(0)
            if task.alarm is not None:
                task.alarm.cancel()
            if task.greenlet is None:
                task.ended = True
            elif not task.ended:
                self.current = task
                try:
                    task.greenlet.throw(Killed)
                finally:
                    self.current = None


class Mailbox:
    """Where one thread waits for one thing; what comes after the first is dropped."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._waiting: Task | None = None
        self.full = False
        self.content: Any = None

    def put(self, content: Any = None) -> None:
        """Put it in; whoever waits goes on."""
        if self.full:
            return
        self.full, self.content = True, content
        if self._waiting is not None:
            if self._waiting.alarm is not None:
                self._waiting.alarm.cancel()
            self._kernel.wake(self._waiting)

    def empty(self) -> None:
        """Be used again."""
        self.full, self.content = False, None

    def wait(self, seconds: float) -> bool:
        """Wait so long at most; is there something? Raises Killed."""
        if not self.full:
            self._waiting = self._kernel.current
            try:
                self._kernel.sleep(seconds)
            finally:
                self._waiting = None
        return self.full


class Turn:
    """A lock between simulated threads, to be held while one of them waits."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._held = False
        self._waiting: list[Task] = []

    def __enter__(self) -> Turn:
        while self._held and self._kernel.current is not None:
            self._waiting.append(self._kernel.current)
            self._kernel.suspend()
        self._held = True
        return self

    def __exit__(self, *error: object) -> None:
        self._held = False
        for task in self._waiting:
            self._kernel.wake(task)
        self._waiting.clear()
