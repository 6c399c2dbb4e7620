"""Rows for any tables, made from what the database says of their columns."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

Rows = Mapping[str, list[dict[str, Any]]]
"""By table; the first row has something in each column, the second only where it must."""

_UUID = 36
VERSIONS = "alembic_version"


def insert(engine: sa.Engine) -> Rows:
    """Fill every table of the database with two rows; return what is in them."""
    metadata = sa.MetaData()
    metadata.reflect(engine)
    made: dict[str, list[dict[str, Any]]] = {}
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            if table.name != VERSIONS:
                made[table.name] = [_row(table, number, made) for number in (0, 1)]
                connection.execute(table.insert(), made[table.name])
    return read(engine, made)


def read(engine: sa.Engine, like: Rows) -> Rows:
    """Return what is in these tables and columns now; the rest is left out."""
    metadata = sa.MetaData()
    metadata.reflect(engine)
    found: dict[str, list[dict[str, Any]]] = {}
    with engine.connect() as connection:
        for name, rows in like.items():
            columns = [metadata.tables[name].c[column] for column in rows[0]]
            query = sa.select(*columns).order_by(*columns)
            found[name] = [dict(row) for row in connection.execute(query).mappings()]
    return found


def _row(table: sa.Table, number: int, made: Rows) -> dict[str, Any]:
    return {
        column.name: None if number and column.nullable else _value(column, number, made)
        for column in table.columns
    }


def _value(column: sa.Column[Any], number: int, made: Rows) -> object:
    for key in column.foreign_keys:
        table, _, name = key.target_fullname.rpartition(".")
        return made[table][number][name]
    match column.type:
        case sa.String(length=length):
            named = f"{column.name}-{number}"
            same = str(uuid.uuid5(uuid.NAMESPACE_DNS, named))
            return same if length == _UUID else named[: length or None]
        case sa.Boolean():
            return bool(number)
        case sa.Integer():
            return number + 1
        case sa.Numeric() | sa.Float():
            return number + 0.5
    # MariaDB's and SQLite's own kinds of numbers.
    return int(number)
