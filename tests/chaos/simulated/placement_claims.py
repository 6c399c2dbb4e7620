"""The simulated Placement's allocations: read, written one consumer at a time or many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.chaos.simulated.placement_answers import Answer, Fault, Request
from tests.fakes.ledger_store import (
    Allocations,
    BadRequest,
    Concurrent,
    Consumer,
    NoRoom,
    Store,
    Write,
)
from understudy.ledger.protocols import Owner

CONCURRENT = "placement.concurrent_update"
REQUIRED = ("allocations", "project_id", "user_id", "consumer_type", "consumer_generation")

Written = Mapping[str, Allocations]
"""What each consumer of one write holds from then on."""


class SimulatedClaims:
    """Everything below /allocations."""

    def __init__(
        self, store: Store, classes: set[str], on_write: Callable[[Written], None]
    ) -> None:
        """Tell `on_write` what each write that is applied gives to whom."""
        self._store = store
        self._classes = classes
        self._on_write = on_write

    def show(self, request: Request) -> Answer:
        """GET /allocations/{consumer}; one that was left empty looks like none."""
        consumer = self._store.consumers.get(request.path[1])
        if consumer is None or not consumer.allocations:
            return Answer.ok({"allocations": {}})
        return Answer.ok(
            {
                "allocations": {
                    uuid: {
                        "generation": self._store.providers[uuid].generation,
                        "resources": dict(amounts),
                    }
                    for uuid, amounts in consumer.allocations.items()
                },
                "project_id": consumer.owner.project_id,
                "user_id": consumer.owner.user_id,
                "consumer_type": consumer.owner.consumer_type,
                "consumer_generation": consumer.generation,
            }
        )

    def put(self, request: Request) -> Answer:
        """PUT /allocations/{consumer}."""
        return self._write(self._writes(request))

    def post(self, request: Request) -> Answer:
        """POST /allocations: all or nothing."""
        return self._write(self._writes(request))

    def delete(self, request: Request) -> Answer:
        """DELETE /allocations/{consumer}, which asks for no generation."""
        consumer = self._store.consumers.get(request.path[1])
        if consumer is None or not consumer.allocations:
            raise Fault(404, f"no allocations of {request.path[1]}")
        for uuid, amounts in consumer.allocations.items():
            self._store.providers[uuid].take(amounts, -1)
        del self._store.consumers[request.path[1]]
        self._on_write({request.path[1]: {}})
        return Answer.done()

    def tear(self, request: Request) -> None:
        """Create the consumers of a write, as Placement does before it fills them."""
        if request.path[0] != "allocations" or request.method not in {"PUT", "POST"}:
            return
        for write in self._writes(request):
            if write.generation is None and write.consumer not in self._store.consumers:
                self._store.consumers[write.consumer] = Consumer(write.owner)

    def _writes(self, request: Request) -> list[Write]:
        if request.method == "PUT":
            return [_write(request.path[1], request.body)]
        return [_write(consumer, body) for consumer, body in request.body.items()]

    def _write(self, writes: Sequence[Write]) -> Answer:
        try:
            self._check_classes(writes)
            self._store.apply(writes)
        except BadRequest as error:
            raise Fault(400, str(error)) from error
        except NoRoom as error:
            raise Fault(409, str(error)) from error
        except Concurrent as error:
            raise Fault(409, str(error), CONCURRENT) from error
        self._on_write({write.consumer: write.allocations for write in writes})
        return Answer.done()

    def _check_classes(self, writes: Sequence[Write]) -> None:
        asked = {name for write in writes for part in write.allocations.values() for name in part}
        if not asked <= self._classes:
            raise BadRequest(f"no resource class {sorted(asked - self._classes)}")


def _write(consumer: str, body: Mapping[str, Any]) -> Write:
    missing = [field for field in REQUIRED if field not in body]
    if missing:
        raise Fault(400, f"{missing} are required")
    owner = Owner(body["project_id"], body["user_id"], body["consumer_type"])
    allocations = {uuid: dict(part["resources"]) for uuid, part in body["allocations"].items()}
    return Write(consumer, owner, allocations, body["consumer_generation"])
