"""Run every promise of the ledger, and all it takes for granted, on the simulated Placement."""

from __future__ import annotations

from tests.chaos.simulated.gate import OpenGate
from tests.chaos.simulated.ledger_subject import OnSimulated
from tests.chaos.simulated.placement import SimulatedPlacement
from tests.functional.ledger import (
    any_tree,
    batch_promises,
    candidate_promises,
    claim_promises,
    fault_promises,
    inventory_promises,
    test_corners,
    test_not_ours,
    test_undo,
)
from understudy.ledger import api
from understudy.ledger.inventory import PlacementInventory


class BatchTest(OnSimulated, batch_promises.BatchPromises):
    pass


class CandidateTest(OnSimulated, candidate_promises.CandidatePromises):
    pass


class ClaimTest(OnSimulated, claim_promises.ClaimPromises):
    pass


class CornersTest(OnSimulated, test_corners.CornersTest):
    pass


class EconomyTest(OnSimulated, test_corners.EconomyTest):
    pass


class FaultTest(OnSimulated, fault_promises.FaultPromises):
    pass


class InventoryTest(OnSimulated, inventory_promises.InventoryPromises):
    pass


class NotOursTest(OnSimulated, test_not_ours.NotOursTest):
    pass


class UndoTest(OnSimulated, test_undo.UndoTest):
    pass


class AnyTreeTest(any_tree.AnyTree):
    """Ten times as many as against the real one, which takes its time."""

    EXAMPLES = 150

    def fresh(self) -> tuple[api.PlacementApi, PlacementInventory]:
        simulated = api.PlacementApi(SimulatedPlacement().adapter(OpenGate()))
        return simulated, PlacementInventory(simulated, pause=lambda failed: None)

    def test_what_is_not_the_hosts_own_stays(self) -> None:
        super().test_what_is_not_the_hosts_own_stays()
        # The draws reach all three ends.
        self.assertEqual({"NoneType", "ProviderNotOurs", "TreeRefused"}, self.told)
