"""The hosts of a cell: registered by their agents, watched, and closed by operators."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections import Counter
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from oslo_db import exception as db_errors

from understudy.cells import changes, errors, primitives
from understudy.cells.cell.attempts import MAY_BE_HELD
from understudy.cells.changes import Row
from understudy.cells.clock import db_now
from understudy.cells.records import UNNAMED, Binding, HostRecord
from understudy.cells.tables_cell import attempts, hosts, instances
from understudy.cells.transactions import Section, reading, writing
from understudy.objects import states
from understudy.objects.fault import Fault
from understudy.objects.fields import AdminState, Blame
from understudy.objects.host import Host, Provider

row = hosts.c

_COLUMNS = (
    row.name,
    row.nodename,
    row.compute_node_uuid,
    row.agent,
    row.availability_zone,
    row.failure_domain,
    row.admin_state,
    row.reason,
    row.down,
    row.schedulable,
    (db_now() - row.seen_at).label("silent_for"),
    row.agent_uuid,
    row.bus_user,
    row.origin,
)


class Hosts(Section):
    """HostUnknown where there is no host of this name."""

    def register_host(
        self, host: Host, who: Binding = UNNAMED, recorded: Collection[str] = ()
    ) -> HostRecord:
        """Write down what the agent says of its host; it is up, and not schedulable yet.

        What the operator said of it stays, and `recorded` are the providers that
        are its own from now on. DuplicateHost if another host has its name or
        its uuid.
        """
        try:
            return self._register(host, who, recorded)
        except db_errors.DBDuplicateEntry:
            other = self._other(host)
            if other is not None:
                raise errors.DuplicateHost(host.name, other) from None
        try:
            return self._register(host, who, recorded)
        except db_errors.DBDuplicateEntry:
            # It is there, and bound to somebody else since it was looked at.
            raise errors.DuplicateHost(host.name, host.name) from None

    @writing
    def _register(
        self, connection: sa.Connection, host: Host, who: Binding, recorded: Collection[str]
    ) -> HostRecord:
        said: dict[str, Any] = {
            **{name: said for name, said in dataclasses.asdict(who).items() if said is not None},
            "nodename": host.nodename,
            "agent": host.agent,
            "availability_zone": host.availability_zone,
            "failure_domain": host.failure_domain,
            "providers": primitives.dump_all(host.providers),
            "recorded": json.dumps(sorted(recorded)),
            "down": False,
            "schedulable": False,
            "seen_at": db_now(),
        }
        update = sa.update(hosts).where(
            row.name == host.name,
            row.compute_node_uuid == host.compute_node_uuid,
            # Nobody takes it who was judged before another agent's first registration.
            sa.or_(row.agent_uuid.is_(None), row.agent_uuid == who.agent_uuid),
            sa.or_(row.bus_user.is_(None), row.bus_user == who.bus_user),
        )
        registered = changes.change(
            connection, update.values(**said), row.name == host.name, _COLUMNS
        )
        if registered is None:
            new = {
                "name": host.name,
                "compute_node_uuid": host.compute_node_uuid,
                "admin_state": host.admin_state,
                "reason": host.reason,
            }
            registered = changes.insert(
                connection, hosts, {**said, **new}, row.name == host.name, _COLUMNS
            )
        return _record(registered)

    @reading
    def _other(self, connection: sa.Connection, host: Host) -> str | None:
        """Return the name of another host that has this one's name or uuid."""
        query = sa.select(row.name).where(
            sa.or_(
                sa.and_(row.compute_node_uuid == host.compute_node_uuid, row.name != host.name),
                sa.and_(row.name == host.name, row.compute_node_uuid != host.compute_node_uuid),
            )
        )
        return connection.scalars(query).first()

    @reading
    def hosts_like(self, connection: sa.Connection, name: str, host_uuid: str) -> list[HostRecord]:
        """Return those that have this name or this uuid: none, one or two."""
        found = connection.execute(_alike(), {"wanted_name": name, "wanted_uuid": host_uuid})
        return [_record(one) for one in found]

    @reading
    def recorded_providers(self, connection: sa.Connection, host_uuid: str) -> frozenset[str]:
        """Return the uuids of the providers that are the host's own; none of an unknown host.

        Of a host that only the first release has registered: those it had then.
        """
        query = sa.select(row.recorded, row.providers).where(row.compute_node_uuid == host_uuid)
        found = connection.execute(query).first()
        if found is None:
            return frozenset()
        if found.recorded is None:
            providers = primitives.load_all(Provider, found.providers)
            return frozenset(provider.uuid for provider in providers)
        return frozenset(json.loads(found.recorded))

    @writing
    def record_providers(
        self, connection: sa.Connection, host: str, recorded: Collection[str]
    ) -> None:
        """Take these for the host's own providers, and no others."""
        self._set_known(connection, host, {"recorded": json.dumps(sorted(recorded))})

    @writing
    def bind_host(self, connection: sa.Connection, host: str, who: Binding) -> None:
        """Let nobody speak for the host from now on but these."""
        self._set_known(connection, host, dataclasses.asdict(who))

    @reading
    def held_on(self, connection: sa.Connection, host: str, gone: bool = False) -> list[str]:
        """Return the uuids of the instances on a host, and of what it may still hold.

        Of a machine that is `gone` only the first.
        """
        return _held(connection, host, gone=gone)

    @writing
    def remove_host(self, connection: sa.Connection, host: str, gone: bool = False) -> None:
        """Forget the host; HostInUse while there is anything that `held_on` names."""
        held = _held(connection, host, gone=gone)
        if held:
            raise errors.HostInUse(host, held)
        if not connection.execute(sa.delete(hosts).where(row.name == host)).rowcount:
            raise errors.HostUnknown(host)

    @writing
    def mark_schedulable(self, connection: sa.Connection, host: str, schedulable: bool) -> None:
        """Note what the ledger was told of the host."""
        self._set_known(connection, host, {"schedulable": schedulable})

    @writing
    def mark_down(self, connection: sa.Connection, host: str) -> None:
        """Note that the host was silent for too long; it must register again."""
        self._set_known(connection, host, {"down": True})

    @writing
    def set_admin_state(
        self, connection: sa.Connection, host: str, state: str, reason: str | None
    ) -> HostRecord:
        """Note what the operator wants of the host, and why."""
        values = {"admin_state": state, "reason": reason}
        return _record(self._set_known(connection, host, values))

    @reading
    def hosts(self, connection: sa.Connection) -> list[HostRecord]:
        """Return every host, by name."""
        return [_record(found) for found in connection.execute(_all())]

    @reading
    def host(self, connection: sa.Connection, name: str) -> HostRecord:
        """Return the host."""
        found = connection.execute(_named(), {"names": [name]}).first()
        if found is None:
            raise errors.HostUnknown(name)
        return _record(found)

    @reading
    def hosts_named(
        self, connection: sa.Connection, names: Collection[str]
    ) -> dict[str, HostRecord]:
        """Return those hosts that there are, by name."""
        found = connection.execute(_named(), {"names": list(names)})
        return {one.name: _record(one) for one in found}

    @reading
    def hosts_to_close(self, connection: sa.Connection, seconds: float) -> list[HostRecord]:
        """Return the hosts about which there is something to note or to tell the ledger.

        They were silent for longer and are not marked down, or they are
        schedulable and must not be. The longest silent comes first.
        """
        return [_record(found) for found in connection.execute(_to_close(seconds))]

    @reading
    def recent_faults(self, connection: sa.Connection, seconds: float) -> dict[str, int]:
        """Return for each host how many attempts of the last `seconds` failed by its fault."""
        faults: Counter[str] = Counter()
        for host, fault, count in connection.execute(_faults(seconds)):
            if primitives.load(Fault, fault).blames == Blame.HOST:
                faults[host] += count
        return dict(faults)

    @reading
    def instances_per_host(self, connection: sa.Connection) -> dict[str, int]:
        """Return how many instances of this cell each host has; hosts without any are left out."""
        host = instances.c.service_host
        query = (
            sa.select(host, sa.func.count())
            .where(
                host.is_not(None),
                instances.c.state.not_in((states.ERROR, states.DELETED, states.HANDED_OVER)),
            )
            .group_by(host)
        )
        return dict(connection.execute(query).tuples().all())

    @staticmethod
    def _set(connection: sa.Connection, host: str, values: dict[str, Any]) -> Row | None:
        update = sa.update(hosts).where(row.name == host).values(**values)
        return changes.change(connection, update, row.name == host, _COLUMNS)

    def _set_known(self, connection: sa.Connection, host: str, values: dict[str, Any]) -> Row:
        changed = self._set(connection, host, values)
        if changed is None:
            raise errors.HostUnknown(host)
        return changed


