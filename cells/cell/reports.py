"""What the super conductor's cast and the host's reports change: no lease is needed to report."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from understudy.cells import errors, leases, primitives
from understudy.cells.cell import attempts, instances
from understudy.cells.cell.announcing import AnnouncingSection
from understudy.cells.changes import Row
from understudy.cells.clock import db_now
from understudy.cells.records import InstanceRecord
from understudy.cells.tables_cell import instances as instances_table
from understudy.cells.transactions import writing
from understudy.objects import states
from understudy.objects.fault import Fault
from understudy.objects.notification import InstanceEvent
from understudy.objects.states import AttemptState


class Reports(AnnouncingSection):
    """Each may come twice; LostRace where the attempt is superseded."""

    @writing
    def mark_cast(self, connection: sa.Connection, record: InstanceRecord) -> InstanceRecord:
        """Note that the current attempt was cast just now, and give the lease back."""
        instances.only(record, states.BUILDING, states.BUILDING)
        cast = instances.move(connection, record, states.BUILDING, dict(leases.GIVEN_BACK))
        state = attempts.row.state
        was_claimed = state == AttemptState.CLAIMED
        attempts.set_current(
            connection,
            cast,
            attempts.UNDER_WAY,
            {
                "state": sa.case((was_claimed, AttemptState.CAST), else_=state),
                "cast_at": db_now(),
                "missed": 0,
            },
        )
        return instances.record(cast)

    @writing
    def start(
        self, connection: sa.Connection, uuid: str, attempt: int, host: str
    ) -> InstanceRecord:
        """Let the host go on, if this attempt is the current one, on this host and not failed."""
        states.check(states.BUILDING, states.BUILDING)
        started = self._report(connection, uuid, attempt, host, {})
        if started is None:
            raise instances.lost(connection, uuid, f"{states.BUILDING}/{attempt}")
        going_on = {"state": AttemptState.STARTED, "missed": 0}
        if not attempts.set_current(connection, started, attempts.UNDER_WAY, going_on):
            raise _over(uuid, attempt)
        return instances.record(started)

    @writing
    def succeed(
        self, connection: sa.Connection, uuid: str, attempt: int, host: str
    ) -> InstanceRecord:
        """End the build, BUILDING -> ACTIVE; nothing more happens if that is what it is."""
        states.check(states.BUILDING, states.ACTIVE)
        active = {"state": states.ACTIVE, **leases.GIVEN_BACK}
        succeeded = self._report(connection, uuid, attempt, host, active)
        if succeeded is None:
            found = instances.find(connection, uuid)
            if (found.state, found.attempt, found.service_host) != (states.ACTIVE, attempt, host):
                raise instances.lost(connection, uuid, f"{states.BUILDING}/{attempt}")
            return instances.record(found)
        ended = {"state": AttemptState.SUCCEEDED, "ended_at": db_now()}
        if not attempts.set_current(connection, succeeded, attempts.UNDER_WAY, ended):
            raise _over(uuid, attempt)
        self._announcer.announce(connection, InstanceEvent.ACTIVE, succeeded)
        return instances.record(succeeded)

    @writing
    def fail(
        self,
        connection: sa.Connection,
        uuid: str,
        attempt: int,
        host: str,
        fault: Fault,
        cleaned: bool,
    ) -> InstanceRecord:
        """End the attempt as FAILED; the instance stays BUILDING until it is moved.

        Of several reports the first fault stays, and `cleaned` once it was said.
        """
        failed = self._report(connection, uuid, attempt, host, {})
        if failed is None:
            raise instances.lost(connection, uuid, f"{states.BUILDING}/{attempt}")
        row = attempts.row
        ended: dict[str, Any] = {
            "state": AttemptState.FAILED,
            "fault": sa.func.coalesce(row.fault, primitives.dump(fault)),
            "ended_at": sa.func.coalesce(row.ended_at, db_now()),
        }
        if cleaned:
            ended["cleaned"] = True
        if attempts.set_current(connection, failed, attempts.UNDER_WAY, ended):
            self._announcer.announce(connection, InstanceEvent.ATTEMPT_FAILED, failed, fault)
        elif not attempts.set_current(connection, failed, (AttemptState.FAILED,), ended):
            raise _over(uuid, attempt)
        return instances.record(failed)

    @staticmethod
    def _report(
        connection: sa.Connection, uuid: str, attempt: int, host: str, values: dict[str, Any]
    ) -> Row | None:
        # The instance's row first, in every transaction: it is what two of them wait for.
        row = instances.row
        expected = (
            row.state == states.BUILDING,
            row.attempt == attempt,
            row.service_host == host,
        )
        # Whoever put the row off to wait for the host waits no longer.
        reported = {"updated_at": db_now(), **leases.woken(instances_table), **values}
        return instances.swap(connection, uuid, expected, reported)


def _over(uuid: str, attempt: int) -> errors.LostRace:
    """Say that the attempt has ended; the row shows what this transaction is about to undo."""
    at = f"{states.BUILDING}/{attempt}"
    return errors.LostRace(uuid, at, f"{at} with that attempt ended")
