"""What a transaction costs on the wire, counted, and that nobody notices a restart."""

from __future__ import annotations

import functools

import fixtures
import sqlalchemy as sa
import testtools
from pymysql.connections import Connection

from tests.integration.support import shared
from tests.integration.support.mariadb import MariaDB
from tests.integration.support.postgresql import PostgreSQL
from understudy.cells import engines, errors, pooling

QUIT, QUERY, PING = 0x01, 0x03, 0x0E
"""Commands of MariaDB's protocol; each is a round trip."""


class RoundTripsTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        server = shared.mariadb(self)
        self.database = engines.Database(shared.database(self, server, "counted"))
        self.addCleanup(self.database.close)
        self.sent: list[str] = []
        send = Connection._execute_command

        def count(connection: Connection, command: int, sql: str | bytes) -> None:
            text = sql.decode() if isinstance(sql, bytes) else sql
            self.sent.append({QUIT: "quit", PING: "ping"}.get(command, text))
            send(connection, command, sql)

        self.useFixture(
            fixtures.MonkeyPatch("pymysql.connections.Connection._execute_command", count)
        )
        self.write("CREATE TABLE counted (number INT)")
        self.read("SELECT 1")
        self.sent.clear()

    def read(self, *statements: str) -> None:
        self.database.read(lambda connection: _execute(connection, statements))

    def write(self, *statements: str) -> None:
        self.database.write(lambda connection: _execute(connection, statements))

    def test_a_read_is_its_statements(self) -> None:
        self.read("SELECT 1")
        self.read("SELECT 2", "SELECT 3")
        self.assertEqual(["SELECT 1", "SELECT 2", "SELECT 3"], self.sent)

    def test_a_write_is_its_statements_and_a_commit(self) -> None:
        self.write("INSERT INTO counted VALUES (1)")
        self.assertEqual(["INSERT INTO counted VALUES (1)", "COMMIT"], self.sent)

    def test_what_fails_is_rolled_back_once(self) -> None:
        def fail(connection: sa.Connection) -> None:
            _execute(connection, ["INSERT INTO counted VALUES (2)"])
            raise ValueError

        self.assertRaises(ValueError, self.database.write, fail)
        self.assertEqual(["INSERT INTO counted VALUES (2)", "ROLLBACK"], self.sent)
        self.assertEqual(0, self.database.read(_count))

    def test_nothing_is_left_open_by_a_write_that_only_read(self) -> None:
        self.write("SELECT number FROM counted")
        self.write("ALTER TABLE counted ADD COLUMN other INT")
        self.assertEqual("COMMIT", self.sent[1])

    def test_who_idled_is_asked_whether_it_lives(self) -> None:
        self.useFixture(fixtures.MonkeyPatch("understudy.cells.pooling.IDLE", -1.0))
        self.read("SELECT 1")
        self.write("SELECT 2")
        self.assertEqual(["ping", "SELECT 1", "ping", "SELECT 2", "COMMIT"], self.sent)
        self.assertEqual(-1.0, pooling.IDLE)

    def test_reads_see_what_was_committed_between_them(self) -> None:
        def look(connection: sa.Connection) -> list[int]:
            before = _count(connection)
            self.write("INSERT INTO counted VALUES (3)")
            return [before, _count(connection)]

        self.assertEqual([0, 1], self.database.read(look))


class Restarting(testtools.TestCase):
    """Connections that lay in the pool while the server was restarted."""

    server: MariaDB | PostgreSQL

    def check(self, server: MariaDB | PostgreSQL) -> None:
        self.useFixture(server)
        database = engines.Database(server.create_database("restarted"))
        self.addCleanup(database.close)
        database.write(lambda connection: _execute(connection, ["CREATE TABLE counted (n INT)"]))
        for number in range(3):
            self.assertEqual(number, database.read(_count))
            server.restart()
            insert = functools.partial(
                _execute, statements=[f"INSERT INTO counted VALUES ({number})"]
            )
            database.write(insert)
        server.stop()
        self.assertRaises(errors.ApiDatabaseUnreachable, database.read, _count)
        self.assertRaises(errors.ApiDatabaseUnreachable, database.write, _count)
        server.start()
        self.assertEqual(3, database.read(_count))

    def test_mariadb(self) -> None:
        self.check(MariaDB())

    def test_postgresql(self) -> None:
        self.check(PostgreSQL())

    def test_a_commit_that_nobody_answered_is_not_repeated(self) -> None:
        server = shared.mariadb(self)
        database = engines.Database(shared.database(self, server, "cut"))
        self.addCleanup(database.close)
        database.write(lambda connection: _execute(connection, ["CREATE TABLE counted (n INT)"]))
        send, commits = Connection.commit, [0]

        def commit_and_lose(connection: Connection) -> None:
            commits[0] += 1
            send(connection)
            connection._force_close()
            connection.ping(reconnect=False)

        with fixtures.MonkeyPatch("pymysql.connections.Connection.commit", commit_and_lose):
            self.assertRaises(
                errors.ApiDatabaseUnreachable,
                database.write,
                lambda connection: _execute(connection, ["INSERT INTO counted VALUES (1)"]),
            )
        self.assertEqual(1, commits[0])
        self.assertEqual(1, database.read(_count))


def _execute(connection: sa.Connection, statements: list[str] | tuple[str, ...]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)


def _count(connection: sa.Connection) -> int:
    return int(connection.exec_driver_sql("SELECT COUNT(*) FROM counted").scalar_one())
