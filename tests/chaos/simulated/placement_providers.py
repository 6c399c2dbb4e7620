"""The simulated Placement's providers: created, renamed, described; each part by generation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.chaos.simulated.placement_answers import Answer, Fault, Request
from tests.fakes import ledger_providers
from tests.fakes.ledger_providers import DEFAULTS, FakeProvider
from tests.fakes.ledger_store import Store

CONCURRENT = "placement.concurrent_update"
DUPLICATE = "placement.duplicate_name"
IN_USE = "placement.inventory.inuse"
PARENT = "placement.resource_provider.cannot_delete_parent"
PROVIDER_IN_USE = "placement.resource_provider.inuse"


class SimulatedProviders:
    """Everything below /resource_providers, except for searching."""

    def __init__(self, store: Store, classes: set[str], traits: set[str]) -> None:
        """Know these names of resource classes and traits."""
        self._store = store
        self._classes = classes
        self._traits = traits

    def show(self, request: Request) -> Answer:
        """GET /resource_providers/{uuid}."""
        return Answer.ok(shown(self._provider(request)))

    def create(self, request: Request) -> Answer:
        """POST /resource_providers."""
        uuid, name = request.body["uuid"], request.body["name"]
        parent = request.body.get("parent_provider_uuid")
        providers = self._store.providers
        if parent is not None and parent not in providers:
            raise Fault(400, f"no parent {parent}")
        if uuid in providers or any(one.name == name for one in providers.values()):
            raise Fault(409, f"{name} or {uuid} exists already", DUPLICATE)
        return Answer.ok(shown(ledger_providers.add(providers, uuid, name, parent)))

    def rename(self, request: Request) -> Answer:
        """PUT /resource_providers/{uuid}."""
        provider, name = self._provider(request), request.body["name"]
        parent = request.body.get("parent_provider_uuid")
        providers = self._store.providers
        if parent is not None and (
            parent not in providers
            or provider.uuid in ledger_providers.ancestors(providers, parent)
        ):
            raise Fault(400, f"{parent} is no parent for {provider.name}")
        if any(one.name == name for one in providers.values() if one is not provider):
            raise Fault(409, f"{name} exists already", DUPLICATE)
        provider.name = name
        if parent != provider.parent:
            ledger_providers.move(providers, provider, parent)
        return Answer.ok(shown(provider))

    def delete(self, request: Request) -> Answer:
        """DELETE /resource_providers/{uuid}."""
        provider = self._provider(request)
        if any(one.parent == provider.uuid for one in self._store.providers.values()):
            raise Fault(409, f"{provider.name} has children", PARENT)
        held = (one.allocations for one in self._store.consumers.values())
        if any(provider.uuid in allocations for allocations in held):
            raise Fault(409, f"{provider.name} is in use", PROVIDER_IN_USE)
        del self._store.providers[provider.uuid]
        return Answer.done()

    def show_inventories(self, request: Request) -> Answer:
        """GET .../inventories."""
        provider = self._provider(request)
        return _answer(
            provider,
            inventories={name: DEFAULTS | part for name, part in provider.inventories.items()},
        )

    def put_inventories(self, request: Request) -> Answer:
        """PUT .../inventories: all of them."""
        provider = self._at_generation(request)
        wanted: Mapping[str, dict[str, Any]] = request.body["inventories"]
        if unknown := wanted.keys() - self._classes:
            raise Fault(400, f"no resource class {sorted(unknown)}")
        for name in provider.inventories.keys() - wanted.keys():
            if provider.used.get(name):
                raise Fault(409, f"{name} is in use", IN_USE)
        provider.inventories = {name: dict(part) for name, part in wanted.items()}
        provider.generation += 1
        return self.show_inventories(request)

    def show_traits(self, request: Request) -> Answer:
        """GET .../traits."""
        provider = self._provider(request)
        return _answer(provider, traits=sorted(provider.traits))

    def put_traits(self, request: Request) -> Answer:
        """PUT .../traits; the same ones again are no change."""
        provider = self._at_generation(request)
        wanted = set(request.body["traits"])
        if unknown := wanted - self._traits:
            raise Fault(400, f"no trait {sorted(unknown)}")
        if wanted != provider.traits:
            provider.traits = wanted
            provider.generation += 1
        return self.show_traits(request)

    def show_aggregates(self, request: Request) -> Answer:
        """GET .../aggregates."""
        provider = self._provider(request)
        return _answer(provider, aggregates=sorted(provider.aggregates))

    def put_aggregates(self, request: Request) -> Answer:
        """PUT .../aggregates."""
        provider = self._at_generation(request)
        provider.aggregates = set(request.body["aggregates"])
        provider.generation += 1
        return self.show_aggregates(request)

    def show_usages(self, request: Request) -> Answer:
        """GET .../usages."""
        provider = self._provider(request)
        return _answer(
            provider, usages={name: provider.used.get(name, 0) for name in provider.inventories}
        )

    def show_allocations(self, request: Request) -> Answer:
        """GET .../allocations: who holds what here."""
        provider = self._provider(request)
        held = {
            uuid: {
                "resources": dict(consumer.allocations[provider.uuid]),
                "consumer_generation": consumer.generation,
            }
            for uuid, consumer in self._store.consumers.items()
            if provider.uuid in consumer.allocations
        }
        return _answer(provider, allocations=held)

    def _provider(self, request: Request) -> FakeProvider:
        found = self._store.providers.get(request.path[1])
        if found is None:
            raise Fault(404, f"no resource provider {request.path[1]}")
        return found

    def _at_generation(self, request: Request) -> FakeProvider:
        """Return the provider if it is at the generation that was sent."""
        provider = self._provider(request)
        if request.body["resource_provider_generation"] != provider.generation:
            raise Fault(409, "the provider's generation changed", CONCURRENT)
        return provider


def shown(provider: FakeProvider) -> dict[str, Any]:
    """Return what is said of the provider itself."""
    return {
        "uuid": provider.uuid,
        "name": provider.name,
        "generation": provider.generation,
        "parent_provider_uuid": provider.parent,
        "root_provider_uuid": provider.root,
    }


def _answer(provider: FakeProvider, **parts: Any) -> Answer:
    return Answer.ok({"resource_provider_generation": provider.generation, **parts})
