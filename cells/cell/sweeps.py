"""What a killed worker left, what is late, and what an audit looks at."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator
from typing import Any, Final

import sqlalchemy as sa

from understudy.cells import leases, primitives
from understudy.cells.cell import attempts, instances
from understudy.cells.clock import db_now
from understudy.cells.records import Holder, InstanceRecord
from understudy.cells.tables_cell import attempts as attempts_table
from understudy.cells.tables_cell import hosts
from understudy.cells.tables_cell import instances as table
from understudy.cells.transactions import Section, reading
from understudy.objects import states
from understudy.objects.selection import Selection
from understudy.objects.states import AttemptState

MISSED_BEATS: Final = 2
"""Heartbeats without an attempt that was cast, until it is taken for lost."""
_AT_ONCE: Final = 500

_NOT_AT_REST: Final = (states.MOVING, states.FAILING, states.DELETING)


class Sweeps(Section):
    """Only rows that nobody works on, and that were not put off, are shown to a sweeper."""

    @reading
    def overdue(self, connection: sa.Connection, limit: int) -> list[InstanceRecord]:
        """Return instances that need a push, the one longest untouched first.

        Those not at rest; builds that were never cast, or failed, or missed
        MISSED_BEATS heartbeats, or whose deadline passed or host is down; those
        that no super conductor took by the deadline; and those handed over of
        which a host may still hold something. What is HANDING_OVER is never among
        them: its claim may be in another cell already.
        """
        return [instances.record(found) for found in connection.execute(_overdue(limit))]

    @reading
    def exhausted(self, connection: sa.Connection, limit: int) -> list[InstanceRecord]:
        """Return what a super conductor may take over, the one longest untouched first.

        Of those that are HANDING_OVER already also the late ones: only it can end them.
        """
        return [instances.record(found) for found in connection.execute(_exhausted(limit))]

    @reading
    def building_on(self, connection: sa.Connection, host: str) -> list[InstanceRecord]:
        """Return the instances that are BUILDING on this host, by uuid."""
        query = (
            sa.select(*instances.COLUMNS)
            .where(table.c.service_host == host, table.c.state == states.BUILDING)
            .order_by(table.c.uuid)
        )
        return [instances.record(found) for found in connection.execute(query)]

    @reading
    def failed_among(self, connection: sa.Connection, uuids: Collection[str]) -> set[str]:
        """Return which of these have ended as ERROR."""
        failed = sa.select(table.c.uuid).where(table.c.state == states.ERROR)
        return set(connection.scalars(failed.where(table.c.uuid.in_(uuids))))

    @reading
    def counts(self, connection: sa.Connection) -> dict[str, int]:
        """Return how many instances are in each state."""
        query = sa.select(table.c.state, sa.func.count()).group_by(table.c.state)
        return dict(connection.execute(query).tuples().all())

    def holders(self) -> Iterator[Holder]:
        """Yield every instance with the claim that it should have, or should not, by uuid.

        Read in several short transactions: what changes meanwhile may be shown either way.
        """
        last = ""
        while some := self._holders_after(last):
            yield from some
            last = some[-1].uuid

    @reading
    def _holders_after(self, connection: sa.Connection, last: str) -> list[Holder]:
        row = table.c
        query = (
            sa.select(row.uuid, row.state, row.attempt, row.selection, row.generation)
            .where(row.uuid > last)
            .order_by(row.uuid)
            .limit(_AT_ONCE)
        )
        return [
            _holder(uuid, state, attempt, selection, generation)
            for uuid, state, attempt, selection, generation in connection.execute(query)
        ]


# What every sweep asks is put together once.


@functools.lru_cache(maxsize=4)
def _overdue(limit: int) -> sa.Select[Any]:
    state = table.c.state
    late = table.c.deadline <= db_now()
    stalled = sa.or_(
        attempts.row.state.in_((AttemptState.CLAIMED, AttemptState.FAILED)),
        attempts.row.missed >= MISSED_BEATS,
        late,
        hosts.c.down,
    )
    held = (
        sa.select(attempts.row.number)
        .where(attempts.row.instance_uuid == table.c.uuid, attempts.MAY_BE_HELD)
        # Any attempt of it, not only the current one that is joined below.
        .correlate(table)
        .exists()
    )
    with_attempt = table.outerjoin(attempts_table, attempts.IS_CURRENT)
    return (
        sa.select(*instances.COLUMNS)
        .select_from(with_attempt.outerjoin(hosts, hosts.c.name == table.c.service_host))
        .where(
            # Said first, for the index; the rest only narrows it.
            state.in_((*states.WORKING, states.HANDED_OVER)),
            leases.is_free(table),
            sa.or_(
                state.in_(_NOT_AT_REST),
                sa.and_(state == states.BUILDING, stalled),
                sa.and_(state == states.EXHAUSTED, late),
                sa.and_(state == states.HANDED_OVER, held),
            ),
        )
        .order_by(table.c.updated_at, table.c.uuid)
        .limit(limit)
    )


@functools.lru_cache(maxsize=4)
def _exhausted(limit: int) -> sa.Select[Any]:
    state = table.c.state
    in_time = sa.and_(state == states.EXHAUSTED, table.c.deadline > db_now())
    return (
        sa.select(*instances.COLUMNS)
        .where(
            # Said first, for the index; the rest only narrows it.
            state.in_((states.EXHAUSTED, states.HANDING_OVER)),
            leases.is_free(table),
            sa.or_(in_time, state == states.HANDING_OVER),
        )
        .order_by(table.c.updated_at, table.c.uuid)
        .limit(limit)
    )


def _holder(
    uuid: str, state: str, attempt: int, text: str | None, generation: int | None
) -> Holder:
    selection = primitives.load_optional(Selection, text)
    if selection is None:
        return Holder(uuid, state, attempt, None, None, generation)
    return Holder(
        uuid,
        state,
        attempt,
        selection.compute_node_uuid,
        selection.allocation_request,
        generation,
    )
