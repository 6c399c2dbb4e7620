"""An instance's row: read as a record, and changed by compare-and-swap only."""

from __future__ import annotations

import functools
from typing import Any

import sqlalchemy as sa

from understudy.cells import changes, errors, leases, primitives
from understudy.cells.changes import Row
from understudy.cells.clock import db_now
from understudy.cells.records import InstanceRecord
from understudy.cells.tables_cell import instances
from understudy.objects import states
from understudy.objects.errors import IllegalMove
from understudy.objects.fault import Fault
from understudy.objects.selection import Selection

row = instances.c

COLUMNS = (
    row.uuid,
    row.request_id,
    row.name,
    row.project_id,
    row.user_id,
    row.consumer_type,
    row.state,
    row.attempt,
    row.position,
    row.attempts_left,
    row.cells_left,
    row.service_host,
    row.selection,
    row.alternates,
    row.generation,
    row.group_uuid,
    row.group_policy,
    row.fault,
    (row.deadline - db_now()).label("seconds_left"),
    row.lease_owner,
    (row.lease_until - db_now()).label("lease_left"),
    row.created_at,
    row.updated_at,
)


def find(connection: sa.Connection, uuid: str) -> Row:
    """Return the row; InstanceUnknown."""
    found = connection.execute(_of(), {"wanted": uuid}).first()
    if found is None:
        raise errors.InstanceUnknown(uuid)
    return found


@functools.cache
def _of() -> sa.Select[Any]:
    return sa.select(*COLUMNS).where(row.uuid == sa.bindparam("wanted"))


def swap(
    connection: sa.Connection,
    uuid: str,
    expected: tuple[sa.ColumnElement[bool], ...],
    values: dict[str, Any],
) -> Row | None:
    """Change the row if all of `expected` holds; the row as it is now, or None."""
    update = sa.update(instances).where(row.uuid == uuid, *expected).values(**values)
    return changes.change(connection, update, row.uuid == uuid, COLUMNS)


def move(
    connection: sa.Connection,
    known: InstanceRecord,
    wanted: str,
    values: dict[str, Any],
    *more: sa.ColumnElement[bool],
) -> Row:
    """Take the row from where `known` saw it to `wanted`; the row as it is now.

    IllegalMove if that is no move; LostRace if it is elsewhere by now, if `more`
    does not hold, or if another worker has its lease.
    """
    states.check(known.state, wanted)
    expected = (
        row.state == known.state,
        row.attempt == known.attempt,
        leases.not_of_another(instances, known.lease_owner),
        *more,
    )
    moved = swap(
        connection, known.uuid, expected, {"state": wanted, "updated_at": db_now(), **values}
    )
    if moved is None:
        raise lost(connection, known.uuid, f"{known.state}/{known.attempt}")
    return moved


def only(known: InstanceRecord, wanted: str, *current: str) -> None:
    """Raise IllegalMove unless `known` is where this way to `wanted` begins."""
    if known.state not in current:
        raise IllegalMove(known.state, wanted)
    states.check(known.state, wanted)


def is_at(known: InstanceRecord) -> tuple[sa.ColumnElement[bool], ...]:
    """Is the row where `known` saw it?"""
    return row.state == known.state, row.attempt == known.attempt


def lost(connection: sa.Connection, uuid: str, expected: str, detail: str = "") -> Exception:
    """Say what stands in the row instead of `expected`; InstanceUnknown without a row."""
    found = find(connection, uuid)
    words = [f"{found.state}/{found.attempt}"]
    if found.service_host is not None:
        words.append(f"on {found.service_host}")
    if found.lease_left > 0:
        words.append(f"held by {found.lease_owner or leases.NOBODY}")
    if detail:
        words.append(detail)
    return errors.LostRace(uuid, expected, " ".join(words))


def lost_or_held(connection: sa.Connection, known: InstanceRecord) -> Exception:
    """Say whether the row moved on, or is where `known` saw it but under another's lease."""
    found = find(connection, known.uuid)
    if (found.state, found.attempt) == (known.state, known.attempt):
        return errors.LeaseHeld(f"instance {known.uuid}", found.lease_owner or leases.NOBODY)
    return lost(connection, known.uuid, f"{known.state}/{known.attempt}")


def target(selection: Selection) -> dict[str, Any]:
    """Return what an update sets to make this the current target."""
    return {"selection": primitives.dump(selection), "service_host": selection.service_host}


def understudies(alternates: Any) -> dict[str, Any]:
    """Return what an update sets to keep these alternates."""
    return {"alternates": primitives.dump_all(alternates), "alternates_left": len(alternates)}


def record(found: Row) -> InstanceRecord:
    """Return the row as a record."""
    return InstanceRecord(
        uuid=found.uuid,
        request_id=found.request_id,
        name=found.name,
        project_id=found.project_id,
        user_id=found.user_id,
        consumer_type=found.consumer_type,
        state=found.state,
        attempt=found.attempt,
        attempts_left=found.attempts_left,
        cells_left=found.cells_left,
        selection=primitives.load_optional(Selection, found.selection),
        alternates=primitives.load_all(Selection, found.alternates),
        generation=found.generation,
        group_uuid=found.group_uuid,
        group_policy=found.group_policy,
        fault=primitives.load_optional(Fault, found.fault),
        seconds_left=found.seconds_left,
        lease_owner=found.lease_owner,
        lease_left=found.lease_left,
        created_at=found.created_at,
        updated_at=found.updated_at,
    )
