"""Instances as clients see them, one or in pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from understudy.cells import paging, primitives
from understudy.cells.engines import Database
from understudy.cells.records import AttemptRecord, InstanceRecord
from understudy.cells.tables_cell import instances
from understudy.cells.transactions import Section, reading
from understudy.objects import states
from understudy.objects.attempt import Attempt
from understudy.objects.fault import Fault
from understudy.objects.instance import Instance

row = instances.c

_COLUMNS = (
    row.uuid,
    row.name,
    row.request_id,
    row.project_id,
    row.user_id,
    row.state,
    row.attempt,
    row.service_host,
    row.alternates_left,
    row.fault,
    row.created_at,
    row.updated_at,
)

_PAGED: dict[str, sa.ColumnElement[Any]] = {
    "created_at": row.created_at,
    "updated_at": row.updated_at,
    "name": row.name,
    "state": row.state,
    "uuid": row.uuid,
    "request_id": row.request_id,
    "project_id": row.project_id,
    # Databases disagree on where nothing sorts, so it is made to sort first.
    "service_host": sa.func.coalesce(row.service_host, ""),
    "host": row.service_host,
}


class Listing(Section):
    """Of the cell of this name; what was handed over is listed where it went."""

    def __init__(self, database: Database, cell_name: str) -> None:
        """List this cell's database."""
        super().__init__(database)
        self._cell_name = cell_name

    @reading
    def list_instances(
        self,
        connection: sa.Connection,
        filters: Mapping[str, str],
        sort_keys: Sequence[str] = (),
        sort_dirs: Sequence[str] = (),
        limit: int | None = None,
        after: paging.Place | None = None,
    ) -> list[Instance]:
        """Return a page of instances without their attempts.

        `filters`: equal values, by paging.FILTERS; `sort_keys`: of
        paging.SORT_KEYS, each "asc" or "desc"; `after`: the paging.place of the
        last instance seen, in whichever cell. InvalidRequest for other names.
        """
        ordered = paging.order(sort_keys, sort_dirs)
        query = sa.select(*_COLUMNS).where(row.state != states.HANDED_OVER)
        query = paging.page(query, _PAGED, filters, ordered, limit, after)
        return [
            self._instance(found._asdict(), primitives.load_optional(Fault, found.fault))
            for found in connection.execute(query)
        ]

    def to_instance(
        self, record: InstanceRecord, attempts: Iterable[AttemptRecord] = ()
    ) -> Instance:
        """Return the record, with its timeline if given, as clients see it."""
        instance = self._instance(
            {
                column.name: getattr(record, column.name)
                for column in _COLUMNS
                if column.name not in {"service_host", "alternates_left"}
            },
            record.fault,
        )
        if record.selection is not None:
            instance.service_host = record.selection.service_host
        instance.alternates_left = len(record.alternates)
        instance.attempts = [self._attempt(attempt) for attempt in attempts]
        return instance

    def _instance(self, values: dict[str, Any], fault: Fault | None) -> Instance:
        return Instance(**{**values, "fault": fault, "cell_name": self._cell_name})

    def _attempt(self, attempt: AttemptRecord) -> Attempt:
        return Attempt(
            instance_uuid=attempt.instance_uuid,
            number=attempt.number,
            state=attempt.state,
            cell_name=self._cell_name,
            service_host=attempt.selection.service_host,
            nodename=attempt.selection.nodename,
            fault=attempt.fault,
            started_at=attempt.started_at,
            ended_at=attempt.ended_at,
        )
