"""What the devstack plugin does to database servers, done to real ones: each to his own."""

from __future__ import annotations

import sqlalchemy as sa
import testtools

from tests.integration.support import shared
from tests.integration.support.mariadb import MariaDB
from tests.integration.support.postgresql import PostgreSQL
from tests.unit.devstack.stack import Devstack

OWNERS = ("api", "cell1", "cell2")
FILES = ("super.conf", "cell1/conductor.conf", "cell2/conductor.conf")


class DevstackAccountsTest(testtools.TestCase):
    def check(self, server: MariaDB | PostgreSQL, *localrc: str) -> None:
        """Run the plugin's statements on the server, then let each owner try each database."""
        stack = self.useFixture(Devstack('UNDERSTUDY_CELLS="cell1 cell2"', *localrc))
        done = stack.stack()
        self.assertEqual(0, done.returncode, done.stderr)
        names = [f"understudy_{owner}" for owner in OWNERS]
        self.assertEqual(names, stack.calls("recreate_database"))
        for name in names:
            self.addCleanup(server.drop_database, f"/{name}")
            server.execute(f"CREATE DATABASE {name}")
        server.execute(*self.statements(stack))
        urls = [self.url(stack, file, server.port) for file in FILES]
        for mine in urls:
            opened = [url.database for url in urls if self.opens(mine, url.database)]
            self.assertEqual([mine.database], opened)

    def statements(self, stack: Devstack) -> list[str]:
        calls = [call.partition(" -e ") for call in stack.calls("mysql")]
        calls += [call.partition(" -c ") for call in stack.calls("psql")]
        return [statement for _, _, statement in calls]

    def url(self, stack: Devstack, file: str, port: int) -> sa.URL:
        """Return where this file's database is, but for the port."""
        written = stack.read(file)
        group = "api_database" if "api_database" in written else "cell_database"
        url = sa.make_url(written[group]["connection"]).set(port=port, query={})
        return url.set(drivername="postgresql+psycopg2") if "post" in url.drivername else url

    def opens(self, mine: sa.URL, database: str | None) -> bool:
        engine = sa.create_engine(mine.set(database=database), poolclass=sa.NullPool)
        try:
            with engine.connect():
                return True
        except sa.exc.OperationalError as error:
            self.assertIn("denied", str(error))
            return False

    def test_mariadb(self) -> None:
        self.check(shared.mariadb(self))

    def test_postgresql(self) -> None:
        self.check(shared.postgresql(self), "DATABASE_TYPE=postgresql")
