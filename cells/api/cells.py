"""The cells, and where their buses and databases are."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import sqlalchemy as sa
from oslo_db import exception as db_errors

from understudy.cells import errors, mapping_states
from understudy.cells.records import CellRecord
from understudy.cells.tables_api import cells, host_mappings, instance_mappings
from understudy.cells.transactions import Section, reading, writing

_COLUMNS = tuple(cells.c[field.name] for field in dataclasses.fields(CellRecord))


class Cells(Section):
    """CellUnknown where there is no such cell."""

    @writing
    def add_cell(self, connection: sa.Connection, cell: CellRecord) -> None:
        """Add a cell; DuplicateCell if its name or uuid is taken."""
        try:
            connection.execute(sa.insert(cells).values(**dataclasses.asdict(cell)))
        except db_errors.DBDuplicateEntry as error:
            raise errors.DuplicateCell(cell.name) from error

    @writing
    def update_cell(self, connection: sa.Connection, cell: CellRecord) -> None:
        """Change the cell of this uuid; DuplicateCell if its new name is taken."""
        update = sa.update(cells).where(cells.c.uuid == cell.uuid)
        try:
            changed = connection.execute(update.values(**dataclasses.asdict(cell))).rowcount
        except db_errors.DBDuplicateEntry as error:
            raise errors.DuplicateCell(cell.name) from error
        if changed == 0:
            raise errors.CellUnknown(cell.uuid)

    @writing
    def remove_cell(self, connection: sa.Connection, name: str) -> None:
        """Forget a cell; CellInUse while hosts, or instances not deleted, are mapped to it."""
        uuid = _find(connection, name, cells.c.name == name).uuid
        mapped = sa.select(sa.func.count()).select_from(host_mappings)
        hosts = connection.scalars(mapped.where(host_mappings.c.cell_uuid == uuid)).one()
        living = sa.select(sa.func.count()).select_from(instance_mappings)
        instances = connection.scalars(
            living.where(
                instance_mappings.c.cell_uuid == uuid,
                instance_mappings.c.state != mapping_states.DELETED,
            )
        ).one()
        if hosts or instances:
            raise errors.CellInUse(name, hosts, instances)
        connection.execute(sa.delete(cells).where(cells.c.uuid == uuid))

    @reading
    def cells(self, connection: sa.Connection) -> list[CellRecord]:
        """Return every cell, by name."""
        return [CellRecord(*found) for found in connection.execute(_all())]

    @reading
    def cell(self, connection: sa.Connection, name: str) -> CellRecord:
        """Return the cell of this name."""
        return _find(connection, name, cells.c.name == name)

    @reading
    def cell_by_uuid(self, connection: sa.Connection, uuid: str) -> CellRecord:
        """Return the cell of this uuid."""
        return _find(connection, uuid, cells.c.uuid == uuid)


@functools.cache
def _all() -> sa.Select[Any]:
    return sa.select(*_COLUMNS).order_by(cells.c.name)


def _find(connection: sa.Connection, wanted: str, condition: sa.ColumnElement[bool]) -> CellRecord:
    found = connection.execute(sa.select(*_COLUMNS).where(condition)).first()
    if found is None:
        raise errors.CellUnknown(wanted)
    return CellRecord(*found)
