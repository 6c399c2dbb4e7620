"""Placement 16 as operators run it: WSGI workers over HTTP, on MariaDB."""

from __future__ import annotations

import sys
from pathlib import Path

import requests
import sqlalchemy as sa

from tests.integration.support.mariadb import MariaDB
from tests.integration.support.ports import LOOPBACK, free_port
from tests.integration.support.server import Server

# Its own second try, in the same transaction as the first, takes what the first one wrote for
# usage from before: with the default of 10 tries, claims that race for a host overfill it.
_CONFIGURATION = """\
[DEFAULT]
use_stderr = true

[placement]
allocation_conflict_retry_count = 1

[api]
auth_strategy = noauth2

[placement_database]
connection = {database}
"""

# Each worker writes the standard names down as it starts, and never again.
_KEPT_WHERE_STANDARD = {"resource_classes", "traits"}
_KEPT = {"alembic_version"}


class Placement(Server):
    """Serve at `url`; `wipe` makes it as new."""

    programs = (sys.executable,)
    workers = 2

    def __init__(self, mariadb: MariaDB) -> None:
        """Keep its records in a database of its own on `mariadb`."""
        super().__init__()
        self.mariadb = mariadb

    def prepare(self) -> None:
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.database = self.mariadb.create_database("placement")
        (self.scratch / "placement.conf").write_text(_CONFIGURATION.format(database=self.database))
        self.run(
            str(Path(sys.executable).with_name("placement-manage")),
            f"--config-file={self.scratch / 'placement.conf'}",
            "db",
            "sync",
        )
        self._engine = sa.create_engine(self.database, poolclass=sa.NullPool)

    def command(self) -> list[str]:
        return [
            sys.executable,
            "-m",
            "gunicorn",
            f"--bind={LOOPBACK}:{self.port}",
            f"--workers={self.workers}",
            "--worker-class=gthread",
            "--threads=4",
            "--no-control-socket",
            "--graceful-timeout=5",
            "placement.wsgi.api:application",
        ]

    def environment(self) -> dict[str, str]:
        return {"OS_PLACEMENT_CONFIG_DIR": str(self.scratch)}

    def answers(self) -> bool:
        try:
            # It writes the standard traits and resource classes down as it starts.
            return requests.get(self.url, timeout=5).ok
        except requests.RequestException:
            return False

    def wipe(self) -> None:
        """Forget all but the standard names; no request may be under way."""
        with self._engine.begin() as connection:
            tables = set(sa.inspect(connection).get_table_names()) - _KEPT
            connection.exec_driver_sql("SET SESSION foreign_key_checks = 0")
            for table in sorted(tables):
                custom = "WHERE LEFT(name, 7) = 'CUSTOM_'" if table in _KEPT_WHERE_STANDARD else ""
                connection.exec_driver_sql(f"DELETE FROM `{table}` {custom}")
