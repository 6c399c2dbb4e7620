"""The fake ledger's inventory: what hosts consist of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NoReturn

import os_resource_classes
import os_traits

from tests.fakes import ledger_providers
from tests.fakes.ledger_providers import FakeProvider
from tests.fakes.ledger_wire import Wire
from understudy.ledger import cell_trait, errors, tree
from understudy.ledger.inventory import HostBounds
from understudy.ledger.vocabulary import CUSTOM
from understudy.objects.host import Provider

DISABLED = os_traits.COMPUTE_STATUS_DISABLED


class FakeInventory(Wire):
    """`protocols.Inventory` and `protocols.Vocabulary`."""

    def __init__(self) -> None:
        super().__init__()
        self.resource_classes = set(os_resource_classes.STANDARDS)
        self.traits = set(os_traits.get_traits())
        self.bounds = HostBounds()

    def check_tree(
        self, providers: Sequence[Provider], *, recorded: Collection[str], cell: str
    ) -> None:
        """Raise what put_tree would refuse it for."""
        self.calls["check_tree"] += 1
        tree.check(providers, self.bounds.tree)
        self.read("check_tree", lambda: self._check(providers, recorded))

    def put_tree(
        self, providers: Sequence[Provider], *, recorded: Collection[str], cell: str
    ) -> None:
        """Create and change what differs, or nothing at all."""
        self.calls["put_tree"] += 1
        tree.check(providers, self.bounds.tree)
        tried: set[str] = set()

        def put() -> None:
            self._check(providers, {*recorded, *tried})
            tried.update(provider.uuid for provider in providers)
            self._put_all(providers, cell_trait.of(cell))

        self.write_tree("put_tree", put)

    def remove_tree(self, root_provider: str, recorded: Collection[str]) -> None:
        """Remove what is recorded, unless it is used."""
        self.calls["remove_tree"] += 1

        def remove() -> None:
            for uuid in recorded:
                found = self.store.providers.get(uuid)
                if found is not None and any(found.used.values()):
                    raise errors.LedgerRefused(f"removal of {uuid}", 409, "it is in use")
            for uuid in recorded:
                self.store.providers.pop(uuid, None)

        self.write_tree("remove_tree", remove)

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

    def _check(self, providers: Sequence[Provider], recorded: Collection[str]) -> None:
        """Raise for what is somebody else's, and for names that may not be created."""
        root = providers[0]
        uuids = {provider.uuid for provider in providers}
        for wanted in providers:
            found = self.store.providers.get(wanted.uuid)
            if found is not None:
                if wanted.uuid not in recorded:
                    self._refuse(found)
                if found.root != root.uuid:
                    raise errors.TreeRefused(root.name, f"{found.name} is in another tree")
            for other in self.store.providers.values():
                if other.name == wanted.name and other.uuid not in uuids:
                    if other.uuid in recorded and other.root == root.uuid:
                        raise errors.TreeRefused(root.name, f"the name of {other.uuid}")
                    self._refuse(other)
        self._check_new_names(root.name, self._new_names(providers))

    def _refuse(self, found: FakeProvider) -> NoReturn:
        root = self.store.providers[found.root]
        cell = cell_trait.cell_in(root.traits)
        raise errors.ProviderNotOurs(found.uuid, found.name, root.name, cell)

    def _new_names(self, providers: Sequence[Provider]) -> set[str]:
        classes = {name for provider in providers for name in provider.inventories}
        traits = {name for provider in providers for name in provider.traits}
        return (classes - self.resource_classes) | (traits - self.traits)

    def _check_new_names(self, host: str, new: set[str]) -> None:
        bounds = self.bounds.names
        known = self.resource_classes | self.traits
        in_all = len(new) + sum(name.startswith(CUSTOM) for name in known)
        if not all(name.startswith(CUSTOM) and name.startswith(bounds.creatable) for name in new):
            raise errors.TreeRefused(host, f"{sorted(new)} may not all be created")
        if len(new) > bounds.at_once or (new and in_all > bounds.in_all):
            raise errors.TreeRefused(host, f"{len(new)} new names are too many")

    def _put_all(self, providers: Sequence[Provider], own_trait: str) -> None:
        """Write all, or raise TreeRefused and have written nothing."""
        names = {provider.name for provider in providers}
        for wanted in providers:
            found = self.store.providers.get(wanted.uuid)
            if found is None:
                continue
            if any(
                other.name == wanted.name and other is not found and other.name in names
                for other in self.store.providers.values()
            ):
                raise errors.TreeRefused(providers[0].name, f"{wanted.name} is taken")
            for name in found.inventories.keys() - wanted.inventories.keys():
                if found.used.get(name):
                    detail = f"{name} of {wanted.name} is in use"
                    raise errors.TreeRefused(providers[0].name, detail)
        for wanted in providers:
            self.resource_classes |= wanted.inventories.keys()
            self.traits |= {*wanted.traits, own_trait}
            self._put(wanted, {own_trait} if wanted.parent_uuid is None else set())

    def _put(self, wanted: Provider, more_traits: set[str]) -> None:
        providers = self.store.providers
        found = providers.get(wanted.uuid) or ledger_providers.add(
            providers, wanted.uuid, wanted.name, wanted.parent_uuid
        )
        found.name, found.parent = wanted.name, wanted.parent_uuid
        found.inventories = {name: dict(part) for name, part in wanted.inventories.items()}
        traits = {*wanted.traits, *more_traits} - {DISABLED}
        found.traits = traits | (found.traits & {DISABLED})
        found.aggregates = set(wanted.aggregates)
