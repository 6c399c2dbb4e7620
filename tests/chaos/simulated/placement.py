"""Placement, simulated at the level of HTTP, so that the real ledger code runs on it.

It knows what our ledger asks, under the rules and quirks of Placement 16 at
microversion 1.39; anything else is a NotImplementedError. Its rules of claims
and candidates are those of the fake ledger (tests/fakes).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, cast

import os_resource_classes
import os_traits
from keystoneauth1 import adapter as ksa_adapter

from tests.chaos.simulated.gate import Gate
from tests.chaos.simulated.placement_answers import Answer, Fault, Request
from tests.chaos.simulated.placement_claims import SimulatedClaims, Written
from tests.chaos.simulated.placement_http import SimulatedAdapter
from tests.chaos.simulated.placement_providers import SimulatedProviders
from tests.chaos.simulated.placement_search import SimulatedSearch
from tests.fakes.ledger_store import Allocations, Consumer, Store
from understudy.ledger import api
from understudy.ledger.books import PlacementBooks
from understudy.ledger.candidates import PlacementCandidates
from understudy.ledger.claims import PlacementClaims
from understudy.ledger.inventory import PlacementInventory
from understudy.ledger.ledger import Ledger
from understudy.ledger.pauses import Pause
from understudy.ledger.protocols import Owner
from understudy.ledger.vocabulary import PlacementVocabulary

Handler = Callable[[Request], Answer]


class SimulatedPlacement:
    """One Placement, which simulated processes share.

    `on_write` is called after each write of allocations that was applied, also
    a late one, with what each of its consumers holds now.
    """

    def __init__(self, on_write: Callable[[Written], None] = lambda written: None) -> None:
        """Start with the standard names and nothing else."""
        self.on_write = on_write
        self.store = Store()
        classes, traits = set(os_resource_classes.STANDARDS), set(_standard_traits())
        self._claims = SimulatedClaims(self.store, classes, self._written)
        providers = SimulatedProviders(self.store, classes, traits)
        search = SimulatedSearch(self.store, classes, traits)
        self._handlers = _handlers(self._claims, providers, search)

    def adapter(self, gate: Gate) -> ksa_adapter.Adapter:
        """Return what stands in for keystoneauth's adapter in a process behind this gate."""
        return cast(ksa_adapter.Adapter, SimulatedAdapter(self._answer, self._claims.tear, gate))

    def ledger(self, gate: Gate, pause: Pause, clock: Callable[[], float]) -> Ledger:
        """Return the real ledger as a process behind this gate has it.

        It waits by `pause` between two tries, and keeps names for a time on `clock`.
        """
        placement = api.PlacementApi(self.adapter(gate))
        vocabulary = PlacementVocabulary(placement, clock=clock)
        return Ledger(
            PlacementClaims(placement, pause),
            PlacementCandidates(placement),
            PlacementInventory(placement, vocabulary, pause),
            vocabulary,
            PlacementBooks(placement),
        )

    @property
    def holding(self) -> dict[str, Allocations]:
        """Consumer -> provider -> amounts by class, of all who hold something."""
        return {
            uuid: found.allocations
            for uuid, found in self.store.consumers.items()
            if found.allocations
        }

    def leave_behind(self, consumer: str, owner: Owner) -> None:
        """Leave an empty consumer, as one that is killed in a first claim does."""
        self.store.consumers[consumer] = Consumer(owner)

    def _answer(self, request: Request) -> Answer:
        kind = request.method, "/".join(request.path[::2]), len(request.path)
        if kind not in self._handlers:
            raise NotImplementedError(f"{request.method} {'/'.join(request.path)}")
        try:
            return self._handlers[kind](request)
        except Fault as fault:
            return fault.answer()

    def _written(self, written: Written) -> None:
        self.on_write(written)


@functools.cache
def _standard_traits() -> frozenset[str]:
    """Return them; to find them takes as long as ten claims."""
    return frozenset(os_traits.get_traits())


def _handlers(
    claims: SimulatedClaims, providers: SimulatedProviders, search: SimulatedSearch
) -> dict[tuple[Any, ...], Handler]:
    """Return who answers, by method, by what is asked for, and by the path's parts."""
    parts: dict[tuple[Any, ...], Handler] = {
        (method, f"resource_providers/{part}", 3): getattr(providers, f"{verb}_{part}")
        for part in ("inventories", "traits", "aggregates")
        for method, verb in (("GET", "show"), ("PUT", "put"))
    }
    return parts | {
        ("GET", "resource_providers/usages", 3): providers.show_usages,
        ("GET", "resource_providers/allocations", 3): providers.show_allocations,
        ("GET", "resource_providers", 2): providers.show,
        ("PUT", "resource_providers", 2): providers.rename,
        ("DELETE", "resource_providers", 2): providers.delete,
        ("POST", "resource_providers", 1): providers.create,
        ("GET", "resource_providers", 1): search.providers,
        ("GET", "allocation_candidates", 1): search.candidates,
        ("GET", "resource_classes", 1): search.classes,
        ("PUT", "resource_classes", 2): search.learn_class,
        ("DELETE", "resource_classes", 2): search.forget_class,
        ("GET", "traits", 1): search.traits,
        ("PUT", "traits", 2): search.learn_trait,
        ("DELETE", "traits", 2): search.forget_trait,
        ("GET", "allocations", 2): claims.show,
        ("PUT", "allocations", 2): claims.put,
        ("DELETE", "allocations", 2): claims.delete,
        ("POST", "allocations", 1): claims.post,
    }
