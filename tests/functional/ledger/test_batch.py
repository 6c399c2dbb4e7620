"""Run the batch promises against the real Placement and against the fake."""

from __future__ import annotations

from tests.functional.ledger import batch_promises, subject


class PlacementBatchTest(subject.OnPlacement, batch_promises.BatchPromises):
    pass


class FakeBatchTest(subject.OnFake, batch_promises.BatchPromises):
    pass
