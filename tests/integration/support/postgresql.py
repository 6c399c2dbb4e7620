"""A PostgreSQL of the tests' own, with a role for each database."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import psycopg2

from tests.integration.support.ports import LOOPBACK, free_port
from tests.integration.support.server import Server

PASSWORD = "secret"


class PostgreSQL(Server):
    """Create databases with `create_database`; it never runs as root."""

    programs: tuple[str, ...] = ("initdb", "postgres")
    # Debian keeps each version's programs apart; the newest first.
    folders = tuple(
        str(folder)
        for folder in sorted(
            Path("/usr/lib/postgresql").glob("*/bin"),
            key=lambda folder: float(folder.parent.name),
            reverse=True,
        )
    )
    user = "postgres" if os.geteuid() == 0 else None
    # At SIGTERM it would wait for its clients to go.
    stopped_by = signal.SIGINT

    def prepare(self) -> None:
        self.port = free_port()
        self._numbers = itertools.count(1)
        self._home = self.scratch / "postgresql"
        self._home.mkdir(mode=0o700)
        if self.user is not None:
            # It must get to what is its own in there.
            self.scratch.chmod(0o711)
            shutil.chown(self._home, self.user, self.user)
        self.run(
            self.find("initdb") or "",
            f"--pgdata={self._home / 'cluster'}",
            "--username=postgres",
            # Whoever gets into the folder of the socket is us.
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        )

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": LOOPBACK,
            "port": self.port,
            "unix_socket_directories": self._home,
            "max_connections": 200,
            # A killed server loses nothing by this, only a machine without power does.
            "fsync": "off",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [self.find("postgres") or "", "-D", str(self._home / "cluster"), *options]

    def answers(self) -> bool:
        try:
            self._as_superuser("SELECT 1")
        except psycopg2.OperationalError:
            return False
        return True

    def create_database(self, name: str) -> str:
        """Return the URL of a new, empty database, as the role that owns it and no other."""
        unique = f"{name}_{next(self._numbers)}"
        self._as_superuser(
            f"CREATE ROLE {unique} LOGIN PASSWORD '{PASSWORD}'",
            f"CREATE DATABASE {unique} OWNER {unique}",
            f"REVOKE CONNECT ON DATABASE {unique} FROM PUBLIC",
        )
        return f"postgresql+psycopg2://{unique}:{PASSWORD}@{LOOPBACK}:{self.port}/{unique}"

    def execute(self, *statements: str) -> None:
        """Run statements as the server's superuser."""
        self._as_superuser(*statements)

    def drop_database(self, url: str) -> None:
        """Drop what `create_database` made, whoever is connected to it."""
        unique = url.rpartition("/")[2]
        self._as_superuser(
            f"DROP DATABASE IF EXISTS {unique} WITH (FORCE)", f"DROP ROLE IF EXISTS {unique}"
        )

    def _as_superuser(self, *statements: str) -> None:
        connection: Any = psycopg2.connect(
            host=str(self._home), port=self.port, user="postgres", dbname="postgres"
        )
        try:
            # Databases are created and dropped outside of transactions.
            connection.autocommit = True
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        finally:
            connection.close()
