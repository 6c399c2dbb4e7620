"""The stores on a database server, and every test of theirs to run there."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

import tests.unit.cells
from tests.functional.support.databases import Databases
from tests.integration.support import shared
from tests.integration.support.mariadb import MariaDB
from tests.integration.support.postgresql import PostgreSQL
from tests.unit.cells import base
from understudy.cells import api_store, schema, tables_api, tables_cell

DatabaseServer = MariaDB | PostgreSQL
METADATA = {schema.Tree.API: tables_api.metadata, schema.Tree.CELL: tables_cell.metadata}


class ServerDatabases(Databases):
    """Databases on a server: made once in a process, emptied for each test."""

    def __init__(self, server: DatabaseServer, *names: str, announces: bool) -> None:
        """Make databases for cells of these names on `server`."""
        super().__init__(*names, announces=announces)
        self._server = server

    def _copy(self, name: str, tree: schema.Tree) -> str:
        url = _migrated(self._server, name, tree)
        with _engine(url).begin() as connection:
            for table in reversed(METADATA[tree].sorted_tables):
                connection.execute(table.delete())
        return url


@functools.cache
def _migrated(server: DatabaseServer, name: str, tree: schema.Tree) -> str:
    url = server.create_database(name)
    store = api_store.connect(url)
    schema.upgrade(store.database.engine, tree)
    store.close()
    return url


@functools.cache
def _engine(url: str) -> sa.Engine:
    return sa.create_engine(url, poolclass=sa.NullPool)


class OnServer(base.StoreTest):
    """A test of the stores, moved to a server; statements are what its dialect makes them."""

    left_out: tuple[str, ...] = ()
    """The classes that say nothing about this server."""

    def server(self) -> DatabaseServer:
        """Return the server to test on."""
        raise NotImplementedError

    def make_databases(self) -> Databases:
        return self.useFixture(
            ServerDatabases(self.server(), *self.cell_names, announces=self.announces)
        )

    def limit(self, dialect: Any) -> None:
        """Leave it as it is."""


class OnMariaDB(OnServer):
    # Without UPDATE RETURNING, they are more.
    left_out = ("StatementsTest", "AnnouncedTest")

    def server(self) -> DatabaseServer:
        return shared.mariadb(self)


class OnPostgreSQL(OnServer):
    def server(self) -> DatabaseServer:
        return shared.postgresql(self)


def moved(where: type[OnServer], into: str) -> dict[str, Any]:
    """Return each class of the stores' tests as one of the module `into` that runs `where`.

    Those that imitate a server without RETURNING are left out: MariaDB is one.
    """
    made = (
        type(f"{prefix}{test.__name__}", (where, test), {"__module__": into})
        for prefix, test in _tests()
        if test.returning and test.__name__ not in where.left_out
    )
    return {test.__name__: test for test in made}


def _tests() -> Iterator[tuple[str, type[base.StoreTest]]]:
    """Yield them with their module's name, for two modules may have a class of one name."""
    for found in pkgutil.iter_modules(tests.unit.cells.__path__):
        if found.name.startswith("test_"):
            module = importlib.import_module(f"tests.unit.cells.{found.name}")
            for test in vars(module).values():
                is_test = isinstance(test, type) and issubclass(test, base.StoreTest)
                if is_test and test.__module__ == module.__name__:
                    yield found.name.removeprefix("test_").title().replace("_", ""), test
