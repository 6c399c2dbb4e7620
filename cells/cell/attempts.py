"""The rows of a build's timeline: written, counted and closed with their instance's row."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from understudy.cells import primitives
from understudy.cells.changes import Row
from understudy.cells.clock import db_now
from understudy.cells.records import AttemptRecord
from understudy.cells.tables_cell import attempts, instances
from understudy.objects.fault import Fault
from understudy.objects.selection import Selection
from understudy.objects.states import AttemptState

row = attempts.c

COLUMNS = (
    row.instance_uuid,
    row.number,
    row.position,
    row.state,
    row.selection,
    row.fault,
    row.cleaned,
    row.missed,
    row.started_at,
    row.cast_at,
    row.ended_at,
)

UNDER_WAY: Final = (AttemptState.CLAIMED, AttemptState.CAST, AttemptState.STARTED)
NEVER_CAST: Final = (AttemptState.INTENDED, AttemptState.LOST_CLAIM)

IS_CURRENT = sa.and_(
    row.instance_uuid == instances.c.uuid,
    row.number == instances.c.attempt,
    row.position == instances.c.position,
)
"""Joins an instance with its current attempt; it has none after a delete."""

MAY_BE_HELD = sa.and_(sa.not_(row.cleaned), row.state.not_in(NEVER_CAST))
"""May the host still hold something of it?"""


def write(
    connection: sa.Connection, of: Row, state: str, selection: Selection, **more: Any
) -> None:
    """Add the row for the current attempt of this instance's row."""
    values: dict[str, Any] = {
        "instance_uuid": of.uuid,
        "number": of.attempt,
        "position": of.position,
        "state": state,
        "service_host": selection.service_host,
        "selection": primitives.dump(selection),
        "cleaned": False,
        "missed": 0,
        "started_at": db_now(),
    }
    connection.execute(sa.insert(attempts).values(**{**values, **more}))


def set_current(
    connection: sa.Connection, of: Row, expected: tuple[str, ...], values: dict[str, Any]
) -> bool:
    """Change the current attempt if it is in one of these states; was it?"""
    update = sa.update(attempts).where(
        row.instance_uuid == of.uuid,
        row.number == of.attempt,
        row.position == of.position,
        row.state.in_(expected),
    )
    return connection.execute(update.values(**values)).rowcount > 0


def close(
    connection: sa.Connection,
    uuid: str,
    number: int,
    *,
    cast: str,
    intended: str = AttemptState.SUPERSEDED,
    fault: Fault | None = None,
) -> bool:
    """End what has not ended of this number, as `cast` or, if it was never cast, as `intended`.

    Was there anything? The fault goes with what was cast; what was only intended needs no
    cleaning.
    """
    only_intended = row.state == AttemptState.INTENDED
    text = primitives.dump_optional(fault)
    closed = connection.execute(
        sa.update(attempts)
        .where(row.instance_uuid == uuid, row.number == number, row.ended_at.is_(None))
        # In this order: MySQL shows each assignment what those before it wrote.
        .ordered_values(
            (row.cleaned, sa.case((only_intended, sa.true()), else_=row.cleaned)),
            (row.fault, sa.case((only_intended, row.fault), else_=text)),
            (row.ended_at, db_now()),
            (row.state, sa.case((only_intended, intended), else_=cast)),
        )
    )
    return closed.rowcount > 0


def record(found: Row) -> AttemptRecord:
    """Return the row as a record."""
    return AttemptRecord(
        instance_uuid=found.instance_uuid,
        number=found.number,
        position=found.position,
        state=found.state,
        selection=primitives.load(Selection, found.selection),
        fault=primitives.load_optional(Fault, found.fault),
        cleaned=found.cleaned,
        missed=found.missed,
        started_at=found.started_at,
        cast_at=found.cast_at,
        ended_at=found.ended_at,
    )
