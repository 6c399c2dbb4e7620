"""A failed build's way to the next alternate, and its end where there is none."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from understudy.cells import leases, primitives
from understudy.cells.cell import attempts, groups, instances
from understudy.cells.cell.announcing import AnnouncingSection
from understudy.cells.clock import db_now
from understudy.cells.records import InstanceRecord
from understudy.cells.tables_cell import instances as table
from understudy.cells.transactions import writing
from understudy.objects import states
from understudy.objects.fault import Fault
from understudy.objects.notification import InstanceEvent
from understudy.objects.selection import Selection
from understudy.objects.states import AttemptState


class Moves(AnnouncingSection):
    """IllegalMove for what is no move; LostRace where the row, or its lease, is another's."""

    @writing
    def next_attempt(
        self,
        connection: sa.Connection,
        record: InstanceRecord,
        target: Selection,
        remaining: Sequence[Selection],
        owner: str,
        lease_seconds: float,
    ) -> InstanceRecord:
        """Write the next attempt and its target down, BUILDING/n -> MOVING/n+1, leased to `owner`.

        GroupHostTaken, with nothing changed, if a member of its group is on that
        host; LeaseHeld if another has the lease.
        """
        instances.only(record, states.MOVING, states.BUILDING)
        moving = instances.swap(
            connection,
            record.uuid,
            (*instances.is_at(record), leases.may_take(table, owner)),
            {
                "state": states.MOVING,
                "attempt": record.attempt + 1,
                "position": 0,
                "attempts_left": record.attempts_left - 1,
                **instances.target(target),
                **instances.understudies(remaining),
                **leases.granted(owner, lease_seconds),
                "updated_at": db_now(),
            },
        )
        if moving is None:
            raise instances.lost_or_held(connection, record)
        attempts.close(connection, record.uuid, record.attempt, cast=AttemptState.SUPERSEDED)
        attempts.write(connection, moving, AttemptState.INTENDED, target)
        groups.keep_apart(connection, moving)
        return instances.record(moving)

    @writing
    def retarget(
        self,
        connection: sa.Connection,
        record: InstanceRecord,
        target: Selection,
        remaining: Sequence[Selection],
    ) -> InstanceRecord:
        """Write another target for the same attempt down: the last one lost its claim.

        GroupHostTaken, with nothing changed, if a member of its group is on that host.
        """
        instances.only(record, states.MOVING, states.MOVING)
        moving = instances.move(
            connection,
            record,
            states.MOVING,
            {
                "position": instances.row.position + 1,
                **instances.target(target),
                **instances.understudies(remaining),
            },
            _is_target(record),
        )
        self._lose_claim(connection, record)
        attempts.write(connection, moving, AttemptState.INTENDED, target)
        groups.keep_apart(connection, moving)
        return instances.record(moving)

    @writing
    def claimed(
        self, connection: sa.Connection, record: InstanceRecord, generation: int
    ) -> InstanceRecord:
        """Confirm the swap, MOVING/n -> BUILDING/n; the lease is kept for the cast."""
        instances.only(record, states.BUILDING, states.MOVING)
        building = instances.move(
            connection, record, states.BUILDING, {"generation": generation}, _is_target(record)
        )
        attempts.set_current(
            connection, building, (AttemptState.INTENDED,), {"state": AttemptState.CLAIMED}
        )
        self._announcer.announce(connection, InstanceEvent.SELECTED, building)
        return instances.record(building)

    @writing
    def set_generation(
        self, connection: sa.Connection, record: InstanceRecord, generation: int
    ) -> InstanceRecord:
        """Note the claim's generation, as last confirmed."""
        noted = instances.swap(
            connection,
            record.uuid,
            (*instances.is_at(record), leases.not_of_another(table, record.lease_owner)),
            {"generation": generation, "updated_at": db_now()},
        )
        if noted is None:
            expected = f"{record.state}/{record.attempt}"
            raise instances.lost(connection, record.uuid, expected)
        return instances.record(noted)

    @writing
    def exhaust(
        self, connection: sa.Connection, record: InstanceRecord, fault: Fault
    ) -> InstanceRecord:
        """Leave it, claim and all, to the super conductor, -> EXHAUSTED; ends the lease."""
        instances.only(record, states.EXHAUSTED, states.BUILDING, states.MOVING)
        exhausted = {"fault": primitives.dump(fault), **leases.GIVEN_BACK}
        left = instances.move(connection, record, states.EXHAUSTED, exhausted)
        closed = attempts.close(
            connection,
            record.uuid,
            record.attempt,
            cast=AttemptState.FAILED,
            intended=AttemptState.LOST_CLAIM,
            fault=fault,
        )
        if closed and record.state == states.BUILDING:
            self._announcer.announce(connection, InstanceEvent.ATTEMPT_FAILED, left)
        return instances.record(left)

    @staticmethod
    def _lose_claim(connection: sa.Connection, record: InstanceRecord) -> None:
        attempts.close(
            connection,
            record.uuid,
            record.attempt,
            cast=AttemptState.SUPERSEDED,
            intended=AttemptState.LOST_CLAIM,
        )


def _is_target(record: InstanceRecord) -> sa.ColumnElement[bool]:
    """Is the row's target still the one that `record` has?"""
    host = record.selection.service_host if record.selection else None
    return instances.row.service_host == host
