"""What the API level announces: what no cell knows of."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from understudy.cells import mapping_states, primitives
from understudy.cells.announcing import Announcer, sequence_of
from understudy.cells.changes import Row
from understudy.cells.engines import Database
from understudy.cells.tables_api import cells
from understudy.cells.transactions import Section
from understudy.objects.build_request import BuildRequest
from understudy.objects.fault import Fault
from understudy.objects.notification import InstanceEvent, InstanceNotification


class MappingAnnouncer(Announcer):
    """Announces from rows of `instance_mappings`."""

    def accepted(
        self,
        connection: sa.Connection,
        request: BuildRequest,
        instances: Sequence[tuple[str, str]],
    ) -> None:
        """Say that these instances (uuid, name) of the request were written down."""
        if not self.is_on:
            return
        events = [
            InstanceNotification(
                event_type=InstanceEvent.ACCEPTED,
                instance_uuid=uuid,
                request_id=request.request_id,
                name=name,
                project_id=request.project_id,
                user_id=request.user_id,
                state=mapping_states.ACCEPTED,
                attempt=0,
                sequence=sequence_of(InstanceEvent.ACCEPTED, 0),
            )
            for uuid, name in instances
        ]
        self.write(connection, events)

    def announce(self, connection: sa.Connection, event_type: str, row: Row) -> None:
        """Say that this came of the instance, as its mapping is now."""
        if not self.is_on:
            return
        event = InstanceNotification(
            event_type=event_type,
            instance_uuid=row.instance_uuid,
            request_id=row.request_id,
            name=row.name,
            project_id=row.project_id,
            user_id=row.user_id,
            state=row.state,
            attempt=row.attempt,
            sequence=sequence_of(event_type, row.attempt),
            fault=primitives.load_optional(Fault, row.fault),
        )
        name = sa.select(cells.c.name).where(cells.c.uuid == row.cell_uuid).scalar_subquery()
        self.write(connection, [event], name)


class AnnouncingSection(Section):
    """One idea's worth of methods, some of which others want to hear of."""

    def __init__(self, database: Database, announcer: MappingAnnouncer) -> None:
        """Work on this database, and announce with `announcer`."""
        super().__init__(database)
        self._announcer = announcer
