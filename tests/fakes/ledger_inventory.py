"""The fake ledger's inventory: what hosts consist of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import os_resource_classes
import os_traits

from tests.fakes import ledger_providers
from tests.fakes.ledger_providers import FakeProvider
from tests.fakes.ledger_wire import Wire
from understudy.ledger import errors
from understudy.objects.host import Provider

DISABLED = os_traits.COMPUTE_STATUS_DISABLED


class FakeInventory(Wire):
    """`protocols.Inventory` and `protocols.Vocabulary`."""

    def __init__(self) -> None:
        super().__init__()
        self.resource_classes = set(os_resource_classes.STANDARDS)
        self.traits = set(os_traits.get_traits())

    def put_tree(self, providers: Sequence[Provider]) -> None:
        """Create and change what differs."""
        self.calls["put_tree"] += 1

        def put() -> None:
            for provider in providers:
                _learn(self.resource_classes, provider.inventories)
                _learn(self.traits, provider.traits)
            for provider in providers:
                self._put(provider)

        self.write_tree("put_tree", put)

    def set_schedulable(self, root_provider: str, schedulable: bool) -> None:
        """Clear or set the trait."""
        self.calls["set_schedulable"] += 1

        def put() -> None:
            traits = self.provider(root_provider).traits
            (traits.discard if schedulable else traits.add)(DISABLED)

        self.write_tree("set_schedulable", put)

    def unknown_resource_classes(self, names: Sequence[str]) -> list[str]:
        """Return those that are missing."""
        return self.read(
            "resource_classes",
            lambda: [name for name in dict.fromkeys(names) if name not in self.resource_classes],
        )

    def unknown_traits(self, names: Sequence[str]) -> list[str]:
        """Return those that are missing."""
        return self.read(
            "traits", lambda: [name for name in dict.fromkeys(names) if name not in self.traits]
        )

    def provider(self, uuid: str) -> FakeProvider:
        """Return the provider, or raise LedgerRefused with 404."""
        if uuid not in self.store.providers:
            raise errors.LedgerRefused(f"provider {uuid}", 404, "no such provider")
        return self.store.providers[uuid]

    def _put(self, wanted: Provider) -> None:
        providers = self.store.providers
        for other in providers.values():
            if other.name == wanted.name and other.uuid != wanted.uuid:
                raise errors.LedgerRefused(f"creation of {wanted.name}", 409, "the name is taken")
        if wanted.parent_uuid is not None and wanted.parent_uuid not in providers:
            raise errors.LedgerRefused(f"creation of {wanted.name}", 400, "no such parent")
        found = providers.get(wanted.uuid) or ledger_providers.add(
            providers, wanted.uuid, wanted.name, wanted.parent_uuid
        )
        for name in found.inventories.keys() - wanted.inventories.keys():
            if found.used.get(name):
                raise errors.LedgerRefused(f"inventory of {wanted.name}", 409, f"{name} is in use")
        found.name = wanted.name
        found.inventories = {name: dict(part) for name, part in wanted.inventories.items()}
        found.traits = (set(wanted.traits) - {DISABLED}) | (found.traits & {DISABLED})
        found.aggregates = set(wanted.aggregates)


def _learn(known: set[str], names: Iterable[str]) -> None:
    """Create the custom names that are missing."""
    for name in names:
        if name not in known and not name.startswith("CUSTOM_"):
            raise errors.LedgerRefused(f"creation of {name}", 400, "no standard name")
        known.add(name)
