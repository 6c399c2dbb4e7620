"""Hosts that the cell does not take, for the operator to see and to decide on.

A registration that is refused changes no host's row; what it said is kept here,
one row for each host's uuid and whoever spoke for it. There are never more than
`MOST`, for anybody who may send messages can make one up.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, Final

import sqlalchemy as sa

from understudy.cells import changes, errors
from understudy.cells.changes import Row
from understudy.cells.clock import db_now
from understudy.cells.records import Binding, RefusedHost
from understudy.cells.tables_cell import refused_hosts
from understudy.cells.transactions import Section, reading, writing
from understudy.objects.host import Host

MOST: Final = 500
KEPT_SECONDS: Final = 24 * 3600.0
"""What was not heard of again for so long, and not approved, gives way."""

row = refused_hosts.c

_COLUMNS = (
    row.uuid,
    row.name,
    row.agent,
    row.agent_uuid,
    row.bus_user,
    row.why,
    row.detail,
    row.remedy,
    row.providers,
    row.approved,
    (db_now() - row.seen_at).label("silent_for"),
)


class RefusedHosts(Section):
    """HostUnknown where there is no such registration."""

    @writing
    def note_refused(
        self, connection: sa.Connection, host: Host, who: Binding, why: str, told: tuple[str, str]
    ) -> bool:
        """Write down that the host was not taken; False if there are too many already.

        `told` are the detail and the remedy.
        What the operator approved stays approved, but for a host that brings other
        providers by now: those the operator has not seen.
        """
        key = _key(host.compute_node_uuid, who)
        said: dict[str, Any] = {
            "name": host.name,
            "agent": host.agent,
            "why": why,
            "detail": told[0],
            "remedy": told[1],
            "providers": json.dumps(sorted({provider.uuid for provider in host.providers})),
            "seen_at": db_now(),
        }
        as_seen = row.providers == said["providers"]
        update = (
            sa.update(refused_hosts)
            .where(*_is(key))
            # In this order: MySQL shows each assignment what those before it wrote.
            .ordered_values(
                (row.approved, sa.case((as_seen, row.approved), else_="")), *said.items()
            )
        )
        if connection.execute(update).rowcount:
            return True
        connection.execute(
            sa.delete(refused_hosts).where(
                row.approved == "", row.seen_at < db_now() - KEPT_SECONDS
            )
        )
        count = sa.select(sa.func.count()).select_from(refused_hosts)
        if connection.scalars(count).one() >= MOST:
            return False
        changes.insert_all_missing(
            connection,
            refused_hosts,
            [{**said, **key, "approved": "", "seen_at": 0.0}],
            {},
            list(key),
        )
        connection.execute(update)
        return True

    @reading
    def refused_hosts(self, connection: sa.Connection) -> list[RefusedHost]:
        """Return them by name, those that were approved since included."""
        query = sa.select(*_COLUMNS).order_by(row.name, row.uuid, row.agent_uuid, row.bus_user)
        return [_record(found) for found in connection.execute(query)]

    @reading
    def refused_as(
        self, connection: sa.Connection, host_uuid: str, who: Binding
    ) -> RefusedHost | None:
        """Return what is noted of this host and whoever speaks for it; None: nothing."""
        query = sa.select(*_COLUMNS).where(*_is(_key(host_uuid, who)))
        found = connection.execute(query).first()
        return None if found is None else _record(found)

    @writing
    def approve_host(self, connection: sa.Connection, refused: RefusedHost, passes: str) -> None:
        """Let the cell take it at its next registration, where only `passes` speaks against it.

        HostUnknown if it is not refused any more, or for something else by now.
        """
        update = sa.update(refused_hosts).where(
            row.uuid == refused.uuid,
            row.agent_uuid == refused.agent_uuid,
            row.bus_user == refused.bus_user,
            row.why == refused.why,
        )
        if not connection.execute(update.values(approved=passes)).rowcount:
            raise errors.HostUnknown(refused.name)

    @writing
    def forget_refused(self, connection: sa.Connection, host_uuid: str) -> None:
        """Forget what was noted of this host: it was taken."""
        connection.execute(sa.delete(refused_hosts).where(row.uuid == host_uuid))


def _key(host_uuid: str, who: Binding) -> dict[str, str]:
    return {
        "uuid": host_uuid,
        "agent_uuid": who.agent_uuid or "",
        "bus_user": who.bus_user or "",
    }


def _is(key: dict[str, str]) -> Collection[sa.ColumnElement[bool]]:
    return [row[name] == value for name, value in key.items()]


def _record(found: Row) -> RefusedHost:
    return RefusedHost(
        uuid=found.uuid,
        name=found.name,
        agent=found.agent,
        agent_uuid=found.agent_uuid,
        bus_user=found.bus_user,
        why=found.why,
        detail=found.detail,
        remedy=found.remedy,
        providers=frozenset(json.loads(found.providers)),
        approved=found.approved,
        silent_for=found.silent_for,
    )
