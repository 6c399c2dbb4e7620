"""Draw host trees against the real Placement."""

from __future__ import annotations

from tests.functional.ledger import any_tree
from tests.functional.support import placement
from understudy.ledger import api
from understudy.ledger.inventory import PlacementInventory


class AnyTreeTest(any_tree.AnyTree):
    """Against the real Placement in this process."""

    def fresh(self) -> tuple[api.PlacementApi, PlacementInventory]:
        fixture = self.useFixture(placement.EmbeddedPlacement())
        return fixture.api, fixture.ledger.inventory
