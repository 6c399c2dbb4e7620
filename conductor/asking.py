"""Ask all cells the same question, and say which of them were silent."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from understudy.cells import errors as cell_errors
from understudy.conductor.cell_access import CellAccess, CellDirectory
from understudy.objects.errors import UnderstudyError

LOG = logging.getLogger(__name__)

Answer = TypeVar("Answer")


def ask(
    cells: CellDirectory,
    question: Callable[[CellAccess], Answer],
    only: Collection[str] | None = None,
) -> tuple[dict[str, Answer], list[str]]:
    """Ask each cell, or `only` those of these uuids.

    Return (answers by cell name, names of those that did not answer). A cell
    whose database holds what cannot be read has not answered either: it must
    not keep the others from being shown.
    """
    answers: dict[str, Answer] = {}
    silent: list[str] = []
    for record in cells.records():
        if only is not None and record.uuid not in only:
            continue
        try:
            answers[record.name] = question(cells.open(record))
        except cell_errors.CellUnreachable:
            silent.append(record.name)
        except UnderstudyError:
            raise
        except Exception:
            LOG.exception("what cell %s has cannot be read: it is left out", record.name)
            silent.append(record.name)
    return answers, silent


def names(cells: CellDirectory) -> Mapping[str | None, str]:
    """Return the cells' names by uuid."""
    return {record.uuid: record.name for record in cells.records()}
