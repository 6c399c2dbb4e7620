"""What is special to the simulated Placement: killed, torn, late, watched."""

from __future__ import annotations

from typing import Any

import fixtures

from tests.chaos.simulated.gate import Broken, Gate, Late, Lost, OpenGate, Reset, Torn
from tests.chaos.simulated.placement import SimulatedPlacement
from tests.chaos.simulated.placement_claims import Written
from tests.chaos.simulated.plans import PlannedGate
from tests.functional.ledger import subject
from tests.functional.ledger.subject import CELL, OWNER, new_uuid, wanted
from understudy.ledger import allocations, api, errors
from understudy.ledger.ledger import Ledger
from understudy.objects.host import Provider


class Killed(BaseException):
    """Placement, or who called it, is gone."""


def ledger_of(placement: SimulatedPlacement, gate: Gate) -> Ledger:
    """Return the ledger behind this gate; it never waits, and its names never grow old."""
    return placement.ledger(gate, lambda failed: None, lambda: 0.0)


class SimulatedPlacementTest(subject.TwoHostsTestCase):
    def connect(self) -> None:
        self.written: list[Written] = []
        self.simulated = SimulatedPlacement(self.written.append)
        self.gate = PlannedGate()
        self.ledger = ledger_of(self.simulated, self.gate)
        self.others = ledger_of(self.simulated, OpenGate())
        self.claims, self.inventory = self.ledger.claims, self.ledger.inventory


class WatchedTest(SimulatedPlacementTest):
    def test_each_write_that_is_applied_is_told_and_no_other(self) -> None:
        self.first()
        self.claims.claim_many([wanted(new_uuid(), {self.a: {"VCPU": 9}})])
        self.move()
        self.claims.unclaim(self.vm, OWNER, 2)
        self.assertEqual(
            [{self.vm: {self.a: {"VCPU": 1}}}, {self.vm: {self.b: {"VCPU": 1}}}, {self.vm: {}}],
            self.written,
        )
        self.assertEqual({}, self.simulated.holding)

    def test_a_batch_is_told_at_once(self) -> None:
        batch = [wanted(new_uuid(), {self.a: {"VCPU": 1}}) for _ in range(2)]
        self.claims.claim_many(batch)
        self.assertEqual([{one.consumer for one in batch}], [set(one) for one in self.written])

    def test_each_request_is_a_seam_named_without_ids(self) -> None:
        self.gate.seams.clear()
        self.first()
        self.claims.read_back(self.vm)
        self.inventory.set_schedulable(self.a, False)
        self.assertEqual(
            [
                "placement PUT allocations",
                "placement GET allocations",
                "placement GET resource_providers",
                "placement GET resource_providers/traits",
                "placement PUT resource_providers/traits",
            ],
            self.gate.seams,
        )

    def test_what_it_does_not_know_is_an_error_and_no_answer(self) -> None:
        adapter = self.simulated.adapter(OpenGate())
        for method, path in (
            ("GET", "/usages"),
            ("DELETE", f"/resource_providers/{self.a}/traits"),
        ):
            self.assertRaises(NotImplementedError, adapter.request, path, method)


