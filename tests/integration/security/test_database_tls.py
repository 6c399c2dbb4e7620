"""Our databases over TLS: what to write into `connection`."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import fixtures
import sqlalchemy as sa
import testtools

from tests.integration.support import shared
from tests.integration.support.certificates import Authority
from tests.integration.support.mariadb import MariaDB
from tests.integration.support.ports import LOOPBACK
from tests.integration.support.postgresql import PostgreSQL
from understudy.cells import engines, errors


class TlsMariaDB(MariaDB):
    programs: tuple[str, ...] = (*MariaDB.programs, "openssl")

    def prepare(self) -> None:
        super().prepare()
        self.authority = Authority(self.scratch)
        self._own = self.authority.issue("server", valid_for=f"IP:{LOOPBACK}")

    def command(self) -> list[str]:
        files = [f"--ssl-cert={self._own.certificate}", f"--ssl-key={self._own.key}"]
        return [*super().command(), *files]


class TlsPostgreSQL(PostgreSQL):
    programs: tuple[str, ...] = (*PostgreSQL.programs, "openssl")

    def prepare(self) -> None:
        super().prepare()
        self.authority = Authority(self.scratch)
        self._own = self.authority.issue("server", valid_for=f"IP:{LOOPBACK}")
        if self.user is not None:
            for file in (self._own.certificate, self._own.key):
                shutil.chown(file, self.user, self.user)

    def command(self) -> list[str]:
        files = [f"--ssl_cert_file={self._own.certificate}", f"--ssl_key_file={self._own.key}"]
        return [*super().command(), "--ssl=on", *files]


class DatabaseTlsTest(testtools.TestCase):
    def folder(self) -> Path:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return Path(folder.name)

    def ask(self, url: str, question: str) -> str:
        """Return what the server answers to a statement, over a connection of ours."""
        database = engines.Database(url)
        self.addCleanup(database.close)
        return database.read(lambda connection: str(connection.execute(sa.text(question)).one()))

    def check(self, url: str, trusting: Callable[[Path], str], ours: Path, question: str) -> None:
        self.assertIn("TLS", self.ask(url + trusting(ours), question))
        other = Authority(self.folder(), "other").file
        refused = self.assertRaises(
            errors.ApiDatabaseUnreachable, self.ask, url + trusting(other), question
        )
        self.assertIn("certificate verify failed", str(refused))
        self.assertNotIn("secret", str(refused))
        elsewhere = url.replace(f"@{LOOPBACK}", "@localhost")
        refused = self.assertRaises(
            errors.ApiDatabaseUnreachable, self.ask, elsewhere + trusting(ours), question
        )
        self.assertIn("localhost", str(refused))

    def test_mariadb(self) -> None:
        shared.require(self, TlsMariaDB)
        server = self.useFixture(TlsMariaDB())
        self.check(
            server.create_database("secured"),
            lambda file: f"?ssl_ca={file}",
            server.authority.file,
            "SHOW SESSION STATUS LIKE 'Ssl_version'",
        )

    def test_postgresql(self) -> None:
        shared.require(self, TlsPostgreSQL)
        server = self.useFixture(TlsPostgreSQL())
        self.check(
            server.create_database("secured"),
            lambda file: f"?sslmode=verify-full&sslrootcert={file}",
            server.authority.file,
            "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        )

    def test_mariadb_without_tls_is_sent_no_password(self) -> None:
        url = shared.database(self, shared.mariadb(self), "plain")
        refused = self.assertRaises(
            errors.ApiDatabaseUnreachable, self.ask, f"{url}?ssl=true", "SELECT 1"
        )
        self.assertIn("SSL", str(refused))

    def test_mariadb_and_the_systems_authorities(self) -> None:
        shared.require(self, TlsMariaDB)
        server = self.useFixture(TlsMariaDB())
        url = server.create_database("secured")
        question = "SHOW SESSION STATUS LIKE 'Ssl_version'"
        refused = self.assertRaises(
            errors.ApiDatabaseUnreachable, self.ask, f"{url}?ssl=true", question
        )
        self.assertIn("certificate verify failed", str(refused))
        with fixtures.EnvironmentVariable("SSL_CERT_FILE", str(server.authority.file)):
            self.assertIn("TLS", self.ask(f"{url}?ssl=true", question))

    def test_postgresql_without_tls_is_sent_no_password(self) -> None:
        url = shared.database(self, shared.postgresql(self), "plain")
        ours = Authority(self.folder()).file
        refused = self.assertRaises(
            errors.ApiDatabaseUnreachable, self.ask, f"{url}?sslrootcert={ours}", "SELECT 1"
        )
        self.assertIn("server does not support SSL", str(refused))
