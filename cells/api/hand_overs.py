"""Moving an instance to another cell, under a lease on its mapping."""

from __future__ import annotations

import functools
from typing import Any

import sqlalchemy as sa

from understudy.cells import errors, leases, mapping_states
from understudy.cells.api.mappings import find, lost, oldest, record, row, swap
from understudy.cells.changes import Row
from understudy.cells.clock import db_now
from understudy.cells.records import MappingRecord
from understudy.cells.tables_api import instance_mappings, requests
from understudy.cells.transactions import Section, reading, writing

MAPPED = mapping_states.MAPPED
HANDING_OVER = mapping_states.HANDING_OVER


class HandOvers(Section):
    """Every change is a compare-and-swap; InstanceUnknown where there is no such instance."""

    @writing
    def begin_hand_over(
        self,
        connection: sa.Connection,
        instance_uuid: str,
        attempt: int,
        owner: str,
        lease_seconds: float,
    ) -> MappingRecord:
        """Take it for a move, MAPPED -> HANDING_OVER at `attempt`, the number its cell recorded.

        A move that was begun is taken again once its lease is free: LeaseHeld
        until then. LostRace if it is being deleted, or is at a newer attempt.
        Its request counts as selected now.
        """
        mapping_states.check(MAPPED, HANDING_OVER)
        free_or_mine = leases.may_take(instance_mappings, owner)
        begun = swap(
            connection,
            instance_uuid,
            (
                row.attempt <= attempt,
                sa.or_(row.state == MAPPED, sa.and_(row.state == HANDING_OVER, free_or_mine)),
            ),
            {
                "state": HANDING_OVER,
                "attempt": attempt,
                **leases.granted(owner, lease_seconds),
            },
        )
        if begun is None:
            found = find(connection, instance_uuid)
            if found.state == HANDING_OVER and found.attempt <= attempt:
                raise errors.LeaseHeld(
                    f"instance {instance_uuid}", found.lease_owner or leases.NOBODY
                )
            raise lost(found, f"{MAPPED}/{attempt}")
        selected = sa.update(requests).where(requests.c.request_id == begun.request_id)
        connection.execute(selected.values(updated_at=db_now()))
        return record(begun)

    @writing
    def put_back_hand_over(
        self, connection: sa.Connection, instance_uuid: str, owner: str
    ) -> MappingRecord:
        """Give the lease back and leave it HANDING_OVER; LeaseHeld without the lease."""
        put_back = swap(
            connection,
            instance_uuid,
            (row.state == HANDING_OVER, row.lease_owner == owner),
            dict(leases.GIVEN_BACK),
        )
        if put_back is None:
            raise self._refused(find(connection, instance_uuid), owner)
        return record(put_back)

    @writing
    def hand_over(
        self,
        connection: sa.Connection,
        instance_uuid: str,
        owner: str,
        cell_uuid: str,
        attempt: int,
        pick: str,
    ) -> MappingRecord:
        """Map it to its new cell at the next `attempt`, HANDING_OVER -> MAPPED; ends the lease.

        Again with the same facts, it changes nothing; LeaseHeld without the lease.
        """
        mapping_states.check(HANDING_OVER, MAPPED)
        moved = swap(
            connection,
            instance_uuid,
            (row.state == HANDING_OVER, row.lease_owner == owner, row.attempt < attempt),
            {
                "state": MAPPED,
                "attempt": attempt,
                "cell_uuid": cell_uuid,
                "pick": pick,
                **leases.GIVEN_BACK,
            },
        )
        if moved is None:
            found = find(connection, instance_uuid)
            there = (found.state, found.cell_uuid, found.attempt, found.pick)
            if there != (MAPPED, cell_uuid, attempt, pick):
                raise self._refused(found, owner)
            moved = found
        return record(moved)

    @writing
    def give_up_hand_over(self, connection: sa.Connection, instance_uuid: str, owner: str) -> None:
        """Leave it in its cell, HANDING_OVER -> MAPPED; LeaseHeld without the lease."""
        mapping_states.check(HANDING_OVER, MAPPED)
        left = swap(
            connection,
            instance_uuid,
            (row.state == HANDING_OVER, row.lease_owner == owner),
            {"state": MAPPED, **leases.GIVEN_BACK},
        )
        if left is None:
            raise self._refused(find(connection, instance_uuid), owner)

    @reading
    def handing_over(self, connection: sa.Connection, limit: int) -> list[MappingRecord]:
        """Return moves that were begun and that nobody works on, the oldest first."""
        return [record(found) for found in connection.execute(_handing_over(limit))]

    @staticmethod
    def _refused(found: Row, owner: str) -> Exception:
        if found.state == HANDING_OVER and found.lease_owner != owner:
            return errors.LeaseHeld(
                f"instance {found.instance_uuid}", found.lease_owner or leases.NOBODY
            )
        return lost(found, HANDING_OVER)


@functools.lru_cache(maxsize=4)
def _handing_over(limit: int) -> sa.Select[Any]:
    # What every sweep asks is put together once.
    free = leases.is_free(instance_mappings)
    return oldest(sa.and_(row.state == HANDING_OVER, free), limit)
