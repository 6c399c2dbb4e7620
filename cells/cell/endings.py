"""Failing and deleting: first the intent, then the cleaning, then the ending."""

from __future__ import annotations

import sqlalchemy as sa
from oslo_db import exception as db_errors

from understudy.cells import changes, leases, primitives
from understudy.cells.cell import attempts, groups, instances
from understudy.cells.cell.announcing import AnnouncingSection
from understudy.cells.clock import db_now
from understudy.cells.records import AttemptRecord, InstanceRecord
from understudy.cells.tables_cell import attempts as attempts_table
from understudy.cells.tables_cell import instances as table
from understudy.cells.transactions import reading, writing
from understudy.objects import errors, states
from understudy.objects.fault import Fault
from understudy.objects.notification import InstanceEvent
from understudy.objects.states import AttemptState

_DELETABLE = tuple(state for state in states.ALL if states.DELETING in states.MOVES[state])
_ENDINGS = {states.FAILING: states.ERROR, states.DELETING: states.DELETED}


class Endings(AnnouncingSection):
    """IllegalMove for what is no move; LostRace where the row, or its lease, is another's."""

    @writing
    def begin_failing(
        self, connection: sa.Connection, record: InstanceRecord, fault: Fault
    ) -> InstanceRecord:
        """Decide on the ERROR, -> FAILING; an attempt under way fails with the same fault."""
        failing = instances.move(
            connection, record, states.FAILING, {"fault": primitives.dump(fault)}
        )
        closed = attempts.close(
            connection, record.uuid, record.attempt, cast=AttemptState.FAILED, fault=fault
        )
        if closed and record.state == states.BUILDING:
            self._announcer.announce(connection, InstanceEvent.ATTEMPT_FAILED, failing)
        return instances.record(failing)

    @writing
    def begin_deleting(
        self,
        connection: sa.Connection,
        uuid: str,
        *,
        request_id: str,
        name: str,
        project_id: str,
        user_id: str,
        consumer_type: str,
    ) -> InstanceRecord:
        """Let the delete win, -> DELETING with the next attempt number; once is enough.

        Without a row, a tombstone is written that stops a late insert. LostRace
        if another cell has the instance.
        """
        deleting = instances.swap(
            connection,
            uuid,
            (table.c.state.in_(_DELETABLE),),
            {
                "state": states.DELETING,
                "attempt": table.c.attempt + 1,
                **leases.GIVEN_BACK,
                "updated_at": db_now(),
            },
        )
        if deleting is not None:
            attempts.close(connection, uuid, deleting.attempt - 1, cast=AttemptState.SUPERSEDED)
            return instances.record(deleting)
        found = connection.execute(
            sa.select(*instances.COLUMNS).where(table.c.uuid == uuid)
        ).first()
        if found is None:
            tombstone = {
                "request_id": request_id,
                "name": name,
                "project_id": project_id,
                "user_id": user_id,
                "consumer_type": consumer_type,
            }
            return self._bury(connection, uuid, tombstone)
        if found.state == states.HANDED_OVER:
            raise instances.lost(connection, uuid, f"{states.EXHAUSTED}/{found.attempt}")
        return instances.record(found)

    @staticmethod
    def _bury(connection: sa.Connection, uuid: str, whose: dict[str, str]) -> InstanceRecord:
        tombstone = {
            "uuid": uuid,
            **whose,
            "state": states.DELETING,
            "attempt": 1,
            "position": 0,
            "attempts_left": 0,
            "cells_left": 0,
            **instances.understudies(()),
            "deadline": db_now(),
            **leases.GIVEN_BACK,
            "created_at": db_now(),
            "updated_at": db_now(),
        }
        try:
            key = table.c.uuid == uuid
            buried = changes.insert(connection, table, tombstone, key, instances.COLUMNS)
        except db_errors.DBDuplicateEntry as error:
            # The insert came first after all: delete what it inserted.
            raise db_errors.RetryRequest(error) from error
        return instances.record(buried)

    @writing
    def mark_cleaned(self, connection: sa.Connection, uuid: str, attempt: int, host: str) -> bool:
        """Note that the host holds nothing of this attempt, nor of those before it.

        A row that was put off until then may be taken now. False, and nothing is
        done, where none of them was ever for this host.
        """
        row = attempts.row
        of_host = sa.and_(
            row.instance_uuid == uuid, row.service_host == host, row.number <= attempt
        )
        connection.execute(
            sa.update(table)
            .where(table.c.uuid == uuid, sa.exists(sa.select(row.number).where(of_host)))
            .values(**leases.woken(table))
        )
        cleaned = sa.update(attempts_table).where(of_host).values(cleaned=True)
        return bool(connection.execute(cleaned).rowcount)

    @reading
    def uncleaned(self, connection: sa.Connection, uuid: str) -> list[AttemptRecord]:
        """Return the attempts that may have been cast and of which a host may hold something."""
        row = attempts.row
        query = (
            sa.select(*attempts.COLUMNS)
            .where(row.instance_uuid == uuid, attempts.MAY_BE_HELD)
            .order_by(row.number, row.position)
        )
        return [attempts.record(found) for found in connection.execute(query)]

    @writing
    def end(self, connection: sa.Connection, record: InstanceRecord) -> InstanceRecord:
        """Finish, FAILING -> ERROR or DELETING -> DELETED; ends the lease."""
        if record.state not in _ENDINGS:
            raise errors.IllegalMove(record.state, states.ERROR)
        values = {**instances.understudies(()), **leases.GIVEN_BACK}
        ended = instances.move(connection, record, _ENDINGS[record.state], values)
        groups.let_go(connection, ended)
        if ended.state == states.ERROR:
            self._announcer.announce(connection, InstanceEvent.ERROR, ended)
        return instances.record(ended)
