"""Run the fault promises against the real Placement and against the fake."""

from __future__ import annotations

from tests.functional.ledger import each_fault, fault_promises, subject


class PlacementFaultTest(subject.OnPlacement, fault_promises.FaultPromises):
    pass


class FakeFaultTest(subject.OnFake, fault_promises.FaultPromises):
    pass


class PlacementEachFaultTest(subject.OnPlacement, each_fault.EachFault):
    pass


class FakeEachFaultTest(subject.OnFake, each_fault.EachFault):
    pass
