"""Which cell an instance is in, from its acceptance to its end."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from understudy.cells import changes, errors, leases, mapping_states, primitives
from understudy.cells.api.announcing import AnnouncingSection
from understudy.cells.api.requests import DONE
from understudy.cells.changes import Row
from understudy.cells.clock import db_now
from understudy.cells.records import MappingRecord, Whereabouts
from understudy.cells.tables_api import instance_mappings, requests
from understudy.cells.transactions import reading, writing
from understudy.objects.fault import Fault
from understudy.objects.notification import InstanceEvent

row = instance_mappings.c

_AT_ONCE: Final = 500
"""Instances in one IN list."""

COLUMNS = (
    row.instance_uuid,
    row.request_id,
    row.name,
    row.project_id,
    row.user_id,
    row.state,
    row.attempt,
    row.cell_uuid,
    row.pick,
    row.fault,
    row.created_at,
    row.updated_at,
    row.lease_owner,
)


class Mappings(AnnouncingSection):
    """Every change is a compare-and-swap; InstanceUnknown where there is no such instance."""

    @reading
    def mapping(self, connection: sa.Connection, instance_uuid: str) -> MappingRecord:
        """Return the mapping."""
        return record(find(connection, instance_uuid))

    @reading
    def mappings_of(self, connection: sa.Connection, request_id: str) -> list[MappingRecord]:
        """Return the mappings of a request's instances, in the order they were accepted."""
        found = connection.execute(_of_request(), {"wanted": request_id})
        return [record(one) for one in found]

    @reading
    def whereabouts(
        self, connection: sa.Connection, instance_uuids: Sequence[str]
    ) -> dict[str, Whereabouts]:
        """Return whose each of these instances is, and where; unknown ones are left out."""
        columns = (row.cell_uuid, row.request_id, row.project_id, row.user_id, row.name)
        found: dict[str, Whereabouts] = {}
        for start in range(0, len(instance_uuids), _AT_ONCE):
            some = instance_uuids[start : start + _AT_ONCE]
            query = sa.select(row.instance_uuid, *columns).where(row.instance_uuid.in_(some))
            found.update({uuid: Whereabouts(*of) for uuid, *of in connection.execute(query)})
        return found

    @reading
    def selected_lately(self, connection: sa.Connection, seconds: float) -> list[MappingRecord]:
        """Return what was mapped, failed or deleted, if a selection of it may be as young as that.

        Its request was selected, handed over or finished within the last so many
        seconds, or is not finished.
        """
        found = connection.execute(_selected_lately(), {"seconds": seconds})
        return [record(one) for one in found]

    @reading
    def count_waiting(self, connection: sa.Connection, at_most: int) -> int:
        """Return how many instances wait for a host, counting no further than `at_most`."""
        waiting = sa.select(sa.literal(1)).where(row.state == mapping_states.ACCEPTED)
        counted = waiting.limit(at_most).subquery()
        return connection.scalars(sa.select(sa.func.count()).select_from(counted)).one()

    @writing
    def map_to_cell(
        self, connection: sa.Connection, instance_uuid: str, cell_uuid: str
    ) -> MappingRecord:
        """Map it for the first time, ACCEPTED/0 -> MAPPED/1.

        Once it is in that cell, nothing more happens; LostRace if it is anywhere else.
        """
        mapping_states.check(mapping_states.ACCEPTED, mapping_states.MAPPED)
        mapped = swap(
            connection,
            instance_uuid,
            (row.state == mapping_states.ACCEPTED, row.attempt == 0),
            {"state": mapping_states.MAPPED, "attempt": 1, "cell_uuid": cell_uuid},
        )
        if mapped is None:
            found = find(connection, instance_uuid)
            if found.state != mapping_states.MAPPED or found.cell_uuid != cell_uuid:
                raise lost(found, "ACCEPTED/0")
            mapped = found
        return record(mapped)

    @writing
    def fail_unmapped(self, connection: sa.Connection, instance_uuid: str, fault: Fault) -> None:
        """End an instance that no cell took, ACCEPTED -> ERROR; the first fault stays."""
        mapping_states.check(mapping_states.ACCEPTED, mapping_states.ERROR)
        failed = swap(
            connection,
            instance_uuid,
            (row.state == mapping_states.ACCEPTED,),
            {"state": mapping_states.ERROR, "fault": primitives.dump(fault)},
        )
        if failed is None:
            found = find(connection, instance_uuid)
            if found.state != mapping_states.ERROR:
                raise lost(found, "ACCEPTED/0")
            return
        self._announcer.announce(connection, InstanceEvent.ERROR, failed)

    @writing
    def begin_deleting(self, connection: sa.Connection, instance_uuid: str) -> MappingRecord:
        """Let the delete win, -> DELETING with the next attempt number; once is enough."""
        states = mapping_states.sources(mapping_states.DELETING)
        deleting = swap(
            connection,
            instance_uuid,
            (row.state.in_(states),),
            {
                "state": mapping_states.DELETING,
                "attempt": row.attempt + 1,
                **leases.GIVEN_BACK,
            },
        )
        return record(deleting or find(connection, instance_uuid))

    @writing
    def end_deleting(self, connection: sa.Connection, instance_uuid: str) -> None:
        """Finish the delete, DELETING -> DELETED; once is enough."""
        mapping_states.check(mapping_states.DELETING, mapping_states.DELETED)
        deleted = swap(
            connection,
            instance_uuid,
            (row.state == mapping_states.DELETING,),
            {"state": mapping_states.DELETED, **leases.GIVEN_BACK},
        )
        if deleted is None:
            found = find(connection, instance_uuid)
            if found.state != mapping_states.DELETED:
                raise lost(found, mapping_states.DELETING)
            return
        self._announcer.announce(connection, InstanceEvent.DELETED, deleted)

    @reading
    def deleting(self, connection: sa.Connection, limit: int) -> list[MappingRecord]:
        """Return mappings that are DELETING, the one longest untouched first."""
        return [record(found) for found in connection.execute(_deleting(limit))]


