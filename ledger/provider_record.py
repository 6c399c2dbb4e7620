"""One provider as Placement has it, and the writes that make it what it should be.

Each write carries the provider's generation and learns the next one from the
answer; what is as it should be is not written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

from understudy.ledger import api, errors
from understudy.ledger.candidate_query import DISABLED
from understudy.objects.host import Provider

_DEFAULTS: Final[dict[str, float]] = {
    "reserved": 0,
    "min_unit": 1,
    "max_unit": 2**31 - 1,
    "step_size": 1,
    "allocation_ratio": 1.0,
}

INVENTORIES: Final = "inventories"
TRAITS: Final = "traits"
AGGREGATES: Final = "aggregates"

Inventories = dict[str, dict[str, float]]


class Contended(Exception):
    """The provider changed meanwhile, or the answer was lost: read it and start again."""


class ProviderRecord:
    """What Placement has of one provider, at one generation.

    `on_write` is told of each part that was written, or may be.
    """

    def __init__(
        self,
        placement: api.PlacementApi,
        uuid: str,
        generation: int,
        on_write: Callable[[str], None] = lambda part: None,
    ) -> None:
        """Start as a provider that was just created: with nothing."""
        self._api = placement
        self._path = f"/resource_providers/{uuid}"
        self._generation = generation
        self._on_write = on_write
        self.inventories: Inventories = {}
        self.traits: frozenset[str] = frozenset()
        self.aggregates: frozenset[str] = frozenset()

    def read(self) -> None:
        """Read what it has. The generation stays: a change since then is to be noticed."""
        self.inventories = self._api.get(f"{self._path}/{INVENTORIES}")[INVENTORIES]
        self.read_traits()
        self.aggregates = frozenset(self._api.get(f"{self._path}/{AGGREGATES}")[AGGREGATES])

    def read_traits(self) -> None:
        """Read its traits only."""
        self.traits = frozenset(self._api.get(f"{self._path}/{TRAITS}")[TRAITS])

    def put(self, wanted: Provider, more_traits: Collection[str] = ()) -> None:
        """Write what differs. Raises Contended, LedgerRefused, LedgerUnavailable.

        It is to have `more_traits` too; whether it takes new instances is left as it is.
        """
        self.put_inventories(wanted.inventories)
        self.put_traits({*wanted.traits, *more_traits} - {DISABLED} | (self.traits & {DISABLED}))
        self.put_aggregates(wanted.aggregates)

    def put_inventories(self, inventories: Inventories) -> None:
        """Write these inventories if they differ."""
        wanted = {name: _complete(part) for name, part in inventories.items()}
        if wanted != {name: _complete(part) for name, part in self.inventories.items()}:
            self._put(INVENTORIES, wanted)

    def put_aggregates(self, aggregates: Collection[str]) -> None:
        """Write these aggregates if they differ."""
        if set(aggregates) != self.aggregates:
            self._put(AGGREGATES, sorted(aggregates))

    def set_disabled(self, disabled: bool) -> None:
        """Give it the trait of a host that takes no new instance, or take it away."""
        rest = self.traits - {DISABLED}
        self.put_traits(rest | {DISABLED} if disabled else rest)

    def put_traits(self, traits: Collection[str]) -> None:
        """Write these traits if they differ."""
        if set(traits) != self.traits:
            self._put(TRAITS, sorted(traits))

    def _put(self, what: str, value: Any) -> None:
        body = {what: value, "resource_provider_generation": self._generation}
        outcome = self._api.write("PUT", f"{self._path}/{what}", body)
        if api.may_be_applied(outcome):
            self._on_write(what)
        answer = done(f"PUT {self._path}/{what}", outcome)
        self._generation = answer["resource_provider_generation"]


def done(operation: str, outcome: api.Outcome) -> dict[str, Any]:
    """Return the body of an answer, or raise what it means for an idempotent write."""
    match outcome:
        case api.Done(body=body):
            return body
        case api.Conflict(code=api.CONCURRENT_UPDATE, detail=detail) | api.Lost(detail=detail):
            raise Contended(f"{operation}: {detail}")
        case api.Conflict(detail=detail):
            raise errors.LedgerRefused(operation, 409, detail)
        case api.Refused(status=status, detail=detail):
            raise errors.LedgerRefused(operation, status, detail)


def _complete(inventory: dict[str, float]) -> dict[str, float]:
    return _DEFAULTS | inventory
