"""Connections to a real broker, many of them in one test's process."""

from __future__ import annotations

import itertools
import os
import socket
from pathlib import Path

import fixtures
from oslo_config import cfg

from understudy.rpcapi import options, process_group

_numbers = itertools.count(1)


def as_a_process(fixture: fixtures.Fixture) -> cfg.ConfigOpts:
    """Return the options that operators are given, with the name of a process of its own.

    What such a process leaves in shared memory goes with the fixture.
    """
    process_group.lead()
    process = f"understudy-tests-{os.getpid()}-{next(_numbers)}"
    counter = Path(f"/dev/shm/{socket.gethostname()}_{process}_qmanager")
    fixture.addCleanup(counter.unlink, missing_ok=True)
    return options.private(use_queue_manager=True, processname=process)
