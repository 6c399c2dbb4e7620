"""The revisions on servers, where tables are changed while others use them."""

from __future__ import annotations

import sqlalchemy as sa

from tests.integration.cells.subject import DatabaseServer
from tests.integration.support import shared
from tests.unit.cells import test_revisions
from understudy.cells import errors, schema
from understudy.cells.engines import Limits

IMPATIENT = Limits(answer_timeout=1)


class OnServer(test_revisions.RevisionsTest):
    """What holds on SQLite, and what only a server can show."""

    kept: str
    """A statement that keeps a table from being changed, for as long as its transaction lasts."""

    def server(self) -> DatabaseServer:
        raise NotImplementedError

    def make_database(self) -> str:
        return shared.database(self, self.server(), "revisions")

    def test_a_table_in_use_is_given_up_before_others_wait_for_long(self) -> None:
        url = self.make_database()
        schema.upgrade(self.open(url).engine, schema.Tree.CELL)
        tomorrow = self.tomorrow(schema.Tree.CELL)
        engine = self.open(url).engine
        with self.open(url).engine.begin() as user:
            user.execute(sa.text(self.kept))
            busy = self.assertRaises(
                errors.SchemaBusy, schema.migrate, engine, tomorrow, lock_timeout=1
            )
        self.assertEqual((schema.newest(schema.Tree.CELL), 1), busy.args)
        schema.migrate(engine, tomorrow)
        self.assertEqual("tomorrow", schema.version(engine))


class MariaDBTest(OnServer):
    kept = "SELECT COUNT(*) FROM services"

    def server(self) -> DatabaseServer:
        return shared.mariadb(self)

    def test_a_revision_may_take_longer_than_a_statement_of_a_service(self) -> None:
        patient = self.open(self.make_database(), IMPATIENT).patient()
        self.addCleanup(patient.close)
        patient.read(lambda connection: connection.execute(sa.text("SELECT SLEEP(2)")).all())


class PostgreSQLTest(OnServer):
    kept = "SELECT COUNT(*) FROM services"

    def server(self) -> DatabaseServer:
        return shared.postgresql(self)


# It holds its tests for the classes above.
del OnServer
