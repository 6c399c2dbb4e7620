"""Run every promise of the ledger, and all it takes for granted, on the simulated Placement."""

from __future__ import annotations

from tests.chaos.simulated.ledger_subject import OnSimulated
from tests.functional.ledger import (
    batch_promises,
    candidate_promises,
    claim_promises,
    fault_promises,
    inventory_promises,
    test_corners,
)


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
