"""Keep one server: start it, and end it with all that it started.

A program of its own between a test process and a server. It ends the server when
it is told to or when the test process is gone, killed included. What the server
detaches (Erlang's epmd, for one) becomes the keeper's child, so it is ended too,
by its pid.

usage: keeper.py PARENT SCRATCH USER SIGNAL PROGRAM [ARGUMENT...]

SIGTERM asks the server to stop, by SIGNAL; SIGQUIT kills it. PARENT is the test
process; with it gone, the folder SCRATCH goes too. USER may be empty.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

SET_PARENT_DEATH_SIGNAL = 1
SET_CHILD_SUBREAPER = 36
SIGNALS = (signal.SIGTERM, signal.SIGQUIT, signal.SIGCHLD, signal.SIGINT, signal.SIGHUP)
LOOK_FOR_PARENT = 0.5
STOP_WITHIN = 30.0


def prctl(option: int, value: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def prepare_server() -> None:
    """Run in the server's process, before its program does."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def start(program: list[str], user: str) -> subprocess.Popen[bytes]:
    group = pwd.getpwnam(user).pw_gid if user else None
    return subprocess.Popen(
        program,
        stdin=subprocess.DEVNULL,
        user=user or None,
        group=group,
        extra_groups=[] if user else None,
        preexec_fn=prepare_server,  # noqa: PLW1509 - there are no threads here
    )


def parents() -> Iterator[tuple[int, int]]:
    """Yield every process with its parent."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name, in brackets, may hold anything; state and parent follow it.
            yield int(stat.parent.name), int(stat.read_text().rpartition(")")[2].split()[1])


def descendants(ancestor: int) -> set[int]:
    found = {ancestor}
    known = list(parents())
    while more := {pid for pid, parent in known if parent in found} - found:
        found |= more
    return found - {ancestor}


def send(pids: set[int], what: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, what)


def reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def wait_for_end_of(pids: set[int], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while pids & descendants(os.getpid()) and time.monotonic() < deadline:
        signal.sigtimedwait([signal.SIGCHLD], 0.05)
        reap()


def end_all() -> None:
    while left := descendants(os.getpid()):
        send(left, signal.SIGKILL)
        wait_for_end_of(left, 0.1)


def keep(server: int, parent: int, stop: signal.Signals) -> None:
    """Wait for a reason to end the server; end it."""
    while os.getppid() == parent:
        told = signal.sigtimedwait(SIGNALS, LOOK_FOR_PARENT)
        match told and told.si_signo:
            case signal.SIGTERM:
                send({server}, stop)
                wait_for_end_of({server}, STOP_WITHIN)
                break
            case signal.SIGQUIT:
                break
            case signal.SIGCHLD:
                reap()
                if server not in descendants(os.getpid()):
                    break
    end_all()


def main() -> None:
    parent, scratch, user, stop, *program = sys.argv[1:]
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    prctl(SET_CHILD_SUBREAPER, 1)
    keep(start(program, user).pid, int(parent), signal.Signals(int(stop)))
    if os.getppid() != int(parent):
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
