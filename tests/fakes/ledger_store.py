"""What the fake ledger holds, and the rules under which one write is applied.

The rules are Placement's, quirks included: a write is all or nothing, a
consumer is deleted as it is emptied, and a write that names an unknown provider
leaves its new consumers behind at generation 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.fakes import ledger_providers
from understudy.ledger.protocols import HeldClaim, Owner

Allocations = dict[str, dict[str, int]]


class NoRoom(Exception):
    """409 placement.undefined_code."""


class Concurrent(Exception):
    """409 placement.concurrent_update."""


class BadRequest(Exception):
    """400."""


@dataclass
class Consumer:
    """Who holds something, or was left behind holding nothing."""

    owner: Owner
    generation: int = 0
    allocations: Allocations = field(default_factory=dict)


@dataclass(frozen=True)
class Write:
    """What one consumer is to hold from now on."""

    consumer: str
    owner: Owner
    allocations: Allocations
    generation: int | None


class Store:
    """Providers and consumers."""

    def __init__(self) -> None:
        self.providers: ledger_providers.Providers = {}
        self.consumers: dict[str, Consumer] = {}

    def held(self, consumer: str) -> HeldClaim:
        """Return what a GET shows: nothing at all of a consumer that was left behind."""
        found = self.consumers.get(consumer)
        if found is None or not found.allocations:
            return HeldClaim(consumer, {}, None, None)
        return HeldClaim(consumer, found.allocations, found.generation, found.owner)

    def apply(self, writes: Sequence[Write]) -> None:
        """Apply all of these writes or none. Raises NoRoom, Concurrent, BadRequest."""
        for write in writes:
            found = self.consumers.get(write.consumer)
            if write.generation != (None if found is None else found.generation):
                raise Concurrent(write.consumer)
        for write in writes:
            for provider in write.allocations:
                if provider not in self.providers:
                    self._leave_behind(writes)
                    raise BadRequest(f"no provider {provider}")
        self._check_room(writes)
        for write in writes:
            self._replace(write)

    def _leave_behind(self, writes: Sequence[Write]) -> None:
        for write in writes:
            self.consumers.setdefault(write.consumer, Consumer(write.owner))

    def _check_room(self, writes: Sequence[Write]) -> None:
        """Count what the writers hold now as free, then add up what they want."""
        change: dict[tuple[str, str], int] = {}
        wanted: set[tuple[str, str]] = set()
        for write in writes:
            found = self.consumers.get(write.consumer)
            for sign, allocations in (
                (-1, found.allocations if found else {}),
                (1, write.allocations),
            ):
                for provider, resources in allocations.items():
                    for name, amount in resources.items():
                        key = provider, name
                        change[key] = change.get(key, 0) + sign * amount
                        if sign > 0:
                            wanted.add(key)
                            if not self.providers[provider].allows(name, amount):
                                raise NoRoom(f"{amount} {name} on {provider}")
        for provider, name in wanted:
            more = change[provider, name]
            if more > 0 and not self.providers[provider].has_left(name, more):
                raise NoRoom(f"{name} on {provider}")

    def _replace(self, write: Write) -> None:
        consumer = self.consumers.setdefault(write.consumer, Consumer(write.owner))
        for provider, resources in consumer.allocations.items():
            self.providers[provider].take(resources, -1)
        for provider, resources in write.allocations.items():
            self.providers[provider].take(resources)
        for provider in write.allocations or consumer.allocations:
            self.providers[provider].generation += 1
        if not write.allocations:
            if consumer.allocations:
                del self.consumers[write.consumer]
            return
        consumer.allocations = {
            provider: dict(resources) for provider, resources in write.allocations.items()
        }
        consumer.owner = write.owner
        consumer.generation += 1
