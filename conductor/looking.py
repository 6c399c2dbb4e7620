"""Look across cells: instances, hosts, services, and how a request stands.

A cell that does not answer is named in the answer instead of failing it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from oslo_utils import strutils

from understudy.cells import errors as cell_errors
from understudy.cells import mapping_states
from understudy.cells.api_store import ApiStore
from understudy.cells.records import MappingRecord
from understudy.conductor import hosts
from understudy.conductor.cell_access import CellAccess, CellDirectory
from understudy.objects import states
from understudy.objects.build_answer import BuildResult
from understudy.objects.host_page import HostPage
from understudy.objects.instance import Instance, InstancePage
from understudy.objects.service import Cell, Service
from understudy.objects.service_page import ServicePage
from understudy.rpcapi import errors as wire

Answer = TypeVar("Answer")

HIGHEST_LIMIT = 1000
"""Instances in one page at most."""
MAPPED_AS = {
    mapping_states.ACCEPTED: states.ACCEPTED,
    mapping_states.MAPPED: states.BUILDING,
    mapping_states.HANDING_OVER: states.HANDING_OVER,
    mapping_states.ERROR: states.ERROR,
    mapping_states.DELETING: states.DELETING,
    mapping_states.DELETED: states.DELETED,
}
"""How an instance is shown whose cell's row cannot be seen."""


class Lookout:
    """Reads all cells for clients; writes nothing."""

    def __init__(self, api: ApiStore, cells: CellDirectory, service_down_time: float) -> None:
        """Call a service dead that was silent for `service_down_time` seconds."""
        self._api = api
        self._cells = cells
        self._service_down_time = service_down_time

    def result(self, request_id: str) -> BuildResult:
        """Return where every instance of the request stands. Raises RequestNotFound."""
        mappings = self._api.mappings_of(request_id)
        if not mappings:
            raise wire.RequestNotFound(request_id)
        filters = {"request_id": request_id}
        found, silent = self._ask_all(
            lambda access: access.store.list_instances(
                filters, ["uuid"], ["asc"], HIGHEST_LIMIT, None
            )
        )
        newest: dict[str, Instance] = {}
        for instances in found.values():
            for instance in instances:
                known = newest.get(instance.uuid)
                if known is None or known.attempt < instance.attempt:
                    newest[instance.uuid] = instance
        return BuildResult(
            request_id=request_id,
            instances=[
                self._seen(mapping, newest.get(mapping.instance_uuid)) for mapping in mappings
            ],
            cells_unanswered=silent,
        )

    def show(self, instance_uuid: str) -> Instance:
        """Return the instance with its timeline across cells. Raises InstanceNotFound."""
        try:
            mapping = self._api.mapping(instance_uuid)
        except cell_errors.InstanceUnknown as error:
            raise wire.InstanceNotFound(instance_uuid) from error
        parts, _ = self._ask_all(lambda access: _timeline(access, instance_uuid))
        rows = [row for row in parts.values() if row is not None]
        if not rows:
            return self._seen(mapping, None)
        instance: Instance = max(rows, key=lambda row: row.attempt)
        instance.attempts = sorted(
            (attempt for row in rows for attempt in row.attempts),
            key=lambda attempt: (attempt.number, attempt.started_at),
        )
        return self._seen(mapping, instance)

    def list_instances(
        self,
        filters: Mapping[str, str],
        sort_keys: Sequence[str],
        sort_dirs: Sequence[str],
        limit: int,
        marker: str | None,
    ) -> InstancePage:
        """Return one page, merged from all cells in the order asked for.

        Raises BadQuery, InstanceNotFound (for the marker).
        """
        keys, dirs = with_uuid(sort_keys, sort_dirs)
        limit = min(limit, HIGHEST_LIMIT)
        after = tuple(getattr(self.show(marker), key) for key in keys) if marker else None
        found, silent = self._ask_all(
            lambda access: access.store.list_instances(filters, keys, dirs, limit + 1, after)
        )
        pages = [*found.values(), self._api.list_unmapped(filters, keys, dirs, limit + 1, after)]
        merged = sorted(
            (instance for page in pages for instance in page), key=_sort_key(keys, dirs)
        )
        return InstancePage(
            instances=merged[:limit],
            marker=merged[limit - 1].uuid if len(merged) > limit else None,
            cells_unanswered=silent,
        )

    def list_hosts(self, cell_name: str | None) -> HostPage:
        """Return all hosts, or one cell's. Raises CellNotFound."""
        if cell_name is not None and cell_name not in {c.name for c in self._cells.all()}:
            raise wire.CellNotFound(cell_name)
        found, silent = self._ask_all(
            lambda access: (access.store.hosts(), access.store.instances_per_host()),
            only=cell_name,
        )
        return HostPage(
            hosts=[
                hosts.as_object(record, name, counts.get(record.name, 0))
                for name, (records, counts) in sorted(found.items())
                for record in sorted(records, key=lambda record: record.name)
            ],
            cells_unanswered=silent,
        )

    def list_services(self) -> ServicePage:
        """Return every process that has beaten, at the API level and in the cells."""
        found, silent = self._ask_all(lambda access: access.store.services())
        of_cells: dict[str | None, Any] = {None: self._api.services(), **found}
        return ServicePage(
            services=[
                Service(
                    binary=record.binary,
                    name=record.name,
                    cell_name=cell,
                    alive=record.silent_for < self._service_down_time,
                    seconds_since_heartbeat=record.silent_for,
                )
                for cell, records in of_cells.items()
                for record in records
            ],
            cells_unanswered=silent,
        )

    def list_cells(self) -> list[Cell]:
        """Return every cell, with what it holds if its database answers."""
        found, _ = self._ask_all(
            lambda access: (len(access.store.hosts()), sum(access.store.counts().values()))
        )
        return [
            Cell(
                uuid=access.record.uuid,
                name=access.name,
                enabled=access.record.enabled,
                transport_url=mask(access.record.transport_url),
                database_url=mask(access.record.database_url),
                answers=access.name in found,
                hosts=found[access.name][0] if access.name in found else 0,
                instances=found[access.name][1] if access.name in found else 0,
            )
            for access in self._cells.all()
        ]

    def _ask_all(
        self, question: Callable[[CellAccess], Answer], only: str | None = None
    ) -> tuple[dict[str, Answer], list[str]]:
        """Ask each cell; return (answers by cell name, names of those that were silent)."""
        answers: dict[str, Answer] = {}
        silent: list[str] = []
        for access in self._cells.all():
            if only is not None and access.name != only:
                continue
            try:
                answers[access.name] = question(access)
            except cell_errors.CellUnreachable:
                silent.append(access.name)
        return answers, silent

    def _seen(self, mapping: MappingRecord, instance: Instance | None) -> Instance:
        """Return the cell's row, or what the mapping knows where there is none to see."""
        if instance is not None:
            return instance
        return Instance(
            uuid=mapping.instance_uuid,
            name=mapping.name,
            request_id=mapping.request_id,
            project_id=mapping.project_id,
            user_id=mapping.user_id,
            state=MAPPED_AS[mapping.state],
            attempt=mapping.attempt,
            cell_name=self._cell_name(mapping.cell_uuid),
            fault=mapping.fault,
            created_at=mapping.created_at,
            updated_at=mapping.updated_at,
        )

    def _cell_name(self, cell_uuid: str | None) -> str | None:
        return self._cells.get(cell_uuid).name if cell_uuid else None


