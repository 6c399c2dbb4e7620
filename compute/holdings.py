"""What fake hosts hold: in memory, or in a folder that outlives the process."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

from understudy.compute.tags import Tag, checked
from understudy.objects.errors import InvalidRequest

_ATTEMPT: Final = re.compile("[1-9][0-9]{0,9}")


class Holdings(Protocol):
    """What exists on all hosts. Safe for threads; adding or removing twice is fine."""

    def add(self, tag: Tag) -> None:
        """Make it exist."""
        ...

    def remove(self, tag: Tag) -> None:
        """Let it be gone."""
        ...

    def on(self, host: str) -> list[Tag]:
        """Return what exists on a host, in order."""
        ...


class HeldInMemory:
    """Holdings that end with whoever keeps this object."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = threading.Lock()
        self._tags: dict[str, set[Tag]] = {}

    def add(self, tag: Tag) -> None:
        """Make it exist."""
        with self._lock:
            self._tags.setdefault(tag.host, set()).add(tag)

    def remove(self, tag: Tag) -> None:
        """Let it be gone."""
        with self._lock:
            self._tags.get(tag.host, set()).discard(tag)

    def on(self, host: str) -> list[Tag]:
        """Return what exists on a host, in order."""
        with self._lock:
            return sorted(self._tags.get(host, ()))


class HeldInFolder:
    """Holdings as empty files: <folder>/<host>/<instance uuid>.<attempt>."""

    def __init__(self, folder: Path) -> None:
        """Keep them below this folder, which is made when it is needed."""
        self._folder = folder

    def add(self, tag: Tag) -> None:
        """Make it exist."""
        path = self._path(tag)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(mode=0o600)

    def remove(self, tag: Tag) -> None:
        """Let it be gone."""
        self._path(tag).unlink(missing_ok=True)

    def on(self, host: str) -> list[Tag]:
        """Return what exists on a host, in order."""
        folder = self._folder / _as_name(host)
        if not folder.is_dir():
            return []
        return sorted(tag for path in folder.iterdir() for tag in _tags(host, path.name))

    def _path(self, tag: Tag) -> Path:
        return self._folder / _as_name(tag.host) / f"{_as_name(tag.instance_uuid)}.{tag.attempt}"


def _tags(host: str, name: str) -> Iterator[Tag]:
    """Return what a file says; it says nothing if it is none of ours."""
    uuid, _, attempt = name.rpartition(".")
    if _ATTEMPT.fullmatch(attempt):
        with contextlib.suppress(InvalidRequest):
            yield checked(host, uuid, int(attempt))


def _as_name(text: str) -> str:
    """Return a file name that says the same and leads nowhere else."""
    return quote(text, safe="").replace(".", "%2E")
