"""An agent's heartbeat: what its hosts have in hand, against what they should have."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from understudy.cells import primitives
from understudy.cells.cell import attempts
from understudy.cells.changes import Row
from understudy.cells.clock import db_now
from understudy.cells.records import UNNAMED, BeatResult, Binding, Strays
from understudy.cells.tables_cell import attempts as attempts_table
from understudy.cells.tables_cell import hosts, instances
from understudy.cells.transactions import Section, reading, writing
from understudy.objects import states
from understudy.objects.fields import AdminState
from understudy.objects.selection import Selection
from understudy.objects.states import AttemptState

Hold = tuple[str, int]
"""(instance uuid, attempt)"""

_SEEN: Final = (
    hosts.c.name,
    hosts.c.compute_node_uuid,
    hosts.c.schedulable,
    hosts.c.admin_state,
)
_EXPECTED: Final = (AttemptState.CAST, AttemptState.STARTED)
_OVER: Final = frozenset({states.DELETING, states.DELETED, states.FAILING, states.ERROR})


@dataclass(slots=True)
class _Known:
    """What the database knows of an instance that a host holds."""

    state: str
    attempt: int
    cast_to: dict[int, dict[str, str]] = field(default_factory=dict)
    """By number, the uuids of the hosts that it was cast to, with the attempt's state there."""

    def supersedes(self, host_uuid: str, attempt: int) -> bool:
        """Is it certain that this very host is to hold nothing of this attempt?

        What was cast to another host's uuid says nothing of this one: it may be
        the same machine under another name, or a copy of its disk. A row with an
        older attempt than the host's is out of date itself, as in a restored
        database: it says nothing of where a newer one should be.
        """
        if self.state in _OVER:
            return True
        elsewhere = attempt in self.cast_to and host_uuid not in self.cast_to[attempt]
        if elsewhere or self.attempt < attempt:
            return False
        if self.attempt > attempt or self.state == states.HANDED_OVER:
            return True
        return self.cast_to.get(attempt, {}).get(host_uuid) == AttemptState.FAILED

    def knows(self, host_uuid: str, attempt: int) -> bool:
        """Was this attempt ever cast to this very host?"""
        return host_uuid in self.cast_to.get(attempt, {})


class Beats(Section):
    """One heartbeat is one transaction, however many hosts the agent speaks for."""

    @writing
    def beat(
        self,
        connection: sa.Connection,
        agent: str,
        in_hand: Mapping[str, Sequence[Hold]],
        who: Binding = UNNAMED,
    ) -> BeatResult:
        """Note that these hosts are alive, and count the builds that they do not name.

        A host that is not registered by this agent, or is marked down, is
        `unknown`: it must register again, and nothing else is done for it.
        """
        seen = self._see(connection, agent, in_hand, who)
        uuids = {host.name: str(host.compute_node_uuid) for host in seen}
        named = {(host, *hold) for host in uuids for hold in in_hand[host]}
        expected = self._count(connection, uuids, named) if uuids else set()
        doubtful: dict[str, list[Hold]] = {
            host: [hold for hold in map(_hold, in_hand[host]) if (host, *hold) not in expected]
            for host in uuids
        }
        known = _known(connection, {uuid for holds in doubtful.values() for uuid, _ in holds})
        superseded = {
            host: [hold for hold in holds if _is_superseded(known, uuids[host], hold)]
            for host, holds in doubtful.items()
        }
        return BeatResult(
            unknown=[host for host in in_hand if host not in uuids],
            waiting=[host.name for host in seen if _is_waiting(host)],
            superseded={host: holds for host, holds in superseded.items() if holds},
            uuids=uuids,
        )

    @reading
    def strays(self, connection: sa.Connection, host_uuid: str, holds: Sequence[Hold]) -> Strays:
        """Tell what the host is to tear down from what nothing is known of.

        To be torn down is what is known to be superseded, failed or over on this
        very host; what has no row is never among that.
        """
        held = [_hold(hold) for hold in holds]
        known = _known(connection, {uuid for uuid, _ in held})
        superseded = [hold for hold in held if _is_superseded(known, host_uuid, hold)]
        return Strays(
            superseded=superseded,
            unknown=[
                (uuid, attempt)
                for uuid, attempt in held
                if (uuid, attempt) not in superseded
                and (uuid not in known or not known[uuid].knows(host_uuid, attempt))
            ],
        )

    @staticmethod
    def _see(
        connection: sa.Connection, agent: str, names: Iterable[str], who: Binding
    ) -> list[Row]:
        """Note that they are alive; return what is known of those that may be, by name."""
        whose = {
            "beating_agent": agent,
            "its_hosts": list(names),
            "its_uuid": who.agent_uuid,
            "its_user": who.bus_user,
            "its_origin": who.origin,
        }
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
        row.name.in_(names),
        row.agent == sa.bindparam("beating_agent"),
        sa.not_(row.down),
        _is_or_unbound(row.agent_uuid, "its_uuid"),
        _is_or_unbound(row.bus_user, "its_user"),
        _is_or_unbound(row.origin, "its_origin"),
    )


def _is_or_unbound(column: sa.ColumnElement[Any], parameter: str) -> sa.ColumnElement[bool]:
    """Does a host's row name whoever speaks, or nobody yet?"""
    return sa.or_(column.is_(None), column == sa.bindparam(parameter, type_=column.type))


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


def _is_superseded(known: Mapping[str, _Known], host_uuid: str, hold: Hold) -> bool:
    uuid, attempt = hold
    return uuid in known and known[uuid].supersedes(host_uuid, attempt)


def _known(connection: sa.Connection, uuids: Collection[str]) -> dict[str, _Known]:
    if not uuids:
        return {}
    row = instances.c
    cast = sa.and_(
        attempts.row.instance_uuid == row.uuid,
        attempts.row.state.not_in(attempts.NEVER_CAST),
    )
    query = (
        sa.select(
            row.uuid,
            row.state,
            row.attempt,
            attempts.row.number,
            attempts.row.state.label("attempt_state"),
            attempts.row.selection,
        )
        .select_from(instances.outerjoin(attempts_table, cast))
        .where(row.uuid.in_(uuids))
    )
    known: dict[str, _Known] = {}
    for uuid, state, attempt, number, attempt_state, selection in connection.execute(query):
        of = known.setdefault(uuid, _Known(state, attempt))
        if number is not None:
            target = primitives.load(Selection, selection)
            of.cast_to.setdefault(number, {})[target.compute_node_uuid] = attempt_state
    return known


def _hold(hold: Sequence[str | int]) -> Hold:
    # What came over the bus is a list.
    uuid, attempt = hold
    return str(uuid), int(attempt)
