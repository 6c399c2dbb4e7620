"""Forget instances that nobody can see any more, once they are old enough."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from understudy.cells.clock import db_now
from understudy.cells.tables_cell import attempts, group_members, instances, requests
from understudy.cells.transactions import Section, writing
from understudy.objects import states

GONE: Final = (states.DELETED, states.HANDED_OVER)


class Purging(Section):
    """Deleted ones, and what was handed over; with their attempts, and requests left empty."""

    @writing
    def purge_ended(self, connection: sa.Connection, older_than: float, limit: int) -> int:
        """Remove at most `limit` of those that ended `older_than` seconds ago; how many it were.

        What a host may still hold something of stays, for that is how it is
        told to destroy it.
        """
        uuids = list(connection.scalars(_old(older_than).limit(limit)))
        if not uuids:
            return 0
        for table in (attempts, group_members):
            connection.execute(sa.delete(table).where(table.c.instance_uuid.in_(uuids)))
        asked = list(
            connection.scalars(
                sa.select(instances.c.request_id).where(instances.c.uuid.in_(uuids)).distinct()
            )
        )
        connection.execute(sa.delete(instances).where(instances.c.uuid.in_(uuids)))
        living = sa.select(instances.c.request_id).where(instances.c.request_id.in_(asked))
        left = set(connection.scalars(living))
        empty = [request for request in asked if request not in left]
        connection.execute(sa.delete(requests).where(requests.c.request_id.in_(empty)))
        return len(uuids)


def _old(older_than: float) -> sa.Select[tuple[str]]:
    held = sa.exists().where(
        attempts.c.instance_uuid == instances.c.uuid,
        attempts.c.cast_at.is_not(None),
        attempts.c.cleaned.is_(False),
    )
    return (
        sa.select(instances.c.uuid)
        .where(instances.c.state.in_(GONE), instances.c.updated_at < db_now() - older_than, ~held)
        .order_by(instances.c.updated_at)
    )
