"""A simulated process: its threads, its way out to everything else, and its death."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

from tests.chaos.kernel import Kernel, Killed, Task
from tests.chaos.trace import KILLED, Trace

WORLD: Final = "world"
"""The kind of those who look on: nothing happens to them, and they never wait."""
SUPER_USER: Final = "super-conductor"
"""As whom super conductors are logged in at every broker."""


def user_of(kind: str, name: str, place: str) -> str:
    """Return as which user of its broker a process is logged in: agents have one each."""
    match kind:
        case "super":
            return SUPER_USER
        case "conductor":
            return f"{place}-conductor"
        case "agent" | "hostile":
            return name
        case _:
            return kind


class Mishap(Protocol):
    """What happens at a seam."""

    label: str

    def strike(self, process: Process) -> None:
        """Raise what becomes of the call, let it take its time, or kill the process."""


class Fates(Protocol):
    """What is in store."""

    def at(self, process: Process, target: str, seam: str, when: str) -> Mishap | None:
        """Return what happens to this process at this seam, if anything does."""

    def latency(self) -> float:
        """Return how long a call takes at one of its ends."""

    def landing(self) -> float | None:
        """Return in how many seconds something lands that is late; None: never."""


class Process:
    """One process, from its start to its death; the next one is another object.

    `kind` is "super", "scheduler", "conductor", "agent", "client" or "hostile";
    `place` the name of the bus that it is on.
    """

    def __init__(
        self, name: str, kind: str, place: str, kernel: Kernel, fates: Fates, trace: Trace
    ) -> None:
        self.name = name
        self.kind = kind
        self.place = place
        self.user = user_of(kind, name, place)
        """As which user of the broker it is logged in, in each of its lives."""
        self.dead = False
        self.skew = 0.0
        """Seconds that its clock is ahead."""
        self.kernel = kernel
        self.on_death: list[Callable[[], None]] = []
        self.behalf_of: Callable[[str], object] | None = None
        """Says of a method that it calls on whose behalf it is done; None: on nobody's."""
        self._fates = fates
        self._trace = trace
        self._tasks: list[Task] = []

    def spawn(self, name: str, work: Callable[[], object], after: float = 0.0) -> Task:
        """Start a thread of this process."""
        self._tasks = [task for task in self._tasks if not task.ended]
        task = self.kernel.spawn(name, self, work, after)
        self._tasks.append(task)
        return task

    def die(self) -> None:
        """End at once, with everything that it holds in memory."""
        if self.dead:
            return
        self.dead = True
        self.kernel.end(self._tasks)
        for tell in self.on_death:
            tell()

    def to(self, target: str) -> Way:
        """Return its gate to a database ("api-db"), a bus ("api") or the "ledger"."""
        return Way(self, target)

    def pass_(self, target: str, seam: str, when: str) -> None:
        """Pass one end of a call: here processes die, calls fail, and threads take turns."""
        if self.dead:
            raise Killed
        if self.kind == WORLD:
            return
        mishap = self._fates.at(self, target, seam, when)
        self._trace.note(
            (self.kernel.now, self.name, f"{when} {seam}", mishap.label if mishap else "")
        )
        if mishap is not None:
            mishap.strike(self)
            return
        seconds = self._fates.latency()
        if seconds:
            self.kernel.sleep(seconds)

    def pause(self, seconds: float, seam: str) -> None:
        """Wait at a seam of the clock."""
        self.pass_("clock", seam, "before")
        self.kernel.sleep(seconds)
        self.pass_("clock", seam, "after")

    def keep(self, effect: Callable[[], None]) -> None:
        """Let an effect land late, or never."""
        seconds = self._fates.landing()
        if seconds is not None:
            self.kernel.later(seconds, partial(self.kernel.do_for, self.kernel.behalf, effect))


class Way:
    """One process's gate to one of the things that it talks to."""

    __slots__ = ("_process", "_target")

    def __init__(self, process: Process, target: str) -> None:
        self._process = process
        self._target = target

    def before(self, seam: str) -> None:
        """See Gate.before."""
        self._process.pass_(self._target, seam, "before")

    def after(self, seam: str) -> None:
        """See Gate.after."""
        self._process.pass_(self._target, seam, "after")

    def keep(self, effect: Callable[[], None]) -> None:
        """See Gate.keep."""
        self._process.keep(effect)


class Crash:
    """The process dies here."""

    label = KILLED

    def strike(self, process: Process) -> None:
        """Kill it."""
        process.die()
        raise Killed


class Failure:
    """The call fails, after so many seconds."""

    def __init__(self, error: type[Exception], seconds: float = 0.0) -> None:
        self.label = error.__name__.lower()
        self._error = error
        self._seconds = seconds

    def strike(self, process: Process) -> None:
        """Wait, and raise."""
        if self._seconds:
            process.kernel.sleep(self._seconds)
        raise self._error


class Stall:
    """The thread stands still for a while."""

    def __init__(self, seconds: float) -> None:
        self.label = f"stalled for {seconds:.1f} s"
        self._seconds = seconds

    def strike(self, process: Process) -> None:
        """Wait."""
        process.kernel.sleep(self._seconds)
