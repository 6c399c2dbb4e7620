"""Databases in memory, with the real schema and below the real stores.

An engine is made once in a test process and emptied for each world, for what
SQLAlchemy has compiled is kept with it.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from oslo_db import exception as db_errors

from tests.chaos.simulated.gate import Gate, Late, Lost, Refused
from understudy.cells import schema, tables_api, tables_cell
from understudy.cells.engines import Database

_R = TypeVar("_R")

Clock = Callable[[], float]
"""Seconds since the epoch."""
Snapshot = sqlite3.Connection
Around = Callable[[], contextlib.AbstractContextManager[object]]

_TABLES: Final = {
    schema.Tree.API: tables_api.metadata.sorted_tables,
    schema.Tree.CELL: tables_cell.metadata.sorted_tables,
}
_NAMES: Final = {schema.Tree.API: "api-db", schema.Tree.CELL: "cell-db"}
_EPOCH: Final = 2440587.5
_DAY: Final = 86400.0


class SimulatedDatabase:
    """One database, which simulated processes share; its clock is whatever it is told.

    The clock stands still within a transaction. A time is kept to 40
    microseconds: SQLite counts it in days, as a float.
    """

    def __init__(self, tree: schema.Tree, name: str = "") -> None:
        """Make the tables; the seams begin with `name`, or with "api-db" or "cell-db"."""
        self.name = name or _NAMES[tree]
        self._shared = Database("sqlite://")
        schema.upgrade(self._shared.engine, tree)
        self._connection = _driver_connection(self._shared.engine)
        self._empty = [f"DELETE FROM {table.name}" for table in reversed(_TABLES[tree])]
        self.around_write: Around = contextlib.nullcontext
        """What each transaction that writes runs within."""
        self._clock: Clock = lambda: 0.0
        self._now = 0.0
        self._connection.create_function("julianday", 1, self._julian_day, deterministic=True)
        # One for all, in what it takes for one transaction that never ends: transactions begin
        # and end below it, at a fraction of the cost.
        self._turn = threading.Lock()
        self._always = self._shared.engine.connect().execution_options(begin="SELECT 1")

    def reset(self, clock: Clock) -> None:
        """Empty every table and take another clock; nobody looks on any more."""
        self.around_write = contextlib.nullcontext
        self._clock = clock
        self._connection.execute("BEGIN")
        for statement in self._empty:
            self._connection.execute(statement)
        self._connection.execute("COMMIT")

    def snapshot(self) -> Snapshot:
        """Return a copy of all that is in it."""
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        self._connection.backup(copy)
        return copy

    def restore(self, snapshot: Snapshot) -> None:
        """Make it what it was then, as an operator does who restores a backup."""
        snapshot.backup(self._connection)

    def newer_than(self, snapshot: Snapshot) -> set[str]:
        """Return the instances of a cell of which more is known than in this copy."""
        changed: set[str] = set()
        for query in ("SELECT uuid, * FROM instances", "SELECT instance_uuid, * FROM attempts"):
            now, then = (set(of.execute(query)) for of in (self._connection, snapshot))
            changed |= {row[0] for row in now ^ then}
        return changed

    def unknown_to(self, snapshot: Snapshot) -> set[str]:
        """Return the instances of a cell of which this copy has no row."""
        query = "SELECT uuid FROM instances"
        now, then = (set(of.execute(query)) for of in (self._connection, snapshot))
        return {uuid for (uuid,) in now - then}

    def rows(self, query: str) -> list[sqlite3.Row]:
        """Return all rows of a query, by column, for those who only look on."""
        cursor = self._connection.cursor()
        cursor.row_factory = sqlite3.Row
        return cursor.execute(query).fetchall()

    def peek(self, query: str) -> Any:
        """Return the first value of a query, for those who only look on."""
        return self._connection.execute(query).fetchone()[0]

    def connect(self, gate: Gate, unreachable: Callable[[str], Exception]) -> GatedDatabase:
        """Return the database as one simulated process has it."""
        return GatedDatabase(self, gate, unreachable)

    def read(self, work: Callable[[sa.Connection], _R]) -> _R:
        """Run `work` in a transaction that passes no gate."""
        with self._turn:
            self._now = self._clock()
            return work(self._always)

    def write(self, work: Callable[[sa.Connection], _R]) -> _R:
        """Run `work` in a transaction that passes no gate, and commit it."""
        while True:
            try:
                with self._turn, self.around_write():
                    self._now = self._clock()
                    return self._committed(work)
            except db_errors.RetryRequest:
                continue

    def _committed(self, work: Callable[[sa.Connection], _R]) -> _R:
        self._connection.execute("BEGIN")
        try:
            result = work(self._always)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        return result

    @property
    def engine(self) -> sa.Engine:
        """What all that is compiled is kept with."""
        return self._shared.engine

    def _julian_day(self, when: str) -> float:
        if when != "now":
            raise NotImplementedError(f"julianday({when!r})")
        return self._now / _DAY + _EPOCH


class GatedDatabase(Database):
    """Each transaction passes the gate before it begins and after it is over.

    A transaction whose answer is lost may be committed: it is "unreachable"
    either way. So it is with one that is refused.
    """

    def __init__(
        self, shared: SimulatedDatabase, gate: Gate, unreachable: Callable[[str], Exception]
    ) -> None:
        super().__init__("sqlite://", unreachable)
        self._shared = shared
        self._gate = gate

    @property
    def engine(self) -> sa.Engine:
        return self._shared.engine

    @property
    def engines(self) -> set[sa.Engine]:
        return {self._shared.engine}

    def read(self, work: Callable[[sa.Connection], _R]) -> _R:
        return self._through(self._shared.read, work)

    def write(self, work: Callable[[sa.Connection], _R]) -> _R:
        return self._through(self._shared.write, work)

    def close(self) -> None:
        """Leave it open: it is everybody's."""

    def _through(
        self,
        transact: Callable[[Callable[[sa.Connection], _R]], _R],
        work: Callable[[sa.Connection], _R],
    ) -> _R:
        seam = f"{self._shared.name} {work.__name__.lstrip('_')}"
        self._pass(self._gate.before, seam)
        try:
            result = transact(work)
        except Exception:
            # A failure is an answer too, and may be lost.
            self._pass(self._gate.after, seam)
            raise
        self._pass(self._gate.after, seam)
        return result

    def _pass(self, way: Callable[[str], None], seam: str) -> None:
        try:
            way(seam)
        except (Refused, Lost, Late) as error:
            raise self._unreachable(f"{type(error).__name__} {seam}") from error


def _driver_connection(engine: sa.Engine) -> sqlite3.Connection:
    """Return the one connection that an engine in memory has."""
    borrowed = engine.raw_connection()
    try:
        connection = borrowed.driver_connection
    finally:
        borrowed.close()
    if not isinstance(connection, sqlite3.Connection):
        raise TypeError(f"{engine.url} is not on sqlite3")
    return connection
