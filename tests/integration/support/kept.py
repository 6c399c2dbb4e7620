"""Something small that a test leaves in a server, and looks for later."""

# kombu annotates itself in part only.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from typing import Protocol

import requests
import sqlalchemy as sa
from kombu import connection, entity

SEVEN = 7


class Kept(Protocol):
    """Written when it was made."""

    def read(self) -> object:
        """Return what the server gives back now: SEVEN, if it kept it."""


class Row:
    """A row in a database."""

    def __init__(self, url: str) -> None:
        """Write it to the database at `url`."""
        self._engine = sa.create_engine(url, poolclass=sa.NullPool)
        with self._engine.begin() as database:
            database.execute(sa.text("CREATE TABLE kept (number INTEGER)"))
            database.execute(sa.text(f"INSERT INTO kept VALUES ({SEVEN})"))

    def read(self) -> object:
        with self._engine.connect() as database:
            return database.execute(sa.text("SELECT number FROM kept")).scalar_one()


class Message:
    """A message in a quorum queue, which is gone once it was read."""

    def __init__(self, url: str) -> None:
        """Send it to the vhost at `url`, a transport URL."""
        self._url = url.replace("rabbit://", "amqp://")
        with connection.Connection(
            self._url, transport_options={"confirm_publish": True}
        ) as broker:
            self._queue(broker).declare()
            broker.Producer().publish(SEVEN, routing_key="kept", delivery_mode="persistent")

    def read(self) -> object:
        with connection.Connection(self._url) as broker:
            message = self._queue(broker).get(no_ack=True)
            return None if message is None else message.payload

    def _queue(self, broker: connection.Connection) -> entity.Queue:
        arguments = {"x-queue-type": "quorum"}
        return entity.Queue("kept", channel=broker.channel(), queue_arguments=arguments)


class Provider:
    """A resource provider."""

    def __init__(self, url: str) -> None:
        """Create it in the Placement at `url`."""
        self._url = f"{url}/resource_providers"
        body = {"name": str(SEVEN)}
        requests.post(self._url, json=body, headers=_ADMIN, timeout=30).raise_for_status()

    def read(self) -> object:
        found = requests.get(self._url, headers=_ADMIN, timeout=30)
        return int(found.json()["resource_providers"][0]["name"])


_ADMIN = {"X-Auth-Token": "admin", "OpenStack-API-Version": "placement 1.39"}