def find(connection: sa.Connection, instance_uuid: str) -> Row:
    """Return the row; InstanceUnknown."""
    query = sa.select(*COLUMNS).where(row.instance_uuid == instance_uuid)
    found = connection.execute(query).first()
    if found is None:
        raise errors.InstanceUnknown(instance_uuid)
    return found


def oldest(condition: sa.ColumnElement[bool], limit: int) -> sa.Select[Any]:
    """Return what asks for mappings of which the condition holds, longest untouched first."""
    return (
        sa.select(*COLUMNS)
        .where(condition)
        .order_by(row.updated_at, row.instance_uuid)
        .limit(limit)
    )


# What every sweep asks is put together once.


@functools.lru_cache(maxsize=4)
def _deleting(limit: int) -> sa.Select[Any]:
    return oldest(row.state == mapping_states.DELETING, limit)


@functools.cache
def _selected_lately() -> sa.Select[Any]:
    settled = (mapping_states.MAPPED, mapping_states.ERROR, mapping_states.DELETED)
    since = db_now() - sa.bindparam("seconds", type_=sa.Double())
    of_request = requests.c
    return (
        sa.select(*COLUMNS)
        .join_from(instance_mappings, requests, row.request_id == of_request.request_id)
        .where(
            row.state.in_(settled),
            row.updated_at > since,
            sa.or_(of_request.state != DONE, of_request.updated_at > since),
        )
    )


@functools.cache
def _of_request() -> sa.Select[Any]:
    wanted = row.request_id == sa.bindparam("wanted")
    return sa.select(*COLUMNS).where(wanted).order_by(row.position)


def swap(
    connection: sa.Connection,
    instance_uuid: str,
    expected: tuple[sa.ColumnElement[bool], ...],
    values: dict[str, Any],
) -> Row | None:
    """Change the row if all of `expected` holds; the row as it is now, or None."""
    update = (
        sa.update(instance_mappings)
        .where(row.instance_uuid == instance_uuid, *expected)
        .values(**values, updated_at=db_now())
    )
    return changes.change(connection, update, row.instance_uuid == instance_uuid, COLUMNS)


def lost(found: Row, expected: str) -> errors.LostRace:
    """Say what stands in the row instead of `expected`."""
    return errors.LostRace(found.instance_uuid, expected, f"{found.state}/{found.attempt}")


def record(found: Row) -> MappingRecord:
    """Return the row as a record."""
    return MappingRecord(
        instance_uuid=found.instance_uuid,
        request_id=found.request_id,
        name=found.name,
        project_id=found.project_id,
        user_id=found.user_id,
        state=found.state,
        attempt=found.attempt,
        cell_uuid=found.cell_uuid,
        pick=found.pick,
        fault=primitives.load_optional(Fault, found.fault),
        created_at=found.created_at,
        updated_at=found.updated_at,
    )
