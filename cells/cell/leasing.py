"""Working on an instance's row: one worker at a time, found again when it was killed."""

from __future__ import annotations

import sqlalchemy as sa

from understudy.cells import leases
from understudy.cells.cell import instances
from understudy.cells.records import InstanceRecord
from understudy.cells.tables_cell import instances as table
from understudy.cells.transactions import Section, writing


class Leasing(Section):
    """A lease that has run out is still its owner's until another takes it."""

    @writing
    def take(
        self, connection: sa.Connection, record: InstanceRecord, owner: str, lease_seconds: float
    ) -> InstanceRecord:
        """Take or prolong the lease; LeaseHeld if another has it, LostRace if the row moved."""
        taken = instances.swap(
            connection,
            record.uuid,
            (*instances.is_at(record), leases.may_take(table, owner)),
            leases.granted(owner, lease_seconds),
        )
        if taken is None:
            raise instances.lost_or_held(connection, record)
        return instances.record(taken)

    @writing
    def release(self, connection: sa.Connection, record: InstanceRecord) -> None:
        """Give the record's lease back, wherever the row is by now, if it is still mine."""
        mine = table.c.lease_owner == record.lease_owner
        connection.execute(
            sa.update(table).where(table.c.uuid == record.uuid, mine).values(**leases.GIVEN_BACK)
        )

    @writing
    def put_off(self, connection: sa.Connection, record: InstanceRecord, seconds: float) -> None:
        """Give the record's lease back, but let nobody take it for so many seconds.

        Nothing happens if the lease is not mine any more, or, for a record
        without a lease, if the row moved or was taken.
        """
        if record.lease_owner is None:
            expected = (*instances.is_at(record), leases.is_free(table))
        else:
            expected = (table.c.lease_owner == record.lease_owner,)
        connection.execute(
            sa.update(table)
            .where(table.c.uuid == record.uuid, *expected)
            .values(**leases.put_off(seconds))
        )
