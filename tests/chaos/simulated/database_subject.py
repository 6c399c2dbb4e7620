"""The stores' own tests, moved onto the simulated databases."""

from __future__ import annotations

import functools
import time
import uuid

from tests.chaos.simulated.databases import SimulatedDatabase
from tests.chaos.simulated.gate import Gate, OpenGate
from tests.functional.support.databases import Databases
from tests.unit.cells import moved
from understudy.cells import errors, schema
from understudy.cells.api_store import ApiStore
from understudy.cells.cell_store import CellStore
from understudy.cells.records import CellRecord


@functools.cache
def shared(tree: schema.Tree, name: str) -> SimulatedDatabase:
    """Return the database of this name, made once in a test process."""
    return SimulatedDatabase(tree, name)


def open_api(database: SimulatedDatabase, gate: Gate, *, announces: bool = False) -> ApiStore:
    """Return the API database as a process behind this gate has it."""
    connected = database.connect(gate, errors.ApiDatabaseUnreachable)
    return ApiStore(connected, announces=announces)


def open_cell(
    database: SimulatedDatabase, gate: Gate, name: str = "one", *, announces: bool = False
) -> CellStore:
    """Return a cell's database as a process behind this gate has it."""
    unreachable = functools.partial(errors.CellUnreachable, name)
    return CellStore(name, database.connect(gate, unreachable), announces=announces)


class SimulatedDatabases(Databases):
    """`Databases`, simulated, behind gates that let all through; they have no urls."""

    def __init__(self, *names: str, announces: bool) -> None:
        super().__init__(*names, announces=announces)

    def _setUp(self) -> None:  # noqa: N802
        api = shared(schema.Tree.API, "api")
        api.reset(time.time)
        self.api = open_api(api, OpenGate(), announces=self._announces)
        self.cells, self.records = {}, {}
        for name in self._names:
            self._add_cell(name)

    def _add_cell(self, name: str) -> None:
        cell = shared(schema.Tree.CELL, name)
        cell.reset(time.time)
        self.cells[name] = open_cell(cell, OpenGate(), name, announces=self._announces)
        self.records[name] = CellRecord(
            uuid=str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
            name=name,
            transport_url="kombu+memory://",
            database_url=f"simulated://{name}",
            enabled=True,
        )
        self.api.add_cell(self.records[name])


class OnSimulated(moved.Elsewhere):
    """A test of the stores that runs on simulated databases."""

    left_out = ("TransactionsTest",)
    """It opens databases by their URL, from other threads and processes."""

    def make_databases(self) -> Databases:
        return self.useFixture(SimulatedDatabases(*self.cell_names, announces=self.announces))
