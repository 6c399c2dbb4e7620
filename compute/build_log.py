"""When the fake driver's builds began and how they ended, one line each in a file.

    12345.678901 failed host-a 8c1f... 1

The time is the machine's monotonic clock, which all its processes share on
Linux: what two agents wrote can be subtracted.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from understudy.compute.tags import Tag


class Event(StrEnum):
    """What happens to a build in its driver."""

    BEGUN = "begun"
    BUILT = "built"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Noted:
    """One line."""

    at: float
    """Seconds of the monotonic clock."""
    event: Event
    tag: Tag


Note = Callable[[Event, Tag], object]
"""Notes that something happened just now."""


def to_file(path: Path) -> Note:
    """Return what appends to this file, each line whole."""

    def note(event: Event, tag: Tag) -> None:
        line = f"{time.monotonic():.6f} {event} {tag.host} {tag.instance_uuid} {tag.attempt}\n"
        os.write(descriptor, line.encode())

    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return note


def read(path: Path) -> list[Noted]:
    """Return what was noted in this file, in its order."""
    if not path.exists():
        return []
    return [_noted(line) for line in path.read_text().splitlines()]


def _noted(line: str) -> Noted:
    at, event, host, uuid, attempt = line.split()
    return Noted(float(at), Event(event), Tag(host, uuid, int(attempt)))
