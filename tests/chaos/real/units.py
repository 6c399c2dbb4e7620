"""A service as systemd keeps it: whatever ends it, it is started again shortly after."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time

from tests.integration.support.service import Service
from tests.integration.support.waiting import PATIENCE

RESTART_AFTER = 0.5
"""Seconds; RestartSec of a unit."""
LOOK = 0.1


class Unit:
    """One service with all its processes, and the thread that starts it again."""

    def __init__(self, service: Service) -> None:
        """Keep a service that runs already."""
        self.service = service
        self.told = service.told
        self._ended = threading.Event()
        self._down_until = 0.0
        self._thread = threading.Thread(target=self._keep, name=self.told, daemon=True)
        self._thread.start()

    def kill_one(self, chance: random.Random) -> str | None:
        """Kill one of its processes, as any may be killed; say which, or None if there is none.

        With the master the others go too, as systemd sees to.
        """
        processes = self._processes()
        if not processes:
            return None
        pid = chance.choice(sorted(processes))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            return f"{processes[pid]} of {self.told}"
        return None

    def kill(self, down_for: float) -> str | None:
        """Kill all of it, and leave it so for some seconds."""
        self._down_until = time.monotonic() + down_for
        return self._kill_master()

    def freeze(self, seconds: float, thaw: threading.Event) -> None:
        """Stop all of its processes for so long, or until `thaw`, and let them go on."""
        with contextlib.suppress(RuntimeError), self.service.frozen():
            thaw.wait(seconds)

    def serves(self) -> bool:
        """Is it up, as far as it says so itself?"""
        return self.service.is_running and self.service.answers()

    def let_go(self) -> None:
        """Start it no more."""
        self._ended.set()
        self._thread.join(PATIENCE)

    def _kill_master(self) -> str | None:
        for pid, what in self._processes().items():
            if what == "the master":
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                return f"all of {self.told}"
        return None

    def _processes(self) -> dict[int, str]:
        """Return its processes by pid; what is just starting or ending has none."""
        try:
            master = self.service.master()
            workers = self.service.workers()
        except (RuntimeError, ValueError):
            return {}
        return {master: "the master", **dict.fromkeys(workers, "a worker")}

    def _keep(self) -> None:
        while not self._ended.wait(LOOK):
            if self.service.is_running or time.monotonic() < self._down_until:
                continue
            self._ended.wait(RESTART_AFTER)
            # Killed while it started, or it waits for its broker longer than is waited for here.
            with contextlib.suppress(RuntimeError, TimeoutError):
                self.service.start()
