"""Column types that mean the same on SQLite, MariaDB, MySQL and PostgreSQL.

Names compare by code point everywhere, so that pages of several cells merge in
the order that each database sorted them in.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

Type = sa.types.TypeEngine[Any]


def _text(length: int) -> Type:
    binary = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")
    return (
        sa.String(length)
        .with_variant(binary, "mysql", "mariadb")
        .with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql")
    )


UUID: Type = _text(36)
NAME: Type = _text(255)
WORD: Type = _text(32)
"""A state, a policy or the like."""
LONG: Type = sa.Text().with_variant(
    mysql.MEDIUMTEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
)
"""JSON, or anything longer than a name; never compared."""
NUMBER: Type = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""Counts up by itself where it is a primary key; SQLite does that for INTEGER alone."""
SECONDS: Type = sa.Double()
"""A time in seconds since the epoch; Float would be single precision on MySQL."""

NAMING = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}
"""Every constraint has a name, so that a migration can speak of it."""


def required(name: str, kind: Type, *args: Any, **kw: Any) -> sa.Column[Any]:
    """Return a column that always holds a value."""
    return sa.Column(name, kind, *args, nullable=False, **kw)


def optional(name: str, kind: Type, **kw: Any) -> sa.Column[Any]:
    """Return a column that may hold nothing."""
    return sa.Column(name, kind, nullable=True, **kw)


def lease() -> tuple[sa.Column[Any], sa.Column[Any]]:
    """Return the two columns of a lease: who holds it, and until when (0: nobody)."""
    return optional("lease_owner", NAME), required("lease_until", SECONDS, default=0.0)


def written() -> tuple[sa.Column[Any], sa.Column[Any]]:
    """Return the columns that say when a row was made and last changed."""
    return required("created_at", SECONDS), required("updated_at", SECONDS)


def services(metadata: sa.MetaData) -> sa.Table:
    """Return the table of the processes that beat, which both databases have."""
    return sa.Table(
        "services",
        metadata,
        sa.Column("binary", WORD, primary_key=True),
        sa.Column("name", NAME, primary_key=True),
        required("seen_at", SECONDS),
        mysql_engine="InnoDB",
    )


def notifications(metadata: sa.MetaData) -> sa.Table:
    """Return the table of events that wait to be published, which both databases have."""
    return sa.Table(
        "notifications",
        metadata,
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        required("instance_uuid", UUID),
        required("sequence", sa.Integer()),
        # JSON text of an InstanceNotification.
        required("body", LONG),
        optional("cell_name", NAME),
        required("created_at", SECONDS),
        sa.UniqueConstraint(
            "instance_uuid", "sequence", name="uq_notifications_instance_uuid_sequence"
        ),
        mysql_engine="InnoDB",
    )


def turns(metadata: sa.MetaData) -> sa.Table:
    """Return the table of what one process at a time does, which both databases have."""
    return sa.Table(
        "turns",
        metadata,
        sa.Column("name", WORD, primary_key=True),
        *lease(),
        mysql_engine="InnoDB",
    )
