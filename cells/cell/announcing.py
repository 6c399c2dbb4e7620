"""What a cell announces of its instances."""

from __future__ import annotations

import sqlalchemy as sa

from understudy.cells import primitives
from understudy.cells.announcing import Announcer, sequence_of
from understudy.cells.changes import Row
from understudy.cells.engines import Database
from understudy.cells.transactions import Section
from understudy.objects.fault import Fault
from understudy.objects.notification import InstanceNotification


class InstanceAnnouncer(Announcer):
    """Announces from rows of `instances`."""

    def __init__(self, table: sa.Table | None, cell_name: str) -> None:
        """Write into this table, as the cell of this name."""
        super().__init__(table)
        self._cell_name = cell_name

    def announce(
        self,
        connection: sa.Connection,
        event_type: str,
        row: Row,
        fault: Fault | None = None,
    ) -> None:
        """Say that this came of the instance, as its row is now; a fault goes before the row's."""
        if not self.is_on:
            return
        event = InstanceNotification(
            event_type=event_type,
            instance_uuid=row.uuid,
            request_id=row.request_id,
            name=row.name,
            project_id=row.project_id,
            user_id=row.user_id,
            state=row.state,
            attempt=row.attempt,
            sequence=sequence_of(event_type, row.attempt),
            service_host=row.service_host,
            fault=fault or primitives.load_optional(Fault, row.fault),
        )
        self.write(connection, [event], self._cell_name)


class AnnouncingSection(Section):
    """One idea's worth of methods, some of which others want to hear of."""

    def __init__(self, database: Database, announcer: InstanceAnnouncer) -> None:
        """Work on this database, and announce with `announcer`."""
        super().__init__(database)
        self._announcer = announcer
