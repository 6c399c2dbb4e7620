"""What every ledger promises when answers are lost and services are down."""

from __future__ import annotations

from tests.fakes.faults import Fault
from tests.functional.ledger import subject
from tests.functional.ledger.subject import OWNER, new_uuid, request, wanted
from understudy.ledger import errors

UNANSWERED = (Fault.LOST_BEFORE, Fault.ERROR)


class FaultPromises(subject.TwoHostsTestCase):
    def held(self) -> tuple[object, int | None]:
        held = self.claims.read_back(self.vm)
        return held.allocations, held.generation

    def test_a_refused_connection_is_unavailable_and_changes_nothing(self) -> None:
        self.faults.next_writes(Fault.REFUSED)
        error = self.assertRaises(errors.LedgerUnavailable, self.first)
        self.assertNotIsInstance(error, errors.OutcomeUnknown)
        self.assertEqual(({}, None), self.held())

    def test_a_ledger_that_is_down_is_never_no_hosts(self) -> None:
        for fault in (Fault.REFUSED, Fault.LOST_BEFORE, Fault.ERROR):
            self.faults.reads = fault
            asked = request({"VCPU": 1})
            self.assertRaises(errors.LedgerUnavailable, self.candidates.find, asked, 10)
            self.assertRaises(errors.LedgerUnavailable, self.candidates.capable, asked)
            self.assertRaises(errors.LedgerUnavailable, self.claims.read_back, self.vm)

    def test_a_claim_whose_answer_was_lost_is_found(self) -> None:
        self.faults.next_writes(Fault.LOST_AFTER)
        self.assertEqual({self.vm: 1}, self.first())
        self.assertEqual(({self.a: {"VCPU": 1}}, 1), self.held())

    def test_a_swap_whose_answer_was_lost_is_found(self) -> None:
        self.first()
        self.faults.next_writes(Fault.LOST_AFTER)
        self.assertEqual(2, self.move())
        self.assertEqual(({self.b: {"VCPU": 1}}, 2), self.held())

    def test_a_batch_whose_answer_was_lost_is_found(self) -> None:
        vms = [new_uuid() for _ in range(3)]
        self.faults.next_writes(Fault.LOST_AFTER)
        results = self.claims.claim_many([wanted(vm, {self.a: {"VCPU": 1}}) for vm in vms])
        self.assertEqual(dict.fromkeys(vms, 1), results.claimed)
        self.assertEqual({"VCPU": 3}, self.books.usages(self.a))

    def test_an_unclaim_whose_answer_was_lost_is_found(self) -> None:
        self.first()
        self.faults.next_writes(Fault.LOST_AFTER)
        self.claims.unclaim(self.vm, OWNER, 1)
        self.assertEqual(({}, None), self.held())

    def test_what_never_arrived_is_sent_again(self) -> None:
        for fault in UNANSWERED:
            self.faults.next_writes(fault)
            self.assertEqual({self.vm: 1}, self.first())
            self.faults.next_writes(fault)
            self.assertEqual(2, self.move())
            self.faults.next_writes(fault)
            self.claims.unclaim(self.vm, OWNER, 2)

    def test_a_batch_that_never_arrived_is_sent_again(self) -> None:
        vms = [new_uuid() for _ in range(3)]
        self.faults.next_writes(Fault.ERROR)
        results = self.claims.claim_many([wanted(vm, {self.a: {"VCPU": 1}}) for vm in vms])
        self.assertEqual(dict.fromkeys(vms, 1), results.claimed)

    def test_unanswered_twice_is_unknown(self) -> None:
        for fault in UNANSWERED:
            self.faults.next_writes(fault, fault)
            self.assertRaises(errors.OutcomeUnknown, self.first)
        self.first()
        for fault in UNANSWERED:
            self.faults.next_writes(fault, fault)
            self.assertRaises(errors.OutcomeUnknown, self.move)
            self.faults.next_writes(fault, fault)
            self.assertRaises(errors.OutcomeUnknown, self.claims.unclaim, self.vm, OWNER, 1)

    def test_unanswered_and_unreadable_is_unknown(self) -> None:
        self.faults.next_writes(Fault.LOST_AFTER)
        self.faults.reads = Fault.REFUSED
        self.assertRaises(errors.OutcomeUnknown, self.first)
        self.faults.reads = Fault.NONE
        self.assertEqual(({self.a: {"VCPU": 1}}, 1), self.held())

    def test_unanswered_then_down_is_unknown(self) -> None:
        self.faults.next_writes(Fault.LOST_BEFORE, Fault.REFUSED)
        self.assertRaises(errors.OutcomeUnknown, self.first)

    def test_no_room_after_an_unanswered_write_is_unknown(self) -> None:
        """The unanswered one may still find room, when it lands."""
        claim = wanted(self.vm, {self.a: {"VCPU": 5}})
        self.faults.next_writes(Fault.LOST_BEFORE)
        self.assertRaises(errors.OutcomeUnknown, self.claims.claim_many, [claim])

    def test_a_late_write_is_fenced_by_the_one_that_repeated_it(self) -> None:
        self.first()
        self.faults.next_writes(Fault.LATE)
        self.assertEqual(2, self.move())
        self.faults.land()
        self.assertEqual(({self.b: {"VCPU": 1}}, 2), self.held())
        self.assertEqual({"VCPU": 1}, self.books.usages(self.b))

    def test_a_late_first_claim_is_fenced_by_any_other(self) -> None:
        self.faults.next_writes(Fault.LATE, Fault.LATE)
        self.assertRaises(errors.OutcomeUnknown, self.first)
        results = self.claims.claim_many([wanted(self.vm, {self.b: {"VCPU": 2}})])
        self.assertEqual({self.vm: 1}, results.claimed)
        self.faults.land()
        self.assertEqual(({self.b: {"VCPU": 2}}, 1), self.held())

    def test_a_claim_that_landed_late_makes_the_next_one_stale(self) -> None:
        self.faults.next_writes(Fault.LATE, Fault.LATE)
        self.assertRaises(errors.OutcomeUnknown, self.first)
        self.faults.land()
        results = self.claims.claim_many([wanted(self.vm, {self.b: {"VCPU": 1}})])
        self.assertIsInstance(results.refused[self.vm], errors.StaleGeneration)

    def test_a_ledger_that_goes_down_in_mid_batch_leaves_it_unknown(self) -> None:
        """Three writes: all conflict, the first half is taken, the second finds nobody."""
        vms = [new_uuid() for _ in range(2)]
        batch = [wanted(vms[0], {self.a: {"VCPU": 1}}), wanted(vms[1], {self.b: {"VCPU": 9}})]
        self.faults.next_writes(Fault.NONE, Fault.NONE, Fault.REFUSED)
        self.assertRaises(errors.OutcomeUnknown, self.claims.claim_many, batch)

    def test_contention_at_a_provider_is_tried_again(self) -> None:
        self.faults.next_writes(Fault.CONTENDED, Fault.CONTENDED)
        self.assertEqual({self.vm: 1}, self.first())
        self.faults.next_writes(Fault.CONTENDED)
        self.assertEqual(2, self.move())
        self.faults.next_writes(Fault.CONTENDED)
        self.claims.unclaim(self.vm, OWNER, 2)

    def test_contention_without_end_is_a_conflict(self) -> None:
        self.first()
        self.faults.writes = Fault.CONTENDED
        self.assertRaises(errors.ClaimConflict, self.move)
        error = self.assertRaises(errors.LedgerUnavailable, self.claims.unclaim, self.vm, OWNER, 1)
        self.assertNotIsInstance(error, errors.OutcomeUnknown)
        self.assertEqual(({self.a: {"VCPU": 1}}, 1), self.held())

    def test_a_batch_that_meets_contention_is_claimed(self) -> None:
        vms = [new_uuid() for _ in range(4)]
        self.faults.next_writes(Fault.CONTENDED, Fault.CONTENDED, Fault.CONTENDED)
        results = self.claims.claim_many([wanted(vm, {self.a: {"VCPU": 1}}) for vm in vms])
        self.assertEqual(dict.fromkeys(vms, 1), results.claimed)

    def test_a_tree_is_put_through_faults(self) -> None:
        for fault in (Fault.LOST_AFTER, Fault.LOST_BEFORE, Fault.ERROR, Fault.CONTENDED):
            self.faults.next_writes(fault)
            host = self.host(f"host {fault.name}", {"VCPU": 2}, ["HW_CPU_X86_AVX2"])
            self.assertEqual({"VCPU": 0}, self.books.usages(host))
            self.faults.next_writes(fault)
            self.inventory.set_schedulable(host, False)

    def test_a_tree_is_not_put_where_nobody_listens(self) -> None:
        self.faults.writes = Fault.REFUSED
        self.assertRaises(errors.LedgerUnavailable, self.host, "c", {"VCPU": 2})
