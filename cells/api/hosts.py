"""Which cell each host belongs to, with a number that tells when that changes."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from oslo_db import exception as db_errors

from understudy.cells import errors
from understudy.cells.records import HostMapping
from understudy.cells.tables_api import cells, host_mappings, revisions
from understudy.cells.transactions import Section, reading, writing

_COLUMNS = tuple(host_mappings.c[field.name] for field in dataclasses.fields(HostMapping))
_HOSTS = "hosts"
_Item = TypeVar("_Item")
_AT_ONCE = 500
"""Names in one IN list."""


class HostMappings(Section):
    """Written by discovery, read by the scheduler and the super conductor."""

    @reading
    def host_mappings(self, connection: sa.Connection) -> list[HostMapping]:
        """Return every mapping, by host."""
        return [HostMapping(*found) for found in connection.execute(_all())]

    @reading
    def cells_of_hosts(self, connection: sa.Connection, hosts: Sequence[str]) -> dict[str, str]:
        """Return the uuid of each of these hosts' cell; what is not mapped is left out."""
        found: dict[str, str] = {}
        for some in _chunks(hosts):
            query = sa.select(host_mappings.c.host, host_mappings.c.cell_uuid)
            rows = connection.execute(query.where(host_mappings.c.host.in_(some)))
            found.update(rows.tuples().all())
        return found

    @writing
    def put_host_mappings(
        self, connection: sa.Connection, mappings: Sequence[HostMapping]
    ) -> None:
        """Insert or update all of them, or none.

        HostInTwoCells if a host, or a compute node's uuid, belongs to another
        cell; within its cell a compute node may change its host's name.
        """
        there = list(_overlapping(connection, mappings))
        self._check(connection, [*there, *mappings])
        known = set(there)
        changed = [mapping for mapping in dict.fromkeys(mappings) if mapping not in known]
        if not changed:
            return
        # Only what was seen: where somebody inserted since, the insert is to fail.
        replaced = known.difference(mappings)
        for some in _chunks(sorted(mapping.host for mapping in replaced)):
            connection.execute(sa.delete(host_mappings).where(host_mappings.c.host.in_(some)))
        rows = [dataclasses.asdict(mapping) for mapping in changed]
        try:
            connection.execute(sa.insert(host_mappings), rows)
            _raise_version(connection)
        except db_errors.DBDuplicateEntry as error:
            # Someone else mapped one of them meanwhile: look again at what is there.
            raise db_errors.RetryRequest(error) from error

    @writing
    def remove_host_mapping(self, connection: sa.Connection, host: str) -> None:
        """Forget where the host is; HostUnknown."""
        gone = sa.delete(host_mappings).where(host_mappings.c.host == host)
        if connection.execute(gone).rowcount == 0:
            raise errors.HostUnknown(host)
        _raise_version(connection)

    @reading
    def hosts_version(self, connection: sa.Connection) -> int:
        """Return a number that is higher after every change of a mapping."""
        query = sa.select(revisions.c.value).where(revisions.c.name == _HOSTS)
        return connection.scalars(query).first() or 0

    @staticmethod
    def _check(connection: sa.Connection, mappings: Iterable[HostMapping]) -> None:
        by_host: dict[str, HostMapping] = {}
        by_node: dict[str, HostMapping] = {}
        for mapping in mappings:
            for first in (
                by_host.setdefault(mapping.host, mapping),
                by_node.setdefault(mapping.compute_node_uuid, mapping),
            ):
                if first.cell_uuid != mapping.cell_uuid:
                    names = dict(connection.execute(sa.select(cells.c.uuid, cells.c.name)).all())
                    raise errors.HostInTwoCells(
                        mapping.host,
                        names.get(mapping.cell_uuid, mapping.cell_uuid),
                        names.get(first.cell_uuid, first.cell_uuid),
                    )


@functools.cache
def _all() -> sa.Select[Any]:
    return sa.select(*_COLUMNS).order_by(host_mappings.c.host)


def _overlapping(
    connection: sa.Connection, mappings: Sequence[HostMapping]
) -> Iterator[HostMapping]:
    for some in _chunks(mappings):
        for found in connection.execute(sa.select(*_COLUMNS).where(_overlap(some))):
            yield HostMapping(*found)


def _overlap(mappings: Sequence[HostMapping]) -> sa.ColumnElement[bool]:
    return sa.or_(
        host_mappings.c.host.in_([mapping.host for mapping in mappings]),
        host_mappings.c.compute_node_uuid.in_([mapping.compute_node_uuid for mapping in mappings]),
    )


def _chunks(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]


def _raise_version(connection: sa.Connection) -> None:
    raised: dict[str, Any] = {"value": revisions.c.value + 1}
    update = sa.update(revisions).where(revisions.c.name == _HOSTS).values(**raised)
    if connection.execute(update).rowcount == 0:
        connection.execute(sa.insert(revisions).values(name=_HOSTS, value=1))
