"""The folders of microvms: inside one folder of ours, and each with a tag of whose it is.

Their names are made of nothing but an instance's uuid and a number. They are
opened and removed from within their root, and never through a symbolic link, so
what is removed lies there, whatever somebody has put in its place.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from understudy.compute.one_host import NotOurs
from understudy.compute.tags import checked_attempt
from understudy.objects.errors import InvalidRequest

TAG: Final = "tag.json"
"""The file that says for which host, instance and attempt a folder was made."""
_NAME: Final = re.compile(r"([0-9a-f-]{36})-([1-9][0-9]{0,9})")
_LONGEST_TAG: Final = 4096
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@dataclass(frozen=True)
class Folders:
    """All of them, below one root, for the host of one uuid."""

    root: Path
    host_uuid: str

    def all(self) -> list[tuple[str, int]]:
        """Return the instance and attempt of each that is named like one, whosoever it is."""
        if not self.root.is_dir():
            return []
        return sorted(found for name in os.listdir(self.root) for found in _read_name(name))

    def is_ours(self, instance_uuid: str, attempt: int) -> bool:
        """Is it there? The first release tagged none. Raises NotOurs, OSError."""
        name = name_of(instance_uuid, attempt)
        with self._open(name) as folder:
            if folder is None:
                return False
            tag = self._tag(name, folder)
        if tag is not None and tag != self._own(instance_uuid, attempt):
            whose = tag.get("host_uuid") if isinstance(tag, dict) else None
            raise NotOurs(str(self.root / name), f"is tagged for the host {whose!a:.60}")
        return True

    def make(self, instance_uuid: str, attempt: int) -> None:
        """Make it, with its tag. Raises OSError, also if it is there."""
        name = name_of(instance_uuid, attempt)
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _opened(os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)) as root:
            os.mkdir(name, 0o700, dir_fd=root)
            with _opened(os.open(name, _FOLDER, dir_fd=root)) as folder:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
                with open(os.open(TAG, flags, 0o600, dir_fd=folder), "w") as file:
                    json.dump(self._own(instance_uuid, attempt), file)
                    file.flush()
                    os.fsync(file.fileno())
                os.fsync(folder)

    def remove(self, instance_uuid: str, attempt: int) -> None:
        """Remove it; it need not be there. Raises NotOurs, OSError."""
        if self.is_ours(instance_uuid, attempt):
            with _opened(os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)) as root:
                shutil.rmtree(name_of(instance_uuid, attempt), dir_fd=root)

    def _own(self, instance_uuid: str, attempt: int) -> dict[str, object]:
        return {"host_uuid": self.host_uuid, "instance_uuid": instance_uuid, "attempt": attempt}

    @contextmanager
    def _open(self, name: str) -> Iterator[int | None]:
        """Open a folder; None if it is not there. Raises NotOurs if it is something else."""
        try:
            root = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            yield None
            return
        with _opened(root):
            try:
                folder = os.open(name, _FOLDER, dir_fd=root)
            except FileNotFoundError:
                yield None
                return
            except NotADirectoryError:
                raise NotOurs(str(self.root / name), "is no folder, or leads elsewhere") from None
            with _opened(folder):
                yield folder

    def _tag(self, name: str, folder: int) -> Any:
        """Return what the tag says; None where there is none."""
        try:
            tag = os.open(TAG, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise NotOurs(
                str(self.root / name), f"has a tag that cannot be read: {error}"
            ) from error
        with _opened(tag):
            try:
                said = json.loads(os.read(tag, _LONGEST_TAG))
            except (OSError, ValueError) as error:
                raise NotOurs(str(self.root / name), "has a tag that says nothing") from error
        return {} if said is None else said


def name_of(instance_uuid: str, attempt: int) -> str:
    """Return what a folder is called. Raises InvalidRequest for what is no attempt."""
    uuid, number = checked_attempt(instance_uuid, attempt)
    return f"{uuid}-{number}"


def _read_name(name: str) -> Iterator[tuple[str, int]]:
    found = _NAME.fullmatch(name)
    if found:
        try:
            yield checked_attempt(found[1], int(found[2]))
        except InvalidRequest:
            return


@contextmanager
def _opened(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)
