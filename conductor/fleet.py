"""Look across cells at what serves: hosts, services, and the cells themselves.

A cell that does not answer is named in the answer instead of failing it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from understudy.cells.api_store import ApiStore
from understudy.conductor import hosts
from understudy.conductor.asking import ask
from understudy.conductor.cell_access import CellDirectory
from understudy.conductor.masking import mask
from understudy.objects import states
from understudy.objects.host_page import HostPage
from understudy.objects.service import Cell, Service
from understudy.objects.service_page import ServicePage
from understudy.rpcapi import errors as wire


class Fleet:
    """Reads all cells for operators; writes nothing."""

    def __init__(self, api: ApiStore, cells: CellDirectory, service_down_time: float) -> None:
        """Call a service dead that was silent for `service_down_time` seconds."""
        self._api = api
        self._cells = cells
        self._service_down_time = service_down_time

    def list_hosts(self, cell_name: str | None) -> HostPage:
        """Return all hosts, or one cell's. Raises CellNotFound."""
        records = self._cells.records()
        wanted = {r.uuid for r in records if cell_name in (None, r.name)}
        if cell_name is not None and not wanted:
            raise wire.CellNotFound(cell_name)
        found, silent = ask(
            self._cells,
            lambda access: (
                access.store.hosts(),
                access.store.instances_per_host(),
                access.store.refused_hosts(),
            ),
            wanted,
        )
        page = HostPage(cells_unanswered=silent)
        for name, (taken, counts, refused) in sorted(found.items()):
            page.hosts += [
                hosts.as_object(record, name, counts.get(record.name, 0)) for record in taken
            ]
            page.hosts += [hosts.as_refused(record, name) for record in refused]
        return page

    def list_services(self) -> ServicePage:
        """Return every process that has beaten, at the API level and in the cells."""
        found, silent = ask(self._cells, lambda access: access.store.services())
        of_cells: list[tuple[str | None, Any]] = [(None, self._api.services()), *found.items()]
        return ServicePage(
            services=[
                Service(
                    binary=record.binary,
                    name=record.name,
                    cell_name=cell,
                    alive=record.silent_for < self._service_down_time,
                    seconds_since_heartbeat=record.silent_for,
                )
                for cell, records in of_cells
                for record in records
            ],
            cells_unanswered=silent,
        )

    def list_cells(self) -> list[Cell]:
        """Return every cell, with what it holds if its database answers."""
        found, _ = ask(
            self._cells, lambda access: (len(access.store.hosts()), _living(access.store.counts()))
        )
        return [
            Cell(
                uuid=record.uuid,
                name=record.name,
                enabled=record.enabled,
                transport_url=mask(record.transport_url),
                database_url=mask(record.database_url),
                answers=record.name in found,
                hosts=found[record.name][0] if record.name in found else 0,
                instances=found[record.name][1] if record.name in found else 0,
            )
            for record in self._cells.records()
        ]


def _living(counts: Mapping[str, int]) -> int:
    gone = (states.DELETED, states.HANDED_OVER)
    return sum(count for state, count in counts.items() if state not in gone)
