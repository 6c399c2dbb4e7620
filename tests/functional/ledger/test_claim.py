"""Run the claim promises against the real Placement and against the fake."""

from __future__ import annotations

from tests.functional.ledger import claim_promises, subject


class PlacementClaimTest(subject.OnPlacement, claim_promises.ClaimPromises):
    pass


class FakeClaimTest(subject.OnFake, claim_promises.ClaimPromises):
    pass
