"""Run every promise of the ledger, and all it takes for granted, against Placement on MariaDB."""

from __future__ import annotations

from tests.functional.ledger import (
    batch_promises,
    candidate_promises,
    claim_promises,
    each_fault,
    fault_promises,
    inventory_promises,
    test_corners,
    test_not_ours,
    test_undo,
)
from tests.integration.ledger.subject import OverHttp


class BatchTest(OverHttp, batch_promises.BatchPromises):
    pass


class CandidateTest(OverHttp, candidate_promises.CandidatePromises):
    pass


class ClaimTest(OverHttp, claim_promises.ClaimPromises):
    pass


class CornersTest(OverHttp, test_corners.CornersTest):
    pass


class EconomyTest(OverHttp, test_corners.EconomyTest):
    pass


class FaultTest(OverHttp, fault_promises.FaultPromises):
    pass


class EachFaultTest(OverHttp, each_fault.EachFault):
    pass


class InventoryTest(OverHttp, inventory_promises.InventoryPromises):
    pass


class NotOursTest(OverHttp, test_not_ours.NotOursTest):
    pass


class UndoTest(OverHttp, test_undo.UndoTest):
    pass
