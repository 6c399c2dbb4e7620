"""The whole ledger on one connection, for whoever composes a service."""

from __future__ import annotations

from dataclasses import dataclass

from keystoneauth1 import adapter as ksa_adapter

from understudy.ledger import api
from understudy.ledger.books import PlacementBooks
from understudy.ledger.candidates import GroupBounds, PlacementCandidates
from understudy.ledger.claims import PlacementClaims
from understudy.ledger.inventory import HostBounds, PlacementInventory
from understudy.ledger.vocabulary import PlacementVocabulary


@dataclass(frozen=True, slots=True)
class Ledger:
    """Placement, as each of the small protocols; hand on only those that are needed."""

    claims: PlacementClaims
    candidates: PlacementCandidates
    inventory: PlacementInventory
    vocabulary: PlacementVocabulary
    books: PlacementBooks

    @classmethod
    def on(
        cls,
        adapter: ksa_adapter.Adapter,
        timeouts: api.Timeouts | None = None,
        groups: GroupBounds | None = None,
        hosts: HostBounds | None = None,
    ) -> Ledger:
        """Return the ledger that speaks through `adapter` (http.connect, embedded.mount).

        Requests stay within `groups`, and what hosts report within `hosts`.
        """
        placement = api.PlacementApi(adapter, timeouts)
        vocabulary = PlacementVocabulary(placement)
        return cls(
            PlacementClaims(placement),
            PlacementCandidates(placement, groups),
            PlacementInventory(placement, vocabulary, bounds=hosts),
            vocabulary,
            PlacementBooks(placement),
        )