def with_uuid(keys: Sequence[str], dirs: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the sort order with the uuid last, so that it is total."""
    if len(keys) != len(dirs):
        raise wire.BadQuery("sort", "keys and directions differ in number", "give one per key")
    if "uuid" in keys:
        return list(keys), list(dirs)
    return [*keys, "uuid"], [*dirs, "asc"]


def _sort_key(keys: Sequence[str], dirs: Sequence[str]) -> Callable[[Instance], Any]:
    """Return a key function: each column compared in its own direction, nulls first."""

    def compare(one: Instance, other: Instance) -> int:
        for key, direction in zip(keys, dirs, strict=True):
            ours, theirs = _orderable(getattr(one, key)), _orderable(getattr(other, key))
            if ours != theirs:
                sign = -1 if ours < theirs else 1
                return sign if direction == "asc" else -sign
        return 0

    return functools.cmp_to_key(compare)


def _orderable(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else "")


def _timeline(access: CellAccess, instance_uuid: str) -> Instance | None:
    """Return the cell's row with its attempts; None where the cell has none."""
    try:
        record = access.store.instance(instance_uuid)
    except cell_errors.InstanceUnknown:
        return None
    return access.store.to_instance(record, access.store.attempts(instance_uuid))


def mask(url: str) -> str:
    """Return the URL with its passwords hidden."""
    return strutils.mask_password(url) if "@" in url else url
