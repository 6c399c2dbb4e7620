"""The database's own clock, as an expression for the statement that needs it.

`db_now()` is a float of seconds since the epoch. Written into the statement that
compares or stores a time, it makes one clock decide, whatever the services'
clocks say.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.types import Double


class db_now(FunctionElement[float]):  # noqa: N801 - it reads as the SQL function that it is
    """Seconds since the epoch, now, on the database's clock."""

    type = Double()
    name = "db_now"
    inherit_cache = True


@compiles(db_now, "sqlite")
def _sqlite(element: db_now, compiler: Any, **kw: Any) -> str:
    # 2440587.5 is the Julian day of the epoch; 'now' has milliseconds, and stands still
    # within one statement.
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(db_now, "mysql")
@compiles(db_now, "mariadb")
def _mysql(element: db_now, compiler: Any, **kw: Any) -> str:
    # Sessions run in UTC (see engines), or an hour in autumn would be read twice.
    return "(UNIX_TIMESTAMP(NOW(6)) + 0e0)"


@compiles(db_now, "postgresql")
def _postgresql(element: db_now, compiler: Any, **kw: Any) -> str:
    # Not now(): that is the time at which the transaction began.
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)"