def _held(connection: sa.Connection, host: str, *, gone: bool) -> list[str]:
    asked = _living_on() if gone else _held_on()
    return sorted(set(connection.scalars(asked, {"wanted": host})))


# What is asked all the time is put together once.


@functools.cache
def _named() -> sa.Select[Any]:
    names: sa.BindParameter[Any] = sa.bindparam("names", expanding=True)
    return sa.select(*_COLUMNS).where(row.name.in_(names))


@functools.cache
def _alike() -> sa.Select[Any]:
    return sa.select(*_COLUMNS).where(
        sa.or_(
            row.name == sa.bindparam("wanted_name"),
            row.compute_node_uuid == sa.bindparam("wanted_uuid"),
        )
    )


@functools.cache
def _living_on() -> sa.Select[Any]:
    """The instances that are on a host."""
    return sa.select(instances.c.uuid).where(
        instances.c.service_host == sa.bindparam("wanted"),
        instances.c.state.not_in((states.ERROR, states.DELETED, states.HANDED_OVER)),
    )


@functools.cache
def _held_on() -> sa.CompoundSelect[Any]:
    """Those too of which it may still hold something."""
    left = sa.select(attempts.c.instance_uuid).where(
        attempts.c.service_host == sa.bindparam("wanted"), MAY_BE_HELD
    )
    return _living_on().union(left)


