"""The stores on a database server, and every test of theirs to run there."""

from __future__ import annotations

import functools
from typing import Any

import sqlalchemy as sa

from tests.functional.support.databases import Databases
from tests.integration.support import shared
from tests.integration.support.mariadb import MariaDB
from tests.integration.support.postgresql import PostgreSQL
from tests.unit.cells import moved
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
    url = _plain(server.create_database(name))
    store = api_store.connect(url)
    schema.upgrade(store.database.engine, tree)
    store.close()
    return url


def _plain(url: str) -> str:
    """Return the URL for connections that never have TLS.

    For each that may, PyMySQL reads all certificates of the system, in 25 ms.
    """
    known = sa.make_url(url)
    if known.get_backend_name() == "mysql":
        known = known.update_query_dict({"ssl_disabled": "true"})
    return known.render_as_string(hide_password=False)


@functools.cache
def _engine(url: str) -> sa.Engine:
    return sa.create_engine(url, poolclass=sa.NullPool)


class OnServer(moved.Elsewhere):
    """A test of the stores, moved to a server; statements are what its dialect makes them."""

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
