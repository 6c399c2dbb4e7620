"""What revisions do to tables that services read and write meanwhile.

Each step may be taken again, for a revision that was cut off is run anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op


def add_column(table: str, column: sa.Column[Any]) -> None:
    """Add a column that may be NULL, or has a default of the server's, to a table."""
    if column.name in {found["name"] for found in _inspector().get_columns(table)}:
        return
    # Both servers note it down and touch no row.
    op.add_column(table, column)


def create_index(name: str, table: str, columns: Sequence[str]) -> None:
    """Make an index without keeping anybody from the table."""
    exists = name in {found["name"] for found in _inspector().get_indexes(table)}
    match op.get_bind().dialect.name:
        case "postgresql":
            with op.get_context().autocommit_block():
                # One that was cut off is there, and not used.
                op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
                op.create_index(name, table, columns, postgresql_concurrently=True)
        case "mysql" | "mariadb" if not exists:
            listed = ", ".join(f"`{column}`" for column in columns)
            op.execute(
                f"ALTER TABLE `{table}` ADD INDEX `{name}` ({listed}), "
                "ALGORITHM = INPLACE, LOCK = NONE"
            )
        case _ if not exists:
            op.create_index(name, table, columns)


def _inspector() -> sa.Inspector:
    return sa.inspect(op.get_bind())
