"""Giving an instance to another cell: what the super conductor does to the old cell's row."""

from __future__ import annotations

import sqlalchemy as sa

from understudy.cells import leases
from understudy.cells.cell import attempts, groups, instances
from understudy.cells.clock import db_now
from understudy.cells.records import InstanceRecord
from understudy.cells.tables_cell import instances as table
from understudy.cells.transactions import Section, writing
from understudy.objects import states
from understudy.objects.states import AttemptState


class HandOvers(Section):
    """IllegalMove for what is no move; LostRace where the row, or its lease, is another's."""

    @writing
    def begin_hand_over(
        self, connection: sa.Connection, record: InstanceRecord, owner: str, lease_seconds: float
    ) -> InstanceRecord:
        """Take an exhausted instance over, EXHAUSTED -> HANDING_OVER, or go on with that.

        LeaseHeld if another has its lease.
        """
        if record.state != states.HANDING_OVER:
            states.check(record.state, states.HANDING_OVER)
        begun = instances.swap(
            connection,
            record.uuid,
            (*instances.is_at(record), leases.may_take(table, owner)),
            {
                "state": states.HANDING_OVER,
                **leases.granted(owner, lease_seconds),
                "updated_at": db_now(),
            },
        )
        if begun is None:
            raise instances.lost_or_held(connection, record)
        return instances.record(begun)

    @writing
    def handed_over(self, connection: sa.Connection, record: InstanceRecord) -> InstanceRecord:
        """Note that another cell has it, -> HANDED_OVER: this row only tears down."""
        values = {**instances.understudies(()), **leases.GIVEN_BACK}
        gone = instances.move(connection, record, states.HANDED_OVER, values)
        attempts.close(connection, record.uuid, record.attempt, cast=AttemptState.SUPERSEDED)
        groups.let_go(connection, gone)
        return instances.record(gone)
