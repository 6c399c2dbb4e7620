"""Run the inventory promises against the real Placement and against the fake."""

from __future__ import annotations

from tests.functional.ledger import inventory_promises, subject


class PlacementInventoryTest(subject.OnPlacement, inventory_promises.InventoryPromises):
    pass


class FakeInventoryTest(subject.OnFake, inventory_promises.InventoryPromises):
    pass
