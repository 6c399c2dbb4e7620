"""What waits to be published: read in order, and forgotten once it was.

One publisher at a time has the outbox, under a lease; so the events of an
instance go out in the order in which they were written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import sqlalchemy as sa
from oslo_db import exception as db_errors

from understudy.cells import errors, leases, primitives
from understudy.cells.changes import Row
from understudy.cells.clock import db_now
from understudy.cells.engines import Database
from understudy.cells.transactions import Section, reading, writing
from understudy.objects.notification import InstanceNotification

_NAME: Final = "notifications"


class Waiting(NamedTuple):
    """An event that was written down, under the number that forgets it."""

    number: int
    event: InstanceNotification


class Outbox(Section):
    """The events of one database."""

    def __init__(self, database: Database, table: sa.Table, turns: sa.Table) -> None:
        """Publish from `table`; `turns` says whose turn it is."""
        super().__init__(database)
        self._table = table
        self._turns = turns

    @reading
    def is_waiting(self, connection: sa.Connection) -> bool:
        """Does any event wait?"""
        return connection.scalars(sa.select(self._table.c.id).limit(1)).first() is not None

    @reading
    def count(self, connection: sa.Connection) -> int:
        """Return how many events wait."""
        return connection.scalars(sa.select(sa.func.count()).select_from(self._table)).one()

    @writing
    def take(self, connection: sa.Connection, owner: str, lease_seconds: float) -> None:
        """Take or prolong the turn to publish; LeaseHeld if it is another's."""
        granted = leases.granted(owner, lease_seconds)
        name = self._turns.c.name
        mine = leases.may_take(self._turns, owner)
        taken = sa.update(self._turns).where(name == _NAME, mine).values(**granted)
        if connection.execute(taken).rowcount:
            return
        query = sa.select(self._turns.c.lease_owner).where(name == _NAME)
        held = connection.execute(query).first()
        if held is not None:
            raise errors.LeaseHeld("the outbox", held.lease_owner or leases.NOBODY)
        try:
            connection.execute(sa.insert(self._turns).values(name=_NAME, **granted))
        except db_errors.DBDuplicateEntry as error:
            raise db_errors.RetryRequest(error) from error

    @writing
    def release(self, connection: sa.Connection, owner: str) -> None:
        """Let others publish, if it is still my turn."""
        row = self._turns.c
        mine = sa.update(self._turns).where(row.name == _NAME, row.lease_owner == owner)
        connection.execute(mine.values(**leases.GIVEN_BACK))

    @reading
    def oldest(self, connection: sa.Connection, limit: int) -> list[Waiting]:
        """Return the events that were written down first, in that order."""
        row = self._table.c
        query = (
            # Numbers rise within an instance, for its row was locked before one was drawn.
            sa.select(row.id, row.body, row.cell_name, row.created_at)
            .order_by(row.id)
            .limit(limit)
        )
        return [self._waiting(found) for found in connection.execute(query)]

    @writing
    def published(self, connection: sa.Connection, owner: str, numbers: Sequence[int]) -> None:
        """Forget the events of these numbers, if it is still my turn.

        Otherwise they are for who has it now, and a number may be another event's:
        SQLite gives those that are gone again.
        """
        turn = self._turns.c
        mine = sa.exists().where(turn.name == _NAME, turn.lease_owner == owner)
        known = self._table.c.id.in_(numbers)
        connection.execute(sa.delete(self._table).where(known, mine))

    @reading
    def age(self, connection: sa.Connection) -> float:
        """Return for how many seconds the oldest event has waited; 0 if none waits."""
        waited = db_now() - sa.func.min(self._table.c.created_at)
        return float(connection.scalars(sa.select(waited)).one() or 0.0)

    @staticmethod
    def _waiting(found: Row) -> Waiting:
        event = primitives.load(InstanceNotification, found.body)
        event.cell_name = found.cell_name
        event.time = found.created_at
        return Waiting(found.id, event)
