"""A server that hangs is an error in bounded time, and is used again when it goes on."""

from __future__ import annotations

import sqlalchemy as sa
import testtools

from tests.integration.support import shared
from tests.integration.support.mariadb import MariaDB
from tests.integration.support.postgresql import PostgreSQL
from tests.integration.support.waiting import wait_until
from understudy.cells import engines, errors

IMPATIENT = engines.Limits(connect_timeout=1, answer_timeout=1)


class Hanging(testtools.TestCase):
    """What holds on each server; each kind below says how to have it do nothing."""

    server: MariaDB | PostgreSQL
    url: str
    sleep: str
    """A statement that takes far too long."""
    waiting: str
    """A statement that counts those of its user that run now."""

    def open(self) -> engines.Database:
        database = engines.Database(self.url, limits=IMPATIENT)
        self.addCleanup(database.close)
        return database

    def ask(self, database: engines.Database, statement: str = "SELECT 7") -> object:
        return database.read(lambda connection: connection.execute(sa.text(statement)).scalar())

    def check_a_server_that_hangs(self) -> None:
        known, new = self.open(), self.open()
        self.assertEqual(7, self.ask(known))
        with self.server.frozen():
            for database in (known, new):
                self.assertRaises(errors.ApiDatabaseUnreachable, self.ask, database)
        for database in (known, new):
            self.assertEqual(7, self.ask(database))

    def check_a_statement_that_takes_too_long(self) -> None:
        database, other = self.open(), self.open()
        self.assertRaises(errors.ApiDatabaseUnreachable, self.ask, database, self.sleep)
        self.assertEqual(7, self.ask(database))
        if self.waiting:
            wait_until(lambda: self.ask(other, self.waiting) == 0, "the end of the statement")


class MariaDBTest(Hanging):
    sleep = "SELECT SLEEP(600)"
    # It does not notice that nobody waits any more.
    waiting = ""

    def setUp(self) -> None:
        super().setUp()
        self.server = shared.mariadb(self)
        self.url = shared.database(self, self.server, "hanging")

    def test_a_server_that_hangs(self) -> None:
        self.check_a_server_that_hangs()

    def test_a_statement_that_takes_too_long(self) -> None:
        self.check_a_statement_that_takes_too_long()


class PostgreSQLTest(Hanging):
    sleep = "SELECT 7 FROM pg_sleep(600)"
    waiting = (
        "SELECT COUNT(*) FROM pg_stat_activity WHERE usename = current_user "
        "AND query LIKE '%pg_sleep%' AND state = 'active' AND pid <> pg_backend_pid()"
    )

    def setUp(self) -> None:
        super().setUp()
        self.server = shared.postgresql(self)
        self.url = shared.database(self, self.server, "hanging")

    def test_a_server_that_hangs(self) -> None:
        self.check_a_server_that_hangs()

    def test_a_statement_that_takes_too_long(self) -> None:
        self.check_a_statement_that_takes_too_long()
