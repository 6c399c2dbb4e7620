"""A real server of a test's own, as a fixture: it ends when the test process does.

What it writes is in a folder of its own, which goes with it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import fixtures

from tests.integration.support import keeper
from tests.integration.support.waiting import wait_until


class Server(fixtures.Fixture):
    """Start a program, wait until it answers, end it at cleanup.

    A kind of server says what to run; `prepare` and `answers` are its own too.
    """

    programs: tuple[str, ...] = ()
    """What must be there for this server to start, each a name or a path."""

    folders: tuple[str, ...] = ()
    """Where to look for programs that are not on the PATH."""

    user: str | None = None
    """Whom to run as where we are root and the server refuses to be."""

    stopped_by: signal.Signals = signal.SIGTERM
    """What makes it stop in good order, with clients connected too."""

    def _setUp(self) -> None:  # noqa: N802
        self.scratch = Path(tempfile.mkdtemp(prefix="understudy-"))
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)
        self._keeper: subprocess.Popen[bytes] | None = None
        self.addCleanup(self.kill)
        self.prepare()
        self.start()

    def prepare(self) -> None:
        """Make what the server needs before its first start."""

    def command(self) -> list[str]:
        """Return what to run; it must stay in the foreground."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """Return the variables to add for it."""
        return {}

    def answers(self) -> bool:
        """Return whether it serves already."""
        raise NotImplementedError

    @classmethod
    def find(cls, program: str) -> str | None:
        """Return the path of a program, if it is installed."""
        path = os.pathsep.join([*cls.folders, os.environ.get("PATH", os.defpath)])
        return shutil.which(program, path=path)

    @classmethod
    def missing(cls) -> list[str]:
        """Return the programs that it needs and that are not there."""
        return [program for program in cls.programs if cls.find(program) is None]

    @property
    def log(self) -> Path:
        """What it printed."""
        return self.scratch / "printed.log"

    @property
    def is_running(self) -> bool:
        """Whether it was started, and has not ended."""
        return self._keeper is not None and self._keeper.poll() is None

    @property
    def keeper_pid(self) -> int:
        """The process that ends this server and all that the server started."""
        if self._keeper is None:
            raise RuntimeError(f"{self._name} is not running")
        return self._keeper.pid

    def pids(self) -> set[int]:
        """Return the processes that belong to it now."""
        return {self.keeper_pid} | keeper.descendants(self.keeper_pid)

    def start(self) -> None:
        """Start it and wait until it answers."""
        if self.is_running:
            raise RuntimeError(f"{self._name} is running already")
        with self.log.open("ab") as log:
            self._keeper = subprocess.Popen(
                [*self._kept_by(), *self.command()],
                cwd=self.scratch,
                env=os.environ | self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A terminal's Ctrl-C is for the tests; they end their servers.
                start_new_session=True,
            )
        wait_until(self._serves, f"starting {self._name}")

    def stop(self) -> None:
        """Ask it to stop, and wait until nothing of it is left."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it, as a crash would, and wait until nothing of it is left."""
        self._end(signal.SIGQUIT)

    def restart(self) -> None:
        """Stop it and start it again, where it was and with what it kept."""
        self.stop()
        self.start()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it take connections and answer nothing, as a machine that thrashes does."""
        frozen = self.pids() - {self.keeper_pid}
        keeper.send(frozen, signal.SIGSTOP)
        try:
            yield
        finally:
            keeper.send(frozen, signal.SIGCONT)

    def run(self, *command: str) -> None:
        """Run a program that prepares this server to its end."""
        with self.log.open("ab") as log:
            done = subprocess.run(
                command,
                cwd=self.scratch,
                env=os.environ | self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self.user,
                extra_groups=None if self.user is None else [],
                check=False,
            )
        if done.returncode != 0:
            raise self._failed(f"{command[0]} exited with {done.returncode}")

    @property
    def _name(self) -> str:
        return type(self).__name__

    def _kept_by(self) -> list[str]:
        interpreter = [sys.executable, "-I", "-S", keeper.__file__]
        told = (os.getpid(), self.scratch, self.user or "", int(self.stopped_by))
        return [*interpreter, *map(str, told)]

    def _serves(self) -> bool:
        if self._keeper is not None and self._keeper.poll() is not None:
            self._keeper = None
            raise self._failed(f"{self._name} ended as it started")
        return self.answers()

    def _end(self, how: signal.Signals) -> None:
        if self._keeper is None:
            return
        self._keeper.send_signal(how)
        self._keeper.wait(keeper.STOP_WITHIN + 30)
        self._keeper = None

    def _failed(self, what: str) -> RuntimeError:
        printed = self.log.read_text(errors="replace")[-4000:]
        return RuntimeError(f"{what}; it printed:\n{printed}")
