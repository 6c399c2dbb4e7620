"""A MariaDB of the tests' own, with a user for each database."""

from __future__ import annotations

import getpass
import itertools

import pymysql

from tests.integration.support.ports import LOOPBACK, free_port
from tests.integration.support.server import Server

PASSWORD = "secret"


class MariaDB(Server):
    """Create databases with `create_database`; root gets in by the socket alone."""

    programs: tuple[str, ...] = ("mariadbd", "mariadb-install-db")
    folders = ("/usr/sbin", "/usr/libexec")

    def prepare(self) -> None:
        self.port = free_port()
        self.socket = str(self.scratch / "mariadb.sock")
        self._numbers = itertools.count(1)
        self.run(
            self.find("mariadb-install-db") or "",
            *self._common(),
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
        )

    def command(self) -> list[str]:
        return [
            self.find("mariadbd") or "",
            *self._common(),
            f"--socket={self.socket}",
            f"--bind-address={LOOPBACK}",
            f"--port={self.port}",
            f"--pid-file={self.scratch / 'mariadb.pid'}",
            "--skip-name-resolve",
            "--max-connections=500",
            "--character-set-server=utf8mb4",
            # A killed server loses nothing by this, only a machine without power does.
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=32M",
            "--performance-schema=OFF",
        ]

    def answers(self) -> bool:
        try:
            self._as_root("SELECT 1")
        except pymysql.MySQLError:
            return False
        return True

    def create_database(self, name: str) -> str:
        """Return the URL of a new, empty database, as the user that owns it and no other."""
        unique = f"{name}_{next(self._numbers)}"
        self._as_root(
            f"CREATE DATABASE `{unique}` CHARACTER SET utf8mb4",
            f"CREATE USER `{unique}`@`{LOOPBACK}` IDENTIFIED BY '{PASSWORD}'",
            f"GRANT ALL ON `{unique}`.* TO `{unique}`@`{LOOPBACK}`",
        )
        return f"mysql+pymysql://{unique}:{PASSWORD}@{LOOPBACK}:{self.port}/{unique}"

    def execute(self, *statements: str) -> None:
        """Run statements as the server's root."""
        self._as_root(*statements)

    def drop_database(self, url: str) -> None:
        """Drop what `create_database` made, whoever is connected to it."""
        unique = url.rpartition("/")[2]
        connected = self._as_root(
            f"SELECT id FROM information_schema.processlist WHERE user = '{unique}'"
        )
        self._as_root(
            *(f"KILL {process}" for (process,) in connected),
            f"DROP USER IF EXISTS `{unique}`@`{LOOPBACK}`",
            f"DROP DATABASE IF EXISTS `{unique}`",
        )

    def _common(self) -> list[str]:
        # The user is ourselves: as root it would be another one, who may not read our folder.
        return [
            "--no-defaults",
            f"--datadir={self.scratch / 'mariadb'}",
            f"--tmpdir={self.scratch}",
            f"--user={getpass.getuser()}",
        ]

    def _as_root(self, *statements: str) -> list[tuple[int, ...]]:
        """Return the rows of the last statement."""
        connection = pymysql.connect(unix_socket=self.socket, user="root", connect_timeout=5)
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return list(cursor.fetchall())
        finally:
            connection.close()
