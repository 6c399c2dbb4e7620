"""An agent's heartbeat: what its hosts have in hand, against what they should have."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from understudy.cells.cell import attempts
from understudy.cells.changes import Row
from understudy.cells.clock import db_now
from understudy.cells.records import BeatResult
from understudy.cells.tables_cell import attempts as attempts_table
from understudy.cells.tables_cell import hosts, instances
from understudy.cells.transactions import Section, reading, writing
from understudy.objects import states
from understudy.objects.fields import AdminState
from understudy.objects.states import AttemptState

Hold = tuple[str, int]
"""(instance uuid, attempt)"""

_SEEN: Final = (hosts.c.name, hosts.c.schedulable, hosts.c.admin_state)
_EXPECTED: Final = (AttemptState.CAST, AttemptState.STARTED)
_OVER: Final = frozenset({states.DELETING, states.DELETED, states.FAILING, states.ERROR})


@dataclass(slots=True)
class _Known:
    """What the database knows of an instance that a host holds."""

    state: str
    attempt: int
    host: str | None
    failed: set[int] = field(default_factory=set)

    def supersedes(self, host: str, attempt: int) -> bool:
        """Is it certain that this host is to hold nothing of this attempt?

        A row with an older attempt than the host's is out of date itself, as in
        a restored database: it says nothing of where a newer one should be.
        """
        if self.state in _OVER or self.attempt > attempt or attempt in self.failed:
            return True
        if self.attempt < attempt:
            return False
        return self.state == states.HANDED_OVER or self.host != host


class Beats(Section):
    """One heartbeat is one transaction, however many hosts the agent speaks for."""

    @writing
    def beat(
        self, connection: sa.Connection, agent: str, in_hand: Mapping[str, Sequence[Hold]]
    ) -> BeatResult:
        """Note that these hosts are alive, and count the builds that they do not name.

        A host that is not registered by this agent, or is marked down, is
        `unknown`: it must register again, and nothing else is done for it.
        """
        seen = self._see(connection, agent, in_hand)
        alive = [host.name for host in seen]
        named = {(host, *hold) for host in alive for hold in in_hand[host]}
        expected = self._count(connection, alive, named) if alive else set()
        doubtful: dict[str, list[Hold]] = {
            host: [hold for hold in map(_hold, in_hand[host]) if (host, *hold) not in expected]
            for host in alive
        }
        return BeatResult(
            unknown=[host for host in in_hand if host not in alive],
            waiting=[host.name for host in seen if _is_waiting(host)],
            superseded=_superseded(connection, doubtful),
        )

    @reading
    def strays(self, connection: sa.Connection, host: str, holds: Sequence[Hold]) -> list[Hold]:
        """Return those that the host is to tear down: known to be superseded, failed or over.

        What has no row is never among them.
        """
        held = [_hold(hold) for hold in holds]
        return _superseded(connection, {host: held}).get(host, [])

    @staticmethod
    def _see(connection: sa.Connection, agent: str, names: Iterable[str]) -> list[Row]:
        """Note that they are alive; return what is known of those that may be, by name."""
        whose = {"beating_agent": agent, "its_hosts": list(names)}
        if connection.dialect.update_returning:
            seen = connection.execute(_see_and_show(), whose)
        else:
            connection.execute(_see(), whose)
            seen = connection.execute(_show(), whose)
        return sorted(seen, key=lambda host: str(host.name))

    @staticmethod
    def _count(
        connection: sa.Connection, alive: Collection[str], named: set[tuple[str, str, int]]
    ) -> set[tuple[str, str, int]]:
        """Bring `missed` up to date; the (host, instance, attempt) that are as they should be."""
        row = attempts.row
        there: set[tuple[str, str, int]] = set()
        again: list[str] = []
        missed: list[str] = []
        expected = connection.execute(_expected(), {"its_hosts": list(alive)})
        for host, uuid, number, times in expected:
            if (host, uuid, number) not in named:
                missed.append(uuid)
            else:
                there.add((host, uuid, number))
                if times:
                    again.append(uuid)
        # Only the current attempt of a build is in one of these states.
        update = sa.update(attempts_table).where(row.state.in_(_EXPECTED))
        if again:
            connection.execute(update.where(row.instance_uuid.in_(again)).values(missed=0))
        if missed:
            connection.execute(
                update.where(row.instance_uuid.in_(missed)).values(missed=row.missed + 1)
            )
        return there


# What every beat asks is put together once.


def _ours() -> sa.ColumnElement[bool]:
    row = hosts.c
    names: sa.BindParameter[Any] = sa.bindparam("its_hosts", expanding=True)
    return sa.and_(
        row.name.in_(names), row.agent == sa.bindparam("beating_agent"), sa.not_(row.down)
    )


@functools.cache
def _see() -> sa.Update:
    return sa.update(hosts).where(_ours()).values(seen_at=db_now())


@functools.cache
def _see_and_show() -> Any:
    return _see().returning(*_SEEN)


@functools.cache
def _show() -> sa.Select[Any]:
    return sa.select(*_SEEN).where(_ours())


@functools.cache
def _expected() -> sa.Select[Any]:
    row = attempts.row
    return (
        sa.select(row.service_host, row.instance_uuid, row.number, row.missed)
        .join_from(attempts_table, instances, attempts.IS_CURRENT)
        .where(
            instances.c.state == states.BUILDING,
            instances.c.service_host.in_(sa.bindparam("its_hosts", expanding=True)),
            row.state.in_(_EXPECTED),
        )
    )


def _is_waiting(host: Row) -> bool:
    return not host.schedulable and host.admin_state == AdminState.ENABLED


def _superseded(
    connection: sa.Connection, holds: Mapping[str, Sequence[Hold]]
) -> dict[str, list[Hold]]:
    uuids = {uuid for held in holds.values() for uuid, _ in held}
    known = _known(connection, uuids) if uuids else {}
    found = {
        host: [
            (uuid, attempt)
            for uuid, attempt in held
            if uuid in known and known[uuid].supersedes(host, attempt)
        ]
        for host, held in holds.items()
    }
    return {host: strays for host, strays in found.items() if strays}


def _known(connection: sa.Connection, uuids: Collection[str]) -> dict[str, _Known]:
    row = instances.c
    failed = sa.and_(
        attempts.row.instance_uuid == row.uuid, attempts.row.state == AttemptState.FAILED
    )
    query = (
        sa.select(row.uuid, row.state, row.attempt, row.service_host, attempts.row.number)
        .select_from(instances.outerjoin(attempts_table, failed))
        .where(row.uuid.in_(uuids))
    )
    known: dict[str, _Known] = {}
    for uuid, state, attempt, host, number in connection.execute(query):
        of = known.setdefault(uuid, _Known(state, attempt, host))
        if number is not None:
            of.failed.add(number)
    return known


def _hold(hold: Sequence[str | int]) -> Hold:
    # What came over the bus is a list.
    uuid, attempt = hold
    return str(uuid), int(attempt)
