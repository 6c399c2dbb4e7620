"""A method that is one transaction, written as a method that is given a connection.

`@writing` and `@reading` open the transaction, pass the connection in as the
first argument, and hide it from callers:

    class Cells(Section):
        @reading
        def cell(self, connection: sa.Connection, name: str) -> CellRecord: ...

    cells.cell("one")
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa

from understudy.cells.clock import db_now
from understudy.cells.engines import Database


class Section:
    """One idea's worth of methods on a database."""

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self.database = database


_S = TypeVar("_S", bound=Section)
_P = ParamSpec("_P")
_R = TypeVar("_R")


def reading(
    method: Callable[Concatenate[_S, sa.Connection, _P], _R],
) -> Callable[Concatenate[_S, _P], _R]:
    """Run the method in a transaction that changes nothing."""

    @functools.wraps(method)
    def call(self: _S, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        def work(connection: sa.Connection) -> _R:
            return method(self, connection, *args, **kwargs)

        work.__name__ = method.__name__  # for whoever looks on
        return self.database.read(work)

    return call


def writing(
    method: Callable[Concatenate[_S, sa.Connection, _P], _R],
) -> Callable[Concatenate[_S, _P], _R]:
    """Run the method in a transaction; it is repeated as a whole after a deadlock."""

    @functools.wraps(method)
    def call(self: _S, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        def work(connection: sa.Connection) -> _R:
            return method(self, connection, *args, **kwargs)

        work.__name__ = method.__name__
        return self.database.write(work)

    return call


class Clock(Section):
    """What every database can be asked."""

    @reading
    def clock(self, connection: sa.Connection) -> float:
        """Return the database's time, in seconds since the epoch."""
        return connection.scalars(sa.select(db_now())).one()

    @reading
    def ping(self, connection: sa.Connection) -> None:
        """Raise the database's own "unreachable" unless it answers."""
        connection.scalars(sa.select(1)).one()
