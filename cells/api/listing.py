"""Instances that no cell holds: accepted, failed or deleted before they were mapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from understudy.cells import paging
from understudy.cells.api.mappings import COLUMNS, record, row
from understudy.cells.records import MappingRecord
from understudy.cells.transactions import Section, reading
from understudy.objects.instance import Instance

_PAGED: dict[str, sa.ColumnElement[Any]] = {
    "created_at": row.created_at,
    "updated_at": row.updated_at,
    "name": row.name,
    "state": row.state,
    "uuid": row.instance_uuid,
    "request_id": row.request_id,
    "project_id": row.project_id,
    # Always "": what no cell holds is on no host.
    "service_host": sa.func.coalesce(row.cell_uuid, ""),
    "host": sa.func.coalesce(row.cell_uuid, ""),
}


class Unmapped(Section):
    """Listings in the manner of the cells' own."""

    @reading
    def list_unmapped(
        self,
        connection: sa.Connection,
        filters: Mapping[str, str],
        sort_keys: Sequence[str] = (),
        sort_dirs: Sequence[str] = (),
        limit: int | None = None,
        after: paging.Place | None = None,
    ) -> list[Instance]:
        """Return a page of them; see `cells.paging` for the arguments."""
        ordered = paging.order(sort_keys, sort_dirs)
        query = sa.select(*COLUMNS).where(row.cell_uuid.is_(None))
        query = paging.page(query, _PAGED, filters, ordered, limit, after)
        return [to_instance(record(found)) for found in connection.execute(query)]


def to_instance(mapping: MappingRecord) -> Instance:
    """Return an instance that no cell holds as clients see it."""
    return Instance(
        uuid=mapping.instance_uuid,
        name=mapping.name,
        request_id=mapping.request_id,
        project_id=mapping.project_id,
        user_id=mapping.user_id,
        state=mapping.state,
        attempt=mapping.attempt,
        fault=mapping.fault,
        created_at=mapping.created_at,
        updated_at=mapping.updated_at,
    )
