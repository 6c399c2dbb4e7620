"""How far a cell is believed of an instance that it gives up.

Pure. Who can write a cell's database says in it what he likes. So a cell is
asked only what nobody else knows, the number of its last attempt and how many
cells it was told are left, and both are held to what the API database allows:
what a cell says can shorten a build of its own, and nothing else.
"""

from __future__ import annotations

from understudy.cells.records import InstanceRecord, MappingRecord
from understudy.objects.build_request import BuildRequest


def may_give_up(
    mapping: MappingRecord, request: BuildRequest, cell_uuid: str, attempt: int
) -> bool:
    """May this cell say that it is done with the instance, after this attempt?

    It is mapped to the cell, and the request allows the cell so many attempts;
    or it has left the cell since, and the cell's row has only to be closed.
    """
    if mapping.cell_uuid != cell_uuid:
        return mapping.cell_uuid is not None and 0 < attempt < mapping.attempt
    each = request.max_attempts or 1
    highest = min(mapping.attempt + each - 1, each * (request.max_cells or 1))
    return mapping.attempt <= attempt <= highest


def was_tried(request: BuildRequest, row: InstanceRecord | None) -> bool:
    """Does this row of a cell count among the cells that the request allows?

    One that says another request or owner is none of a build's; who knows
    neither cannot spend the cells of others.
    """
    whose = (request.request_id, request.project_id, request.user_id)
    return row is not None and (row.request_id, row.project_id, row.user_id) == whose


def cells_left(request: BuildRequest, said: int) -> int:
    """Return how many cells are left after the next one, by what the last one said."""
    # Two are gone at least: the one that gives it up, and the one that takes it.
    return max(min(said - 1, (request.max_cells or 1) - 2), 0)
