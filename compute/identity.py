"""Which agent this is, and which host, whatever they are called.

Both uuids are made once and kept in a small file beside the agent's journal.
Where the agent runs is not kept but looked at anew: a clone of the disk, or a
copy of the folder, has the same uuids and speaks from another place.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from understudy.objects.errors import UnderstudyError

IN_MEMORY: Final = ":memory:"
"""The path of a journal that forgets; what has one is somebody else each time."""
_SUFFIX: Final = ".identity"
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_NAMES: Final = uuid.UUID("b2d9c1f4-0a53-4b0e-8a6d-3f1f7f5e2c41")
"""By this the first release derived a host's uuid from its name."""
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Identity:
    """An agent, the one host that is its machine, and where it runs now."""

    agent_uuid: str
    host_uuid: str
    origin: str
    """Which run of which machine, and which files; the same after a mere restart."""
    derived_names: bool = False
    """Was it made from what the first release left? Its fake hosts' uuids follow from names."""


class BrokenIdentity(UnderstudyError):
    """The file is there and does not say who this is."""

    def __init__(self, path: Path, problem: str) -> None:
        """Keep where it is and what is wrong."""
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        """Say what to do: a new identity would leave all that the host holds to nobody."""
        return (
            f"{self.path} does not say which agent this is: {self.problem}; restore it from a "
            "backup, or remove it only if this machine is to be a new host that holds nothing"
        )


def throw_away() -> Identity:
    """Return an identity that nobody has had or will have."""
    return Identity(str(uuid.uuid4()), str(uuid.uuid4()), uuid.uuid4().hex)


def path_beside(journal: Path | str) -> Path:
    """Return where the identity of this journal's agent is kept."""
    return Path(f"{journal}{_SUFFIX}")


def load(journal: Path | str, agent: str) -> Identity:
    """Return who the agent of this journal is; one that has no identity yet gets it now.

    A journal without one is the first release's: its host keeps the uuid that
    followed from the name. Raises BrokenIdentity, OSError.
    """
    if str(journal) == IN_MEMORY:
        return throw_away()
    path = path_beside(journal)
    if not path.exists():
        _keep(path, _first(agent) if Path(journal).exists() else _new())
    return _read(path)


def peek(journal: Path | str) -> Identity:
    """Return who the agent of this journal is, or anybody; nothing is made.

    Raises BrokenIdentity, OSError.
    """
    path = path_beside(journal)
    return _read(path) if path.exists() else throw_away()


def uuid_by_name(name: str) -> str:
    """Return what the first release took for the uuid of the host of this name."""
    return str(uuid.uuid5(_NAMES, name))


def _new() -> dict[str, object]:
    return {"agent_uuid": str(uuid.uuid4()), "host_uuid": str(uuid.uuid4())}


def _first(agent: str) -> dict[str, object]:
    return {
        "agent_uuid": str(uuid.uuid4()),
        "host_uuid": uuid_by_name(agent),
        "derived_names": True,
    }


def _keep(path: Path, facts: dict[str, object]) -> None:
    """Write the file whole, for its owner alone; whoever was first is not overwritten."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(facts, file)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(written, path)
        except FileExistsError:
            return
    finally:
        written.unlink()
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> Identity:
    with path.open(encoding="utf-8") as file:
        found = os.fstat(file.fileno())
        try:
            facts: Any = json.load(file)
        except ValueError as error:
            raise BrokenIdentity(path, str(error)) from error
    if not isinstance(facts, dict):
        raise BrokenIdentity(path, "it is no JSON object")
    for name in ("agent_uuid", "host_uuid"):
        if not isinstance(facts.get(name), str) or not _UUID.fullmatch(facts[name]):
            raise BrokenIdentity(path, f"{name} is no uuid")
    derived = facts.get("derived_names", False)
    if not isinstance(derived, bool):
        raise BrokenIdentity(path, "derived_names is neither true nor false")
    return Identity(facts["agent_uuid"], facts["host_uuid"], _origin(found), derived)


def _origin(file: os.stat_result) -> str:
    boot = _BOOT.read_text(encoding="ascii").strip()
    said = f"{boot} {file.st_dev} {file.st_ino}"
    return hashlib.sha256(said.encode()).hexdigest()[:32]
