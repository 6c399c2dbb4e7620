"""Run every promise of the ledger against Placement as operators run it."""

from __future__ import annotations

from tests.functional.ledger import (
    batch_promises,
    candidate_promises,
    claim_promises,
    fault_promises,
    inventory_promises,
)
from tests.integration.ledger.subject import OverHttp


class BatchTest(OverHttp, batch_promises.BatchPromises):
    pass


class CandidateTest(OverHttp, candidate_promises.CandidatePromises):
    pass


class ClaimTest(OverHttp, claim_promises.ClaimPromises):
    pass


class FaultTest(OverHttp, fault_promises.FaultPromises):
    pass


class InventoryTest(OverHttp, inventory_promises.InventoryPromises):
    pass
