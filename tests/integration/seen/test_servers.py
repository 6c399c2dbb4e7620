"""What listeners hear through RabbitMQ, with the outbox on either database server."""

from __future__ import annotations

from tests.functional.seen import notifications
from tests.integration.cloud.subject import OnMariaDB, OnPostgreSQL


class NotificationsOnMariaDBTest(OnMariaDB, notifications.Notifications):
    pass


class NotificationsOnPostgreSQLTest(OnPostgreSQL, notifications.Notifications):
    pass
