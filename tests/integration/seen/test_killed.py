"""The death of a publisher, with the outbox on either database server."""

from __future__ import annotations

from tests.integration.cells.subject import OnMariaDB, OnPostgreSQL
from tests.integration.seen import killed


class KilledOnMariaDBTest(OnMariaDB, killed.Killed):
    pass


class KilledOnPostgreSQLTest(OnPostgreSQL, killed.Killed):
    pass
