"""Run the candidate promises against the real Placement and against the fake."""

from __future__ import annotations

from tests.functional.ledger import candidate_promises, subject


class PlacementCandidateTest(subject.OnPlacement, candidate_promises.CandidatePromises):
    pass


class FakeCandidateTest(subject.OnFake, candidate_promises.CandidatePromises):
    pass
