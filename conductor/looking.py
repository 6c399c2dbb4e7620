"""Look across cells at instances, and at how a request stands.

A cell that does not answer is named in the answer instead of failing it. What
a cell says is believed of the instances that are mapped to it, and of these not
whose they are: that is read from the API database.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from understudy.cells import errors as cell_errors
from understudy.cells import mapping_states, paging
from understudy.cells.api_store import ApiStore
from understudy.cells.records import MappingRecord, Whereabouts
from understudy.conductor import asking
from understudy.conductor.asking import ask
from understudy.conductor.authority import Caller
from understudy.conductor.cell_access import CellAccess, CellDirectory
from understudy.objects import states
from understudy.objects.attempt import Attempt
from understudy.objects.build_answer import BuildResult
from understudy.objects.errors import InvalidRequest
from understudy.objects.instance import Instance, InstancePage
from understudy.rpcapi import errors as wire

LOG = logging.getLogger(__name__)

HIGHEST_LIMIT = 1000
"""Instances in one page at most."""
MOST_LOOKS: Final = 8
"""How often a cell is asked for one page, where it lists what is not its own."""
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
    """Reads all cells for clients; writes nothing.

    An instance's mapping says which cell's row is the true one.
    """

    def __init__(self, api: ApiStore, cells: CellDirectory) -> None:
        """Take the API database and the cells."""
        self._api = api
        self._cells = cells

    def result(self, caller: Caller, request_id: str) -> BuildResult:
        """Return where every instance of the request stands. Raises RequestNotFound."""
        mappings = self._api.mappings_of(request_id)
        if not mappings or not caller.owns(mappings[0].project_id):
            raise wire.RequestNotFound(request_id)
        found, silent = ask(
            self._cells,
            lambda access: access.store.list_instances(
                {"request_id": request_id}, ["uuid"], ["asc"], HIGHEST_LIMIT, None
            ),
            {str(mapping.cell_uuid) for mapping in mappings},
        )
        names = asking.names(self._cells)
        rows = {
            (cell_uuid, instance.uuid): instance
            for cell_uuid, name in names.items()
            for instance in found.get(name, ())
        }
        return BuildResult(
            request_id=request_id,
            instances=[
                _seen(mapping, names, rows.get((mapping.cell_uuid, mapping.instance_uuid)))
                for mapping in mappings
            ],
            cells_unanswered=silent,
        )

    def show(self, caller: Caller, instance_uuid: str) -> Instance:
        """Return the instance with its timeline across cells.

        Raises InstanceNotFound, and CellUnavailable where the cell that has it
        does not answer.
        """
        try:
            mapping = self._api.mapping(instance_uuid)
        except cell_errors.InstanceUnknown as error:
            raise wire.InstanceNotFound(instance_uuid) from error
        if not caller.owns(mapping.project_id):
            raise wire.InstanceNotFound(instance_uuid)
        parts, silent = ask(self._cells, lambda access: _timeline(access, instance_uuid))
        names = asking.names(self._cells)
        home = names.get(mapping.cell_uuid, "")
        if home in silent:
            raise wire.CellUnavailable(home, f"it has instance {instance_uuid}")
        instance = _seen(mapping, names, parts.get(home))
        instance.attempts = sorted(
            (
                attempt
                for name, row in parts.items()
                for attempt in (row.attempts if row is not None else ())
                if name == home or _was_there(mapping, row, attempt)
            ),
            key=lambda attempt: (attempt.number, attempt.started_at),
        )
        return instance

    def list_instances(
        self,
        caller: Caller,
        filters: Mapping[str, str],
        sort_keys: Sequence[str],
        sort_dirs: Sequence[str],
        limit: int,
        marker: str | None,
    ) -> InstancePage:
        """Return one page, merged from all cells in the order asked for.

        Raises BadQuery, InstanceNotFound and CellUnavailable (for the marker).
        """
        narrowed = caller.narrow(filters)
        if narrowed is None:
            return InstancePage(instances=[], marker=None, cells_unanswered=[])
        filters = narrowed
        limit = max(1, min(limit, HIGHEST_LIMIT))
        after = None if marker is None else self._place(caller, marker, sort_keys)
        try:
            unmapped = self._api.list_unmapped(filters, sort_keys, sort_dirs, limit + 1, after)
        except InvalidRequest as error:
            raise wire.BadQuery(error.field, error.problem, error.remedy) from error
        found, silent = ask(
            self._cells,
            lambda access: self._page(
                access, caller, filters, sort_keys, sort_dirs, limit + 1, after
            ),
        )
        merged = paging.merge([*found.values(), unmapped], sort_keys, sort_dirs, limit + 1)
        return InstancePage(
            instances=merged[:limit],
            marker=merged[limit - 1].uuid if len(merged) > limit else None,
            cells_unanswered=silent,
        )

    def _page(
        self,
        access: CellAccess,
        caller: Caller,
        filters: Mapping[str, str],
        sort_keys: Sequence[str],
        sort_dirs: Sequence[str],
        limit: int,
        after: paging.Place | None,
    ) -> list[Instance]:
        """Return a page of those of the cell's rows that the API database vouches for.

        A moment's rows may be left out, while an instance is on its way between
        cells. Raises CellUnreachable for a cell that lists little else.
        """
        kept: list[Instance] = []
        for _ in range(MOST_LOOKS):
            rows = access.store.list_instances(filters, sort_keys, sort_dirs, limit, after)
            vouched = self._api.whereabouts([row.uuid for row in rows])
            kept += [
                row
                for row in rows
                if vouched.get(row.uuid) == _says(access.record.uuid, row)
                and caller.owns(row.project_id)
            ]
            if len(rows) < limit or len(kept) >= limit:
                return kept[:limit]
            after = paging.place(rows[-1], sort_keys)
        LOG.warning(
            "cell %s lists many instances that are not its own: what it lists is left out",
            access.name,
        )
        raise cell_errors.CellUnreachable(access.name, "it lists instances that are not its own")

    def _place(self, caller: Caller, marker: str, sort_keys: Sequence[str]) -> paging.Place:
        instance = self.show(caller, marker)
        try:
            return paging.place(instance, sort_keys)
        except InvalidRequest as error:
            raise wire.BadQuery(error.field, error.problem, error.remedy) from error


def _seen(
    mapping: MappingRecord, names: Mapping[str | None, str], instance: Instance | None
) -> Instance:
    """Return the cell's row, or what the mapping knows where there is none to see.

    Whose it is, the mapping says in either case. A delete that its cell has not
    heard of yet is one already. A row that took itself for superseded says
    nothing of how the instance is.
    """
    if instance is None or instance.state == states.HANDED_OVER:
        instance = Instance(
            uuid=mapping.instance_uuid,
            name=mapping.name,
            request_id=mapping.request_id,
            project_id=mapping.project_id,
            user_id=mapping.user_id,
            state=MAPPED_AS[mapping.state],
            attempt=mapping.attempt,
            cell_name=names.get(mapping.cell_uuid),
            fault=mapping.fault,
            created_at=mapping.created_at,
            updated_at=mapping.updated_at,
        )
    else:
        instance.request_id, instance.name = mapping.request_id, mapping.name
        instance.project_id, instance.user_id = mapping.project_id, mapping.user_id
    if mapping.state == mapping_states.DELETING and instance.state != states.DELETED:
        instance.state = states.DELETING
    return instance


def _says(cell_uuid: str, row: Instance) -> Whereabouts:
    return Whereabouts(cell_uuid, row.request_id, row.project_id, row.user_id, row.name)


def _was_there(mapping: MappingRecord, row: Instance | None, attempt: Attempt) -> bool:
    """May this attempt be shown, of a cell that does not have the instance now?"""
    return (
        row is not None
        and (row.request_id, row.project_id) == (mapping.request_id, mapping.project_id)
        and attempt.number < mapping.attempt
    )


def _timeline(access: CellAccess, instance_uuid: str) -> Instance | None:
    """Return the cell's row with its attempts; None where the cell has none."""
    try:
        record = access.store.instance(instance_uuid)
    except cell_errors.InstanceUnknown:
        return None
    return access.store.to_instance(record, access.store.attempts(instance_uuid))
