"""Anti-affinity: no two members of a group on one host, held by a unique key."""

from __future__ import annotations

import sqlalchemy as sa
from oslo_db import exception as db_errors

from understudy.cells import errors
from understudy.cells.changes import Row
from understudy.cells.tables_cell import group_members, instances
from understudy.cells.transactions import Section, reading
from understudy.objects import states
from understudy.objects.fields import AffinityPolicy


class Groups(Section):
    """Where the members of a group are."""

    @reading
    def group_hosts(self, connection: sa.Connection, group_uuid: str) -> list[str]:
        """Return the hosts with members that are neither ERROR, DELETED nor in another cell."""
        query = (
            sa.select(instances.c.service_host)
            .distinct()
            .where(
                instances.c.group_uuid == group_uuid,
                instances.c.service_host.is_not(None),
                instances.c.state.not_in((states.ERROR, states.DELETED, states.HANDED_OVER)),
            )
            .order_by(instances.c.service_host)
        )
        return list(connection.scalars(query))


def keep_apart(connection: sa.Connection, of: Row) -> None:
    """Hold the current host for this instance's row; GroupHostTaken if a member is on it.

    What it held before is let go. Without an anti-affinity group, do nothing.
    """
    if of.group_policy != AffinityPolicy.ANTI_AFFINITY:
        return
    moved = (
        sa.update(group_members)
        .where(group_members.c.instance_uuid == of.uuid)
        .values(service_host=of.service_host)
    )
    try:
        if connection.execute(moved).rowcount == 0:
            connection.execute(
                sa.insert(group_members).values(
                    instance_uuid=of.uuid, group_uuid=of.group_uuid, service_host=of.service_host
                )
            )
    except db_errors.DBDuplicateEntry as error:
        raise errors.GroupHostTaken(of.group_uuid, of.service_host) from error


def let_go(connection: sa.Connection, of: Row) -> None:
    """Free the host that this instance's row holds in its group."""
    if of.group_policy == AffinityPolicy.ANTI_AFFINITY:
        connection.execute(
            sa.delete(group_members).where(group_members.c.instance_uuid == of.uuid)
        )
