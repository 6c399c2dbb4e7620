"""The cases of a whole cloud, moved to real servers."""

from __future__ import annotations

from tests.functional.cloud.subject import OnGround
from tests.functional.support.cloud import CloudSpec
from tests.integration.cloud.server_ground import ServerGround
from tests.integration.support import shared


class OnMariaDB(OnGround):
    """On RabbitMQ, MariaDB, and Placement over HTTP."""

    def make_ground(self, spec: CloudSpec) -> ServerGround:
        return ServerGround(self, shared.mariadb(self), spec)


class OnPostgreSQL(OnGround):
    """On RabbitMQ, PostgreSQL, and Placement over HTTP."""

    def make_ground(self, spec: CloudSpec) -> ServerGround:
        return ServerGround(self, shared.postgresql(self), spec)
