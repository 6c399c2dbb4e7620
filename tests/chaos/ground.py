"""What worlds stand on, one after the other: engines are made once in a test process."""

from __future__ import annotations

import functools
from collections.abc import Callable

from tests.chaos.faults import CELLS
from tests.chaos.plan import uuid_of
from tests.chaos.process import Process
from tests.chaos.services import Surroundings
from tests.chaos.simulated.databases import SimulatedDatabase
from tests.chaos.simulated.watched_placement import WatchedPlacement
from understudy.cells.records import CellRecord
from understudy.cells.schema import Tree


class Ground:
    """The databases, and where a Placement comes from."""

    def __init__(self) -> None:
        self.api = SimulatedDatabase(Tree.API)
        self.cells = {cell: SimulatedDatabase(Tree.CELL) for cell in CELLS}

    def reset(self, clock_of: Callable[[str], float]) -> None:
        """Forget the last world; take the time, by the database's name, from `clock_of`."""
        self.api.reset(functools.partial(clock_of, "api"))
        for cell, database in self.cells.items():
            database.reset(functools.partial(clock_of, cell))

    def placement(self) -> WatchedPlacement:
        """Return a Placement that knows nothing."""
        return WatchedPlacement()

    def add_cells(self, around: Surroundings, process: Process) -> None:
        """Register the cells, as an operator does."""
        api = around.api_store(process)
        for cell in CELLS:
            api.add_cell(
                CellRecord(
                    uuid=uuid_of(cell),
                    name=cell,
                    transport_url=f"simulated://{cell}",
                    database_url=f"simulated://{cell}",
                    enabled=True,
                )
            )


@functools.cache
def ground() -> Ground:
    """Return this process's ground, made when it is first needed."""
    return Ground()
