"""What we write is for our own user alone: databases, journals, locks, logs.

They hold the names and parameters of everybody's instances, and some of them
passwords. A umask covers what libraries create; what may have been made by an
older release, or by hand, is mended where it is opened.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

FOLDER: Final = 0o700
FILE: Final = 0o600
_OTHERS: Final = 0o077
_OTHERS_WRITE: Final = 0o022


def from_now_on() -> None:
    """Let this process, and those that it starts, create nothing that others may open."""
    os.umask(os.umask(_OTHERS) | _OTHERS)


def folder(path: Path) -> None:
    """Make the folder ours alone, whether or not it is there."""
    path.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    if path.stat().st_mode & _OTHERS:
        path.chmod(FOLDER)


def file(path: Path) -> None:
    """Make the file ours alone; an empty one where there is none, for others to write into."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE))
    if path.stat().st_mode & _OTHERS:
        path.chmod(FILE)


def others_may_write(path: Path) -> bool:
    """May anybody else put something there?"""
    return bool(path.stat().st_mode & _OTHERS_WRITE)