@functools.cache
def _all() -> sa.Select[Any]:
    return sa.select(*_COLUMNS).order_by(row.name)


@functools.lru_cache(maxsize=4)
def _to_close(seconds: float) -> sa.Select[Any]:
    # As it is shown, so that whoever reads the row sees the same.
    silent = sa.and_(sa.not_(row.down), db_now() - row.seen_at > seconds)
    unwanted = sa.or_(row.down, row.admin_state != AdminState.ENABLED)
    return (
        sa.select(*_COLUMNS)
        .where(sa.or_(silent, sa.and_(row.schedulable, unwanted)))
        .order_by(row.seen_at, row.name)
    )


@functools.lru_cache(maxsize=4)
def _faults(seconds: float) -> sa.Select[Any]:
    return (
        sa.select(attempts.c.service_host, attempts.c.fault, sa.func.count())
        .where(
            attempts.c.ended_at > db_now() - seconds,
            attempts.c.state == states.AttemptState.FAILED,
            attempts.c.fault.is_not(None),
        )
        .group_by(attempts.c.service_host, attempts.c.fault)
    )


def _record(found: Row) -> HostRecord:
    return HostRecord(
        name=found.name,
        nodename=found.nodename,
        compute_node_uuid=found.compute_node_uuid,
        agent=found.agent,
        availability_zone=found.availability_zone,
        failure_domain=found.failure_domain,
        admin_state=found.admin_state,
        reason=found.reason,
        down=found.down,
        schedulable=found.schedulable,
        silent_for=found.silent_for,
        bound=Binding(found.agent_uuid, found.bus_user, found.origin),
    )
