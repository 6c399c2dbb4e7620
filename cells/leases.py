"""Leases: who works on a row, until when on the database's clock.

A row is free when its lease has run out. `lease_owner` without anybody and
`lease_until` in the future means: put off, nobody is to take it before then.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from understudy.cells.clock import db_now

GIVEN_BACK: dict[str, Any] = {"lease_owner": None, "lease_until": 0.0}
"""What an update sets to end a lease."""
NOBODY = "nobody (put off)"


def granted(owner: str, seconds: float) -> dict[str, Any]:
    """Return what an update sets to give `owner` the lease for so many seconds."""
    return {"lease_owner": owner, "lease_until": db_now() + seconds}


def put_off(seconds: float) -> dict[str, Any]:
    """Return what an update sets so that nobody takes the row for so many seconds."""
    return {"lease_owner": None, "lease_until": db_now() + seconds}


def woken(table: sa.Table) -> dict[str, Any]:
    """Return what an update sets to end a put-off, for what was waited for has come."""
    put_off_no_more = sa.case((table.c.lease_owner.is_(None), 0.0), else_=table.c.lease_until)
    return {"lease_until": put_off_no_more}


def is_free(table: sa.Table) -> sa.ColumnElement[bool]:
    """Is nobody working on the row, and may it be taken?"""
    return table.c.lease_until <= db_now()


def may_take(table: sa.Table, owner: str) -> sa.ColumnElement[bool]:
    """Is the row free, or mine already?"""
    return sa.or_(is_free(table), table.c.lease_owner == owner)


def not_of_another(table: sa.Table, owner: str | None) -> sa.ColumnElement[bool]:
    """Does nobody but `owner` work on the row? Nobody does on one that was put off."""
    return sa.or_(
        table.c.lease_owner.is_(None),
        is_free(table),
        sa.false() if owner is None else table.c.lease_owner == owner,
    )
