"""Watch Placement's own tables: does a consumer ever hold claims on two hosts?"""

from __future__ import annotations

import contextlib
import threading

import sqlalchemy as sa
from sqlalchemy import exc

EVERY = 0.5
_ON_TWO = sa.text(
    "SELECT consumer_id, COUNT(DISTINCT resource_provider_id) AS hosts FROM allocations"
    " GROUP BY consumer_id HAVING hosts > 1"
)
_OF_ONE = sa.text(
    "SELECT provider.name, held.used FROM allocations held"
    " JOIN resource_providers provider ON provider.id = held.resource_provider_id"
    " WHERE held.consumer_id = :consumer"
)


class ClaimWatch:
    """Looks every half second, for as long as the database answers."""

    def __init__(self, url: str) -> None:
        """Read the Placement database at `url`."""
        self._engine = sa.create_engine(url, poolclass=sa.NullPool)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.doubled: set[str] = set()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after one more look."""
        self._ended.set()
        self._thread.join()
        self._look()

    def held_by(self, consumer: str) -> list[str]:
        """Return what an instance holds now, in words."""
        with self._engine.connect() as database:
            found = database.execute(_OF_ONE, {"consumer": consumer}).all()
        return [f"{used} on {host}" for host, used in found]

    def _watch(self) -> None:
        while not self._ended.wait(EVERY):
            # It is restarted now and then.
            with contextlib.suppress(exc.OperationalError):
                self._look()

    def _look(self) -> None:
        with self._engine.connect() as database:
            self.doubled.update(consumer for consumer, _ in database.execute(_ON_TWO))
