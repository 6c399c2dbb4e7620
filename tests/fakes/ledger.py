"""A ledger in memory that keeps every promise of `understudy.ledger.protocols`.

tests/functional/ledger runs the same promises against this one and against a
real Placement.

    ledger = FakeLedger()
    ledger.add_host("host-a", VCPU=4)
    ledger.faults.next_writes(Fault.LOST_AFTER)
    ...
    self.assertEqual({"vm": {"host-a": {"VCPU": 1}}}, ledger.holding)
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence

from tests.fakes import ledger_candidates, ledger_providers
from tests.fakes.ledger_claims import FakeClaims
from tests.fakes.ledger_inventory import FakeInventory
from tests.fakes.ledger_providers import FakeProvider
from tests.fakes.ledger_store import Consumer
from understudy.ledger import candidate_query, errors
from understudy.ledger.candidates import GroupBounds
from understudy.ledger.protocols import Allocations, CandidateSet, Owner
from understudy.objects.build_request import BuildRequest, ResourceGroup


def allocation_request(allocations: Allocations) -> str:
    """Return the JSON text that claims these amounts: {"host-a": {"VCPU": 1}}."""
    parts = {provider: {"resources": dict(part)} for provider, part in allocations.items()}
    return json.dumps({"allocations": parts})


class FakeLedger(FakeClaims, FakeInventory):
    """Claims, Candidates, Inventory, Vocabulary and Books in one.

    `holding` is who holds what; `faults` plans what goes wrong; `calls` counts
    the calls of each method, and `writes` the writes that were sent.
    """

    def __init__(self) -> None:
        super().__init__()
        self._group_bounds = GroupBounds()

    # What tests set up and look at.

    @property
    def holding(self) -> dict[str, dict[str, dict[str, int]]]:
        """Consumer -> provider -> amounts by class, of all who hold something."""
        with self.lock:
            return {
                uuid: {provider: dict(part) for provider, part in found.allocations.items()}
                for uuid, found in self.store.consumers.items()
                if found.allocations
            }

    def generation(self, consumer: str) -> int | None:
        """The consumer's generation, even of one that was left behind."""
        found = self.store.consumers.get(consumer)
        return None if found is None else found.generation

    def add_host(
        self, uuid: str, traits: Sequence[str] = (), aggregates: Sequence[str] = (), **totals: int
    ) -> FakeProvider:
        """Add a root provider: add_host("host-a", VCPU=4)."""
        return self.add_child(uuid, None, traits, aggregates, **totals)

    def add_child(
        self,
        uuid: str,
        parent: str | None,
        traits: Sequence[str] = (),
        aggregates: Sequence[str] = (),
        **totals: int,
    ) -> FakeProvider:
        """Add a provider below `parent`."""
        with self.lock:
            provider = ledger_providers.add(self.store.providers, uuid, uuid, parent)
            provider.inventories = {name: {"total": total} for name, total in totals.items()}
            provider.traits, provider.aggregates = set(traits), set(aggregates)
            self.traits |= provider.traits
            self.resource_classes |= set(totals)
        return provider

    def leave_behind(self, consumer: str, owner: Owner) -> None:
        """Leave an empty consumer, as a Placement that is killed in a first write does."""
        self.store.consumers[consumer] = Consumer(owner)

    # Candidates

    def find(self, request: BuildRequest, limit: int) -> CandidateSet:
        """Enumerate, at most `limit`."""
        self.calls["find"] += 1
        self._group_bounds.check(request)
        found = self.read(
            "find", lambda: ledger_candidates.find(self.store.providers, request, limit)
        )
        self._check_names(request)
        return found

    def capable(self, request: BuildRequest) -> Mapping[str, int]:
        """Count the providers with room, class by class."""
        self.calls["capable"] += 1
        providers = self.store.providers.values()
        return self.read(
            "capable",
            lambda: {
                name: sum(provider.fits(name, amount) for provider in providers)
                for name, amount in candidate_query.largest_amounts(request).items()
            },
        )

    def _check_names(self, request: BuildRequest) -> None:
        """Raise LedgerRefused for a class or trait that was never created."""
        groups: list[BuildRequest | ResourceGroup] = [request, *request.groups]
        for asked in groups:
            traits = itertools.chain(
                asked.required_traits, asked.forbidden_traits, *asked.any_traits
            )
            unknown = set(asked.resources) - self.resource_classes | set(traits) - self.traits
            if unknown:
                raise errors.LedgerRefused("find", 400, f"no such name: {sorted(unknown)}")

    # Books

    def claims_on(self, provider: str) -> Mapping[str, Mapping[str, int]]:
        """Return who holds what here."""
        self.provider(provider)
        return self.read(
            "claims_on",
            lambda: {
                consumer: allocations[provider]
                for consumer, allocations in self.holding.items()
                if provider in allocations
            },
        )

    def usages(self, provider: str) -> Mapping[str, int]:
        """Return what is in use here."""
        found = self.provider(provider)
        return self.read(
            "usages", lambda: {name: found.used.get(name, 0) for name in found.inventories}
        )

    def providers_of(self, root_provider: str) -> Sequence[str]:
        """Return the uuids of the tree; none where the root is unknown."""
        return self.read(
            "providers_of",
            lambda: [
                one.uuid for one in ledger_providers.tree(self.store.providers, root_provider)
            ],
        )
