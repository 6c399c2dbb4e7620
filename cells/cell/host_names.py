"""Give a host another name: everywhere where rows know it by the old one.

Its uuid stays, and so do its instances, its claims and its providers.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from understudy.cells import errors, primitives
from understudy.cells.tables_cell import attempts, group_members, hosts, instances
from understudy.cells.transactions import Section, writing
from understudy.objects import states
from understudy.objects.selection import Selection

_OVER: Final = (states.ERROR, states.DELETED, states.HANDED_OVER)


class HostNames(Section):
    """HostUnknown where there is no host of the old name."""

    @writing
    def rename_host(self, connection: sa.Connection, old: str, new: str) -> None:
        """Call the host `new` from now on; DuplicateHost if another one has that name.

        Selections that wait as alternates follow too. Do it while the host is
        silent: what its agent says meanwhile, it says of a host that is not known.
        """
        taken = sa.select(hosts.c.name).where(hosts.c.name == new)
        if connection.scalars(taken).first() is not None:
            raise errors.DuplicateHost(old, new)
        renamed = sa.update(hosts).where(hosts.c.name == old).values(name=new)
        if not connection.execute(renamed).rowcount:
            raise errors.HostUnknown(old)
        rename = functools.partial(_renamed, old=old, new=new)
        self._rename_instances(connection, old, new, rename)
        self._rename_attempts(connection, old, new, rename)
        connection.execute(
            sa.update(group_members)
            .where(group_members.c.service_host == old)
            .values(service_host=new)
        )

    @staticmethod
    def _rename_instances(connection: sa.Connection, old: str, new: str, rename: Any) -> None:
        row = instances.c
        on_it = sa.select(row.uuid, row.selection).where(row.service_host == old)
        for uuid, selection in connection.execute(on_it).all():
            values = {"service_host": new, "selection": _of_one(selection, rename)}
            connection.execute(sa.update(instances).where(row.uuid == uuid).values(**values))
        waiting = sa.select(row.uuid, row.alternates).where(
            row.alternates_left > 0, row.state.not_in(_OVER)
        )
        for uuid, alternates in connection.execute(waiting).all():
            changed = _of_all(alternates, rename)
            if changed != alternates:
                update = sa.update(instances).where(row.uuid == uuid)
                connection.execute(update.values(alternates=changed))

    @staticmethod
    def _rename_attempts(connection: sa.Connection, old: str, new: str, rename: Any) -> None:
        row = attempts.c
        key = (row.instance_uuid, row.number, row.position)
        on_it = sa.select(*key, row.selection).where(row.service_host == old)
        for *found, selection in connection.execute(on_it).all():
            update = sa.update(attempts).where(
                *(column == value for column, value in zip(key, found, strict=True))
            )
            values = {"service_host": new, "selection": _of_one(selection, rename)}
            connection.execute(update.values(**values))


def _renamed(selections: tuple[Selection, ...], old: str, new: str) -> Iterator[Selection]:
    for selection in selections:
        if selection.service_host == old:
            if selection.nodename == old:
                selection.nodename = new
            selection.service_host = new
        yield selection


def _of_one(text: str | None, rename: Any) -> str | None:
    selection = primitives.load_optional(Selection, text)
    return None if selection is None else primitives.dump(next(rename((selection,))))


def _of_all(text: str, rename: Any) -> str:
    before = primitives.load_all(Selection, text)
    return primitives.dump_all(rename(before))
