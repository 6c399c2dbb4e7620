"""The processes that beat, in whichever database they belong to."""

from __future__ import annotations

import sqlalchemy as sa
from oslo_db import exception as db_errors

from understudy.cells.clock import db_now
from understudy.cells.engines import Database
from understudy.cells.records import ServiceRecord
from understudy.cells.transactions import Section, reading, writing


class Services(Section):
    """Heartbeats by (binary, name)."""

    def __init__(self, database: Database, table: sa.Table) -> None:
        """Keep them in this table."""
        super().__init__(database)
        self._table = table

    @writing
    def beat_service(self, connection: sa.Connection, binary: str, name: str) -> None:
        """Write down that this process is alive now."""
        row = self._table.c
        seen = (
            sa.update(self._table)
            .where(row.binary == binary, row.name == name)
            .values(seen_at=db_now())
        )
        if connection.execute(seen).rowcount:
            return
        try:
            connection.execute(
                sa.insert(self._table).values(binary=binary, name=name, seen_at=db_now())
            )
        except db_errors.DBDuplicateEntry as error:
            raise db_errors.RetryRequest(error) from error

    @reading
    def services(self, connection: sa.Connection) -> list[ServiceRecord]:
        """Return every process that ever beat, by binary and name."""
        row = self._table.c
        silent_for = (db_now() - row.seen_at).label("silent_for")
        query = sa.select(row.binary, row.name, silent_for).order_by(row.binary, row.name)
        return [ServiceRecord(*found) for found in connection.execute(query)]
