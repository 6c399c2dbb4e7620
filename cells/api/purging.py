"""Forget where deleted instances were, once they are old enough."""

from __future__ import annotations

import sqlalchemy as sa

from understudy.cells import mapping_states
from understudy.cells.api.requests import DONE
from understudy.cells.clock import db_now
from understudy.cells.tables_api import instance_mappings, requests
from understudy.cells.transactions import Section, writing


class Purging(Section):
    """Their mappings, and requests that have none left."""

    @writing
    def purge_ended(self, connection: sa.Connection, older_than: float, limit: int) -> int:
        """Remove at most `limit` mappings deleted `older_than` seconds ago; how many it were.

        A request that is not done keeps its own, for it is still worked on.
        """
        row = instance_mappings.c
        done = sa.select(requests.c.request_id).where(requests.c.state == DONE)
        old = (
            sa.select(row.instance_uuid, row.request_id)
            .where(
                row.state == mapping_states.DELETED,
                row.updated_at < db_now() - older_than,
                row.request_id.in_(done),
            )
            .order_by(row.updated_at)
            .limit(limit)
        )
        found = connection.execute(old).all()
        if not found:
            return 0
        uuids = [uuid for uuid, _ in found]
        asked = {request for _, request in found}
        connection.execute(sa.delete(instance_mappings).where(row.instance_uuid.in_(uuids)))
        left = set(connection.scalars(sa.select(row.request_id).where(row.request_id.in_(asked))))
        connection.execute(
            sa.delete(requests).where(
                requests.c.request_id.in_(asked - left), requests.c.state == DONE
            )
        )
        return len(uuids)
