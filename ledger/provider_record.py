"""One provider as Placement has it, and the writes that make it what it should be.

Each write carries the provider's generation and learns the next one from the
answer; what is as it should be is not written.
"""

from __future__ import annotations

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

Inventories = dict[str, dict[str, float]]


class Contended(Exception):
    """The provider changed meanwhile, or the answer was lost: read it and start again."""


class ProviderRecord:
    """What Placement has of one provider, at one generation."""

    def __init__(self, placement: api.PlacementApi, uuid: str, generation: int) -> None:
        """Start as a provider that was just created: with nothing."""
        self._api = placement
        self._path = f"/resource_providers/{uuid}"
        self._generation = generation
        self._inventories: Inventories = {}
        self._traits: set[str] = set()
        self._aggregates: set[str] = set()

    def read(self) -> None:
        """Read what it has. The generation stays: a change since then is to be noticed."""
        self._inventories = self._api.get(f"{self._path}/inventories")["inventories"]
        self.read_traits()
        self._aggregates = set(self._api.get(f"{self._path}/aggregates")["aggregates"])

    def read_traits(self) -> None:
        """Read its traits only."""
        self._traits = set(self._api.get(f"{self._path}/traits")["traits"])

    def put(self, wanted: Provider) -> None:
        """Write what differs. Raises Contended, LedgerRefused, LedgerUnavailable."""
        inventories = {name: _complete(part) for name, part in wanted.inventories.items()}
        if inventories != {name: _complete(part) for name, part in self._inventories.items()}:
            self._put("inventories", inventories)
        self.put_traits((set(wanted.traits) - {DISABLED}) | (self._traits & {DISABLED}))
        if set(wanted.aggregates) != self._aggregates:
            self._put("aggregates", sorted(wanted.aggregates))

    def set_disabled(self, disabled: bool) -> None:
        """Give it the trait of a host that takes no new instance, or take it away."""
        rest = self._traits - {DISABLED}
        self.put_traits(rest | {DISABLED} if disabled else rest)

    def put_traits(self, traits: set[str]) -> None:
        """Write these traits if they differ."""
        if traits != self._traits:
            self._put("traits", sorted(traits))

    def _put(self, what: str, value: Any) -> None:
        body = {what: value, "resource_provider_generation": self._generation}
        answer = done(
            f"PUT {self._path}/{what}", self._api.write("PUT", f"{self._path}/{what}", body)
        )
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
