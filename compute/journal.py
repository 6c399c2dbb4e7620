"""What is in hand, on the host's own disk, so that a killed agent finds it again.

Each move is one transaction and a compare-and-swap on the state: whoever comes
late, such as a build that ends after its teardown was ordered, learns it here.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from understudy.compute import journal_states as states
from understudy.compute.identity import IN_MEMORY
from understudy.compute.tags import Place, Tag
from understudy.objects.base import UnderstudyObject
from understudy.objects.build_request import BuildRequest
from understudy.objects.errors import UnderstudyError
from understudy.objects.fault import Fault
from understudy.objects.selection import Selection

_SCHEMA = """
CREATE TABLE IF NOT EXISTS attempts (
    host TEXT NOT NULL,
    instance_uuid TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    state TEXT NOT NULL,
    request TEXT,
    selection TEXT,
    fault TEXT,
    cleaned INTEGER NOT NULL DEFAULT 0,
    changed_at REAL NOT NULL,
    PRIMARY KEY (host, instance_uuid, attempt)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hosts (
    uuid TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS attempts_by_state ON attempts (state);
"""
PREDECESSOR_SECONDS: Final = 5.0
"""How long an agent that is still ending may keep the file from its successor."""
_TAG = "host = ? AND instance_uuid = ? AND attempt = ?"
_COLUMNS = "host, instance_uuid, attempt, state, fault, cleaned"

Stored = TypeVar("Stored", bound=UnderstudyObject)


class JournalClosed(UnderstudyError):
    """The agent has ended; whoever is still at work must stop."""


@dataclass(frozen=True)
class Row:
    """One attempt, as far as it has come; `fault` and `cleaned` only where it FAILED."""

    tag: Tag
    state: str
    fault: Fault | None = None
    cleaned: bool = False


class Journal:
    """One agent's journal. Safe for threads; only one process can have it open."""

    def __init__(
        self, path: Path | str | sqlite3.Connection, clock: Callable[[], float] = time.time
    ) -> None:
        """Open or make the file; ":memory:" forgets. A connection is from `open_disk`.

        Raises sqlite3.OperationalError if another agent has it open.
        """
        self._clock = clock
        self._lock = threading.RLock()
        self._closed = False
        self._disk = path if isinstance(path, sqlite3.Connection) else open_disk(path)

    @property
    def closed(self) -> bool:
        """Has the agent ended?"""
        return self._closed

    def close(self) -> None:
        """Write nothing any more; every later call raises JournalClosed."""
        with self._lock:
            self._closed = True
            self._disk.close()

    def receive(self, tag: Tag, request: BuildRequest, selection: Selection) -> bool:
        """Write a build down; False if this attempt or a newer one is known here already."""
        with self._transaction() as disk:
            known = disk.execute(
                "SELECT 1 FROM attempts WHERE host = ? AND instance_uuid = ? AND attempt >= ?",
                tag,
            ).fetchone()
            if known:
                return False
            disk.execute(
                "INSERT INTO attempts (host, instance_uuid, attempt, state, request, selection,"
                " changed_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*tag, states.RECEIVED, _dump(request), _dump(selection), self._clock()),
            )
            return True

    def repeat(self, tag: Tag, unless_known: Fault) -> bool:
        """Let an end that was answered be told once more; False if this attempt has none.

        What is gone is told as failed: with its own fault, or with the one given here.
        """
        with self._transaction() as disk:
            now = self._clock()
            built = disk.execute(
                f"UPDATE attempts SET state = ?, changed_at = ? WHERE {_TAG} AND state = ?",
                (states.SUCCEEDED, now, *tag, states.BUILT),
            )
            if built.rowcount:
                return True
            gone = disk.execute(
                "UPDATE attempts SET state = ?, changed_at = ?, cleaned = 1,"
                f" fault = COALESCE(fault, ?) WHERE {_TAG} AND state = ?",
                (states.FAILED, now, _dump(unless_known), *tag, states.GONE),
            )
            return gone.rowcount == 1

    def tear_down(self, tag: Tag) -> None:
        """Write down that this attempt and the older ones of its place are to be destroyed."""
        with self._transaction() as disk:
            now = self._clock()
            disk.execute(
                "INSERT INTO attempts (host, instance_uuid, attempt, state, changed_at)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state",
                (*tag, states.TEARING_DOWN, now),
            )
            disk.execute(
                "UPDATE attempts SET state = ?, changed_at = ?, request = NULL, selection = NULL"
                " WHERE host = ? AND instance_uuid = ? AND attempt <= ? AND state != ?",
                (states.TEARING_DOWN, now, *tag, states.GONE),
            )

    def move(
        self, tag: Tag, was: str, becomes: str, fault: Fault | None = None, cleaned: bool = False
    ) -> bool:
        """Move an attempt on; False if it is not (any more) in the state it was thought to be."""
        keep = becomes in states.TO_BUILD
        with self._transaction() as disk:
            moved = disk.execute(
                "UPDATE attempts SET state = ?, fault = ?, cleaned = ?, changed_at = ?,"
                " request = CASE WHEN ? THEN request END,"
                f" selection = CASE WHEN ? THEN selection END WHERE {_TAG} AND state = ?",
                (
                    becomes,
                    _dump(fault) if fault else None,
                    cleaned,
                    self._clock(),
                    keep,
                    keep,
                    *tag,
                    was,
                ),
            )
            return moved.rowcount == 1

    def what_to_build(self, tag: Tag) -> tuple[BuildRequest, Selection]:
        """Return what came with the build. Raises LookupError if it is not to be built."""
        query = f"SELECT request, selection FROM attempts WHERE {_TAG} AND request IS NOT NULL"
        for request, selection in self._select(query, tag):
            return _load(BuildRequest, request), _load(Selection, selection)
        raise LookupError(f"{tag} is not to be built")

    def unfinished(self, host: str | None = None) -> list[Row]:
        """Return what there is still to do for, of one host or of all."""
        among = _in(states.UNFINISHED)
        query = f"SELECT {_COLUMNS} FROM attempts WHERE state IN {among}"
        if host is None:
            return self._rows(query, ())
        return self._rows(f"{query} AND host = ?", (host,))

    def unfinished_at(self, place: Place) -> list[Row]:
        """Return what there is still to do for at one place, the oldest attempt first."""
        query = (
            f"SELECT {_COLUMNS} FROM attempts WHERE host = ? AND instance_uuid = ?"
            f" AND state IN {_in(states.UNFINISHED)} ORDER BY attempt"
        )
        return self._rows(query, place)

    def is_tearing_down(self, host: str) -> bool:
        """Is there anything left to destroy, or to say so of, on this host?"""
        query = "SELECT 1 FROM attempts WHERE host = ? AND state = ? LIMIT 1"
        return bool(self._select(query, (host, states.TEARING_DOWN)))

    def forget_gone(self, older_than_seconds: float) -> None:
        """Drop what has been gone for so long that no copy of its build can be on the way."""
        with self._transaction() as disk:
            disk.execute(
                "DELETE FROM attempts WHERE state = ? AND changed_at < ?",
                (states.GONE, self._clock() - older_than_seconds),
            )

    def host_names(self) -> dict[str, str]:
        """Return {host's own uuid: the name that its attempts are under}."""
        return dict(self._select("SELECT uuid, name FROM hosts", ()))

    def name_host(self, host_uuid: str, name: str) -> None:
        """Give a host its name: its attempts go on under that, and under no other.

        If the name was another host's, what is that one's is put by under its
        uuid, until it has a name again.
        """
        with self._transaction() as disk:
            query = "SELECT uuid, name FROM hosts WHERE uuid = ? OR name = ?"
            known = dict(disk.execute(query, (host_uuid, name)).fetchall())
            was = known.pop(host_uuid, name)
            for other in known:
                _rename(disk, name, other)
                disk.execute("UPDATE hosts SET name = uuid WHERE uuid = ?", (other,))
            if was != name:
                _rename(disk, was, name)
            disk.execute(
                "INSERT INTO hosts (uuid, name) VALUES (?, ?)"
                " ON CONFLICT (uuid) DO UPDATE SET name = excluded.name",
                (host_uuid, name),
            )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._check_open()
            self._disk.execute("BEGIN IMMEDIATE")
            try:
                yield self._disk
            except BaseException:
                self._disk.execute("ROLLBACK")
                raise
            self._disk.execute("COMMIT")

    def _select(self, query: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        with self._lock:
            self._check_open()
            return self._disk.execute(query, values).fetchall()

    def _rows(self, query: str, values: Sequence[object]) -> list[Row]:
        return [
            Row(
                Tag(host, uuid, attempt),
                state,
                _load(Fault, fault) if fault else None,
                bool(cleaned),
            )
            for host, uuid, attempt, state, fault, cleaned in self._select(query, values)
        ]

    def _check_open(self) -> None:
        if self._closed:
            raise JournalClosed


def open_disk(
    path: Path | str, kind: type[sqlite3.Connection] = sqlite3.Connection
) -> sqlite3.Connection:
    """Open the file for this process alone, so that a power cut loses nothing written.

    No other user may read it, and so neither what sqlite lays beside it: it has requests in it.
    """
    if str(path) != IN_MEMORY:
        _make_private(Path(path))
    disk = sqlite3.connect(
        path,
        timeout=PREDECESSOR_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        factory=kind,
    )
    try:
        for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
            disk.execute(f"PRAGMA {pragma}")
        disk.executescript(_SCHEMA)
    except sqlite3.Error:
        disk.close()
        raise
    return disk


def _rename(disk: sqlite3.Connection, was: str, becomes: str) -> None:
    """Move a host's attempts; what there is under the new name already is newer, and stays."""
    disk.execute("UPDATE OR IGNORE attempts SET host = ? WHERE host = ?", (becomes, was))
    disk.execute("DELETE FROM attempts WHERE host = ?", (was,))


def _make_private(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        # Not opened: to close it would give up what locks this process has on it.
        for each in (path, *(path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm"))):
            if each.exists() and each.stat().st_mode & 0o077:
                each.chmod(0o600)


def _in(names: Sequence[str]) -> str:
    return "(" + ", ".join(f"'{name}'" for name in names) + ")"


def _dump(entity: UnderstudyObject) -> str:
    return json.dumps(entity.obj_to_wire(), separators=(",", ":"))


def _load(kind: type[Stored], text: str) -> Stored:
    stored: Stored = kind.obj_from_primitive(json.loads(text))
    return stored
