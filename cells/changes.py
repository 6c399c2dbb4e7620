"""Statements that change a row and show it, on databases that can and that cannot return it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

Columns = Sequence[sa.ColumnElement[Any]]
Row = sa.Row[*tuple[Any, ...]]


def change(
    connection: sa.Connection, update: sa.Update, key: sa.ColumnElement[bool], columns: Columns
) -> Row | None:
    """Run an update of at most one row; the row as it is now, or None if it did not match.

    `key` finds the row again by what the update leaves as it is.
    """
    if connection.dialect.update_returning:
        return connection.execute(update.returning(*columns)).first()
    if connection.execute(update).rowcount == 0:
        return None
    return connection.execute(sa.select(*columns).where(key)).one()


def insert(
    connection: sa.Connection,
    table: sa.Table,
    values: Mapping[str, Any],
    key: sa.ColumnElement[bool],
    columns: Columns,
) -> Row:
    """Insert one row and return it; DBDuplicateEntry if its key is taken."""
    statement = sa.insert(table).values(**values)
    if connection.dialect.insert_returning:
        return connection.execute(statement.returning(*columns)).one()
    connection.execute(statement)
    return connection.execute(sa.select(*columns).where(key)).one()


def insert_missing(
    connection: sa.Connection, table: sa.Table, values: Mapping[str, Any], key: str
) -> None:
    """Insert one row unless there is one with this primary key already."""
    connection.execute(_unless_there(connection, table, [key]).values(**values))


def insert_all_missing(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    common: Mapping[str, Any],
    key: Sequence[str],
) -> None:
    """Insert those rows, each with what is common to all, whose unique key is not there yet."""
    insert = _unless_there(connection, table, key).values(**common)
    connection.execute(insert, [dict(row) for row in rows])


def _unless_there(connection: sa.Connection, table: sa.Table, key: Sequence[str]) -> sa.Insert:
    match connection.dialect.name:
        case "mysql" | "mariadb":
            # Not IGNORE, which would also ignore what does not fit.
            as_it_is = {key[0]: table.c[key[0]]}
            return mysql.insert(table).on_duplicate_key_update(as_it_is)
        case "postgresql":
            return postgresql.insert(table).on_conflict_do_nothing(index_elements=key)
        case _:
            return sqlite.insert(table).on_conflict_do_nothing(index_elements=key)
