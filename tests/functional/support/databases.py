"""An API database and the databases of some cells, on SQLite files, with their schemas."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
import uuid
from pathlib import Path
from typing import Final

import fixtures

from understudy.cells import api_store, cell_store, schema
from understudy.cells.api_store import ApiStore
from understudy.cells.cell_store import CellStore
from understudy.cells.records import CellRecord

CELLS: Final = ("one", "two")


class Databases(fixtures.Fixture):
    """`api`, and `cells` by name; the API database knows them as `records`.

    A store can be opened a second time, as another process would, on its `urls`
    entry: "api", or the cell's name.
    """

    def __init__(self, *names: str, announces: bool = False) -> None:
        """Make databases for cells of these names, which write events down if they announce."""
        super().__init__()
        self._names = names or CELLS
        self._announces = announces

    def _setUp(self) -> None:  # noqa: N802
        self.folder = Path(self.useFixture(fixtures.TempDir()).path)
        self.urls = {"api": self._copy("api", schema.Tree.API)}
        self.api: ApiStore = api_store.connect(self.urls["api"], announces=self._announces)
        self.addCleanup(self.api.close)
        self.cells: dict[str, CellStore] = {}
        self.records: dict[str, CellRecord] = {}
        for name in self._names:
            self._add_cell(name)

    def _add_cell(self, name: str) -> None:
        url = self._copy(name, schema.Tree.CELL)
        self.urls[name] = url
        store = self.cells[name] = cell_store.connect(name, url, announces=self._announces)
        self.addCleanup(store.close)
        record = CellRecord(
            uuid=str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
            name=name,
            transport_url="kombu+memory://",
            database_url=url,
            enabled=True,
        )
        self.records[name] = record
        self.api.add_cell(record)

    def _copy(self, name: str, tree: schema.Tree) -> str:
        file = self.folder / f"{name}.sqlite"
        shutil.copy(_template(tree), file)
        return f"sqlite:///{file}"


@functools.cache
def _template(tree: schema.Tree) -> Path:
    """Return a database that was migrated once, for this process to copy."""
    folder = tempfile.mkdtemp(prefix="understudy-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = Path(folder) / f"{tree.value}.sqlite"
    store = api_store.connect(f"sqlite:///{file}")
    schema.upgrade(store.database.engine, tree)
    # The last connection moves what is in the write-ahead log into the file.
    store.close()
    return file
