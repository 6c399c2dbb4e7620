"""A database that can be cut off from the one who uses it here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import sqlalchemy as sa

from understudy.cells import errors
from understudy.cells.cell_store import CellStore
from understudy.cells.engines import Database

Found = TypeVar("Found")


class CutDatabase(Database):
    """Says that it does not answer while `cut` is set."""

    def __init__(
        self, url: str, unreachable: Callable[[str], Exception], cut: threading.Event
    ) -> None:
        """Use the database at `url`."""
        super().__init__(url, unreachable)
        self._cut = cut

    def read(self, work: Callable[[sa.Connection], Found]) -> Found:
        """Read, unless it is cut off."""
        self._check()
        return super().read(work)

    def write(self, work: Callable[[sa.Connection], Found]) -> Found:
        """Write, unless it is cut off."""
        self._check()
        return super().write(work)

    def _check(self) -> None:
        if self._cut.is_set():
            raise self._unreachable("cut off, as planned")


def cell_store(name: str, url: str, cut: threading.Event, *, announces: bool) -> CellStore:
    """Return a cell's database that does not answer while `cut` is set."""
    database = CutDatabase(url, partial(errors.CellUnreachable, name), cut)
    return CellStore(name, database, announces=announces)
