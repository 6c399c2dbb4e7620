"""Connections to a real broker, many of them in one test's process."""

from __future__ import annotations

import itertools
import os
import socket
from pathlib import Path
from typing import Final

import fixtures
from oslo_config import cfg

from understudy.rpcapi import options, process_group

_numbers = itertools.count(1)


TESTS: Final = "understudy-tests"


def as_a_process(fixture: fixtures.Fixture, unit: str = TESTS) -> cfg.ConfigOpts:
    """Return the options that operators are given, with the name of a process of its own.

    It is called as the processes of this unit are. What such a process leaves in
    shared memory goes with the fixture.
    """
    process_group.lead()
    process = f"{unit}-{os.getpid():x}{next(_numbers):06x}"
    counter = Path(f"/dev/shm/{socket.gethostname()}_{process}_qmanager")
    fixture.addCleanup(counter.unlink, missing_ok=True)
    return options.private(use_queue_manager=True, processname=process)
