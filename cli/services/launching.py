"""What the main() of every service does: threads, configuration, logs, processes.

One master reads the configuration and forks; SIGTERM drains, SIGHUP takes over
what may change and forks anew, a process that dies is replaced.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from oslo_concurrency import lockutils
from oslo_service import service

from understudy.cli import failures, private
from understudy.cli.bad_input import BadInput
from understudy.cli.services import logs
from understudy.cli.services.configuration import Check, Configuration, read
from understudy.cli.services.worker import Compose, Worker
from understudy.rpcapi import process_group


@dataclass(frozen=True, slots=True)
class Kind:
    """What is particular to one service."""

    prog: str
    compose: Compose
    checks: Sequence[Check]
    name: Callable[[Configuration], str]
    """How its processes are called, but for their number."""
    processes: Callable[[Configuration], int] = lambda conf: 1
    usage: str | None = None
    """What --help shows first, where oslo.config does not know it all."""


def main(kind: Kind, arguments: Sequence[str]) -> int:
    """Run the service until it is told to stop; 2 if its configuration is wrong."""
    private.from_now_on()
    try:
        conf = read(kind.prog, arguments, kind.checks, kind.usage)
    except BadInput as wrong:
        print(f"{kind.prog}: {wrong}", file=sys.stderr)
        return failures.BAD_INPUT
    logs.set_up(conf)
    share_queue_names(conf, f"{kind.prog}-{kind.name(conf)}")
    launcher = service.ProcessLauncher(conf, restart_method="mutate")
    for worker in workers(kind, conf):
        launcher.launch_service(worker)
    ended: Any = launcher.wait()
    return int(ended or 0)


def workers(kind: Kind, conf: Configuration) -> list[Worker]:
    """Return one worker for each process; their names outlast a restart."""
    name = kind.name(conf)
    count = kind.processes(conf)
    names = [name] if count == 1 else [f"{name}-{number}" for number in range(1, count + 1)]
    return [Worker(conf, each, kind.compose) for each in names]


def share_queue_names(conf: Configuration, unit: str) -> None:
    """Let this unit's processes name their queues for replies one after another.

    oslo.messaging counts in shared memory, by machine and name of the unit: two
    units of one name would take each other's answers. So units of one name, but
    of another state path, get another name.
    """
    process_group.lead()
    lockutils.set_defaults(conf.oslo_concurrency.lock_path)
    place = hashlib.sha256(str(conf.state_path).encode()).hexdigest()[:6]
    unique = re.sub(r"[^A-Za-z0-9_.-]", "_", f"{unit}-{place}")
    conf.set_default("processname", unique, group="oslo_messaging_rabbit")
    conf.set_default("use_queue_manager", True, group="oslo_messaging_rabbit")
