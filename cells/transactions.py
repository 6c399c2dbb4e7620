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


class Clock(Section):
    """What every database can be asked."""

    def clock(self) -> float:
        """Return the database's time, in seconds since the epoch."""
        return self.database.read(lambda connection: connection.scalars(sa.select(db_now())).one())

    def ping(self) -> None:
        """Raise the database's own "unreachable" unless it answers."""
        self.database.read(lambda connection: connection.scalars(sa.select(1)).one())


_S = TypeVar("_S", bound=Section)
_P = ParamSpec("_P")
_R = TypeVar("_R")


def reading(
    method: Callable[Concatenate[_S, sa.Connection, _P], _R],
) -> Callable[Concatenate[_S, _P], _R]:
    """Run the method in a transaction that changes nothing."""

    @functools.wraps(method)
    def call(self: _S, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        return self.database.read(lambda connection: method(self, connection, *args, **kwargs))

    return call


def writing(
    method: Callable[Concatenate[_S, sa.Connection, _P], _R],
) -> Callable[Concatenate[_S, _P], _R]:
    """Run the method in a transaction; it is repeated as a whole after a deadlock."""

    @functools.wraps(method)
    def call(self: _S, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        return self.database.write(lambda connection: method(self, connection, *args, **kwargs))

    return call