class OnTheWayTest(SimulatedPlacementTest):
    def test_a_killed_caller_wrote_all_or_nothing(self) -> None:
        self.gate.next_before = [Killed()]
        self.assertRaises(Killed, self.first)
        self.assertEqual({}, self.simulated.holding)
        self.gate.next_after = [Killed()]
        self.assertRaises(Killed, self.first)
        self.assertEqual({self.vm: {self.a: {"VCPU": 1}}}, self.simulated.holding)

    def test_a_late_write_is_what_it_was_when_it_was_sent(self) -> None:
        self.first()
        body = allocations.payload({self.b: {"VCPU": 1}}, OWNER, 1)
        placement = api.PlacementApi(self.simulated.adapter(self.gate))
        self.gate.next_before = [Late()]
        self.assertIsInstance(placement.write("PUT", f"/allocations/{self.vm}", body), api.Lost)
        body["allocations"].clear()
        self.gate.land()
        self.assertEqual({self.vm: {self.b: {"VCPU": 1}}}, self.simulated.holding)
        self.assertEqual(2, len(self.written))

    def test_a_late_write_that_is_refused_disturbs_nobody(self) -> None:
        self.first()
        self.gate.next_before = [Late()]
        self.assertEqual(2, self.move())
        self.gate.land()
        self.assertEqual(2, len(self.written))

    def test_a_late_read_is_lost(self) -> None:
        self.gate.next_before = [Late()]
        self.assertRaises(errors.LedgerUnavailable, self.claims.read_back, self.vm)
        self.assertEqual([], self.gate.kept)

    def test_a_read_is_repeated_once_where_the_connection_was_cut(self) -> None:
        self.gate.next_before = [Reset()]
        self.assertIsNone(self.claims.read_back(self.vm).generation)
        self.gate.next_before = [Reset(), Reset()]
        self.assertRaises(errors.LedgerUnavailable, self.claims.read_back, self.vm)

    def test_every_answer_after_the_effect_may_be_lost(self) -> None:
        for generation, error in enumerate((Lost(), Reset(), Broken()), start=1):
            self.gate.next_after = [error]
            claim = wanted(self.vm, {self.a: {"VCPU": 1}}, generation - 1 or None)
            self.assertEqual({self.vm: generation}, self.claims.claim_many([claim]).claimed)

    def test_a_delete_asks_for_no_generation_and_resets_it(self) -> None:
        self.first()
        self.move()
        adapter = self.simulated.adapter(OpenGate())
        self.assertEqual(204, adapter.request(f"/allocations/{self.vm}", "DELETE").status_code)
        self.assertEqual(404, adapter.request(f"/allocations/{self.vm}", "DELETE").status_code)
        self.assertEqual({self.vm: 1}, self.first())


class TornTest(SimulatedPlacementTest):
    def test_a_first_claim_that_is_torn_is_taken_up_by_the_next_one(self) -> None:
        """Not by itself: for all that it knows, the torn write may still be filled or undone."""
        self.gate.next_before = [Torn()]
        self.assertRaises(errors.OutcomeUnknown, self.first)
        self.assertEqual({self.vm: 1}, self.first())

    def test_it_leaves_a_consumer_at_0_that_looks_like_none(self) -> None:
        self.gate.next_before = [Torn(), Killed()]
        self.assertRaises(Killed, self.first)
        self.assertEqual(0, self.simulated.store.consumers[self.vm].generation)
        self.assertIsNone(self.others.claims.read_back(self.vm).generation)
        self.assertEqual([], self.written)

    def test_a_move_that_is_torn_is_only_cut_off(self) -> None:
        self.first()
        self.gate.next_before = [Torn()]
        self.assertEqual(2, self.move())


class TornAsTheRealOneTest(subject.OnPlacement):
    """The real Placement, gone between its two transactions, leaves the same."""

    def setUp(self) -> None:
        super().setUp()
        self.simulated = SimulatedPlacement()
        self.gate = PlannedGate()
        self.both = (
            self.placement.api,
            api.PlacementApi(self.simulated.adapter(self.gate)),
        )
        self.a, self.vms = new_uuid(), [new_uuid(), new_uuid()]
        tree = [Provider(uuid=self.a, name="a", inventories={"VCPU": {"total": 4}})]
        self.put_tree(tree)
        simulated = ledger_of(self.simulated, self.gate).inventory
        simulated.put_tree(tree, recorded=(), cell=CELL)

    def test_each_consumer_of_the_write_is_left_at_0(self) -> None:
        self.tear()
        for vm in self.vms:
            for placement in self.both:
                shown = placement.get(f"/allocations/{vm}")
                self.assertEqual({"allocations": {}}, shown)
                refused = self.put(placement, vm, None)
                self.assertIsInstance(refused, api.Conflict)
                self.assertEqual(api.Done({}), self.put(placement, vm, 0))
                self.assertEqual(1, placement.get(f"/allocations/{vm}")["consumer_generation"])

    def tear(self) -> None:
        def die(*args: Any) -> None:
            raise Killed

        real, simulated = self.both
        batch = {vm: allocations.payload({self.a: {"VCPU": 1}}, OWNER, None) for vm in self.vms}
        with fixtures.MonkeyPatch("placement.objects.allocation.replace_all", die):
            self.assertRaises(Killed, real.write, "POST", "/allocations", batch)
        self.gate.next_before = [Torn()]
        self.assertIsInstance(simulated.write("POST", "/allocations", batch), api.Lost)

    def put(self, placement: api.PlacementApi, vm: str, generation: int | None) -> api.Outcome:
        body = allocations.payload({self.a: {"VCPU": 1}}, OWNER, generation)
        return placement.write("PUT", f"/allocations/{vm}", body)
