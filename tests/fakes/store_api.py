"""Placement's API for allocations on the fake store, below the real claims.

For tests of how the real claims write: fast, and every write is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fakes.ledger_store import BadRequest, Concurrent, NoRoom, Store, Write
from understudy.ledger import api
from understudy.ledger.protocols import Owner


class StoreApi:
    """`api.PlacementApi`, as far as claims use it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.written: list[list[str]] = []
        """The consumers of each write that was sent."""
        self.lost: set[int] = set()
        """Which writes, counted from 1, never arrive."""
        self.before: dict[int, Callable[[], None]] = {}
        """What somebody else does right before a write."""

    def get(self, path: str, query: api.Query = ()) -> dict[str, Any]:
        held = self.store.held(path.rpartition("/")[2])
        if held.owner is None:
            return {"allocations": {}}
        return {
            "allocations": {
                provider: {"resources": dict(part), "generation": 1}
                for provider, part in held.allocations.items()
            },
            "consumer_generation": held.generation,
            "project_id": held.owner.project_id,
            "user_id": held.owner.user_id,
            "consumer_type": held.owner.consumer_type,
        }

    def write(self, method: str, path: str, body: dict[str, Any] | None = None) -> api.Outcome:
        body = body or {}
        bodies = body if method == "POST" else {path.rpartition("/")[2]: body}
        self.written.append(list(bodies))
        self.before.get(len(self.written), lambda: None)()
        if len(self.written) in self.lost:
            return api.Lost("planned")
        try:
            self.store.apply([_write(consumer, one) for consumer, one in bodies.items()])
        except NoRoom as error:
            return api.Conflict(api.NO_ROOM, str(error))
        except Concurrent as error:
            return api.Conflict(api.CONCURRENT_UPDATE, str(error))
        except BadRequest as error:
            return api.Refused(400, str(error))
        return api.Done({})


def _write(consumer: str, body: dict[str, Any]) -> Write:
    return Write(
        consumer,
        Owner(body["project_id"], body["user_id"], body["consumer_type"]),
        {provider: part["resources"] for provider, part in body["allocations"].items()},
        body["consumer_generation"],
    )
