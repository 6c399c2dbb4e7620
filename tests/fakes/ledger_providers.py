"""The providers of the fake ledger: trees, inventories, and the room that is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Amounts = Mapping[str, int]

DEFAULTS: dict[str, float] = {
    "reserved": 0,
    "min_unit": 1,
    "max_unit": 2**31 - 1,
    "step_size": 1,
    "allocation_ratio": 1.0,
}


@dataclass
class FakeProvider:
    """One provider; `used` is kept up to date by whoever writes allocations."""

    uuid: str
    name: str
    parent: str | None
    root: str
    inventories: dict[str, dict[str, float]] = field(default_factory=dict)
    traits: set[str] = field(default_factory=set)
    aggregates: set[str] = field(default_factory=set)
    generation: int = 0
    used: dict[str, int] = field(default_factory=dict)

    def capacity(self, name: str) -> int:
        """All that this provider may give of a class, used or not."""
        part = self.inventories.get(name)
        if part is None:
            return 0
        return int((part["total"] - part.get("reserved", 0)) * part.get("allocation_ratio", 1.0))

    def allows(self, name: str, amount: int) -> bool:
        """Is one allocation of this size in order, whatever is used?"""
        if name not in self.inventories:
            return False
        part = DEFAULTS | self.inventories[name]
        in_bounds = part["min_unit"] <= amount <= part["max_unit"]
        return in_bounds and amount % part["step_size"] == 0

    def fits(self, name: str, amount: int) -> bool:
        """Is there room for one allocation of this size?"""
        return self.allows(name, amount) and self.has_left(name, amount)

    def has_left(self, name: str, amount: int) -> bool:
        """Is this much not used yet?"""
        return self.used.get(name, 0) + amount <= self.capacity(name)

    def take(self, amounts: Amounts, sign: int = 1) -> None:
        """Count these amounts as used, or with -1 as free again."""
        for name, amount in amounts.items():
            self.used[name] = self.used.get(name, 0) + sign * amount


Providers = dict[str, FakeProvider]


def add(providers: Providers, uuid: str, name: str, parent: str | None) -> FakeProvider:
    """Add an empty provider below `parent`, or as a root."""
    root = uuid if parent is None else providers[parent].root
    providers[uuid] = FakeProvider(uuid, name, parent, root)
    return providers[uuid]


def move(providers: Providers, provider: FakeProvider, parent: str | None) -> None:
    """Put the provider, and all below it, below another parent, or make it a root."""
    below = [one for one in providers if provider.uuid in ancestors(providers, one)]
    provider.parent = parent
    root = provider.uuid if parent is None else providers[parent].root
    for uuid in below:
        providers[uuid].root = root


def tree(providers: Providers, root: str) -> list[FakeProvider]:
    """Return the providers of one tree, in the order in which they were added."""
    return [provider for provider in providers.values() if provider.root == root]


def ancestors(providers: Providers, uuid: str) -> set[str]:
    """Return the provider and all above it."""
    found: set[str] = set()
    here: str | None = uuid
    while here is not None:
        found.add(here)
        here = providers[here].parent
    return found
