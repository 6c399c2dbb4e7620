"""A real Placement for a test, as new."""

from __future__ import annotations

import fixtures
from keystoneauth1 import adapter as ksa_adapter

from tests.fakes.faults import Faults
from tests.functional.support import faulty_transport
from understudy.ledger import api, embedded, pauses
from understudy.ledger.books import PlacementBooks
from understudy.ledger.candidates import PlacementCandidates
from understudy.ledger.claims import PlacementClaims
from understudy.ledger.inventory import PlacementInventory
from understudy.ledger.ledger import Ledger
from understudy.ledger.vocabulary import PlacementVocabulary


class EmbeddedPlacement(fixtures.Fixture):
    """An empty Placement in this process.

    `ledger` speaks to it, `adapter` is what it speaks through, and `faults`
    plans what goes wrong on the way.
    """

    def __init__(self, pause: pauses.Pause | None = None) -> None:
        """Wait by `pause` between tries; not at all where none is given."""
        super().__init__()
        self._pause = pause or (lambda failed: None)

    def _setUp(self) -> None:  # noqa: N802
        placement = embedded.mount()
        placement.reset()
        self.addCleanup(placement.reset)
        self.faults = Faults()
        self.adapter: ksa_adapter.Adapter = placement.adapter()
        faulty_transport.insert(self.adapter, self.faults)
        self.api = api.PlacementApi(self.adapter)
        vocabulary = PlacementVocabulary(self.api)
        self.ledger = Ledger(
            PlacementClaims(self.api, self._pause),
            PlacementCandidates(self.api),
            PlacementInventory(self.api, vocabulary, self._pause),
            vocabulary,
            PlacementBooks(self.api),
        )
