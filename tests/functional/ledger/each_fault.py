"""Every fault of the ledger at every operation, and what the caller is told of it.

Each test is a row of the table: a fault; its columns are the operations. An
operation either succeeds, so that what was wanted is held once and nothing else
is, or raises the one error that says what may have happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tests.fakes.faults import Fault
from tests.functional.ledger import subject
from tests.functional.ledger.subject import OWNER, new_uuid, wanted
from understudy.ledger import errors
from understudy.ledger.claim_batch import MAX_CONTENDED

ONE = {"VCPU": 1}
WRITES = ("claim", "batch", "swap", "unclaim")
UNANSWERED = (Fault.LOST_BEFORE, Fault.ERROR, Fault.LATE)
READ_FAULTS = (Fault.REFUSED, Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.ERROR)

Operation = tuple[Callable[[], object], Mapping[str, str | None]]
"""How to do it, and who then holds what on which host; None: nothing."""


class EachFault(subject.LedgerTestCase):
    """Two hosts with room for all."""

    def setUp(self) -> None:
        super().setUp()
        self.a, self.b = self.host("a", {"VCPU": 99}), self.host("b", {"VCPU": 99})

    def claim(self) -> Operation:
        vm = new_uuid()
        return lambda: self.claim_all([vm], self.a), {vm: self.a}

    def batch(self) -> Operation:
        vms = [new_uuid() for _ in range(3)]
        return lambda: self.claim_all(vms, self.a), dict.fromkeys(vms, self.a)

    def swap(self) -> Operation:
        vm = self.holder()
        return lambda: self.claims.swap(wanted(vm, {self.b: ONE}, 1)), {vm: self.b}

    def unclaim(self) -> Operation:
        vm = self.holder()
        return lambda: self.claims.unclaim(vm, OWNER, 1), {vm: None}

    def holder(self) -> str:
        """Return who holds a claim on the first host."""
        vm = new_uuid()
        self.claim_all([vm], self.a)
        return vm

    def claim_all(self, vms: Sequence[str], host: str) -> None:
        """Claim for all; raise what refused one, if any was refused."""
        results = self.claims.claim_many([wanted(vm, {host: ONE}) for vm in vms])
        for refusal in results.refused.values():
            raise refusal
        self.assertEqual(dict.fromkeys(vms, 1), results.claimed)

    def held(self, vms: Mapping[str, object]) -> dict[str, object]:
        return {vm: self.claims.read_back(vm).allocations for vm in vms}

    def assert_succeeds(self, name: str, *faults: Fault) -> None:
        do, then = getattr(self, name)()
        expected = {vm: {} if host is None else {host: ONE} for vm, host in then.items()}
        self.faults.next_writes(*faults)
        do()
        self.assertEqual(expected, self.held(then), name)
        # What was sent twice and comes late changes nothing.
        self.faults.land()
        self.assertEqual(expected, self.held(then), name)

    def assert_raises(self, kind: type[Exception], name: str, *faults: Fault) -> None:
        do, then = getattr(self, name)()
        before = self.held(then)
        self.faults.next_writes(*faults)
        error = self.assertRaises(kind, do)
        self.assertIs(kind, type(error), f"{name}: {error!r}")
        self.faults.forget_plan()
        self.assertEqual(before, self.held(then), name)

    def test_refused(self) -> None:
        """Nothing was sent, so nothing is unknown."""
        for name in WRITES:
            self.assert_raises(errors.LedgerUnavailable, name, Fault.REFUSED)

    def test_applied_and_its_answer_lost(self) -> None:
        for name in WRITES:
            self.assert_succeeds(name, Fault.LOST_AFTER)

    def test_applied_after_it_was_lost(self) -> None:
        for name in WRITES:
            self.assert_succeeds(name, Fault.LOST_BEFORE, Fault.LOST_AFTER)

    def test_unanswered_once(self) -> None:
        for fault in UNANSWERED:
            for name in WRITES:
                self.assert_succeeds(name, fault)

    def test_unanswered_twice(self) -> None:
        for fault in (Fault.LOST_BEFORE, Fault.ERROR):
            for name in WRITES:
                self.assert_raises(errors.OutcomeUnknown, name, fault, fault)

    def test_unanswered_and_then_refused(self) -> None:
        for fault in (Fault.LOST_BEFORE, Fault.ERROR):
            for name in WRITES:
                self.assert_raises(errors.OutcomeUnknown, name, fault, Fault.REFUSED)

    def test_applied_unanswered_and_unreadable(self) -> None:
        for fault in (Fault.REFUSED, Fault.LOST_BEFORE, Fault.ERROR):
            for name in WRITES:
                do, then = getattr(self, name)()
                self.faults.next_writes(Fault.LOST_AFTER)
                self.faults.reads = fault
                self.assertRaises(errors.OutcomeUnknown, do)
                self.faults.reads = Fault.NONE
                expected = {vm: {} if host is None else {host: ONE} for vm, host in then.items()}
                self.assertEqual(expected, self.held(then), name)

    def test_contended_once(self) -> None:
        for name in WRITES:
            self.assert_succeeds(name, Fault.CONTENDED)

    def test_contended_and_then_unanswered(self) -> None:
        for name in ("swap", "unclaim"):
            self.assert_succeeds(name, Fault.CONTENDED, Fault.LOST_AFTER)
        # After a conflict a first claim is sent on 0, for whom it may have created: here nobody.
        self.assert_raises(errors.OutcomeUnknown, "claim", Fault.CONTENDED, Fault.LOST_AFTER)

    def test_contended_for_ever(self) -> None:
        always = [Fault.CONTENDED] * (4 * MAX_CONTENDED)
        for name in ("claim", "batch", "swap"):
            self.assert_raises(errors.ClaimConflict, name, *always)
        self.assert_raises(errors.LedgerUnavailable, "unclaim", *always)

    def test_no_room(self) -> None:
        vms = [new_uuid() for _ in range(3)]
        too_much = [wanted(vm, {self.a: {"VCPU": 100}}) for vm in vms]
        for some in (too_much[:1], too_much):
            refused = self.claims.claim_many(some).refused
            self.assertEqual({errors.ClaimConflict}, {type(error) for error in refused.values()})
        move = wanted(self.holder(), {self.b: {"VCPU": 100}}, 1)
        self.assertRaises(errors.ClaimConflict, self.claims.swap, move)

    def test_of_another_generation(self) -> None:
        vm, other = self.holder(), new_uuid()
        claims = [wanted(vm, {self.b: ONE}), wanted(other, {self.b: ONE})]
        self.assertIsInstance(
            self.claims.claim_many(claims[:1]).refused[vm], errors.StaleGeneration
        )
        results = self.claims.claim_many(claims)
        self.assertIsInstance(results.refused[vm], errors.StaleGeneration)
        self.assertEqual({other: 1}, results.claimed)
        move = wanted(vm, {self.b: ONE}, 7)
        self.assertRaises(errors.StaleGeneration, self.claims.swap, move)
        self.assertRaises(errors.StaleGeneration, self.claims.unclaim, vm, OWNER, 7)
        self.assertEqual({vm: {self.a: ONE}}, self.held({vm: None}))

    def test_of_a_read(self) -> None:
        vm = self.holder()
        for fault in READ_FAULTS:
            self.faults.reads = fault
            error = self.assertRaises(errors.LedgerUnavailable, self.claims.read_back, vm)
            self.assertIs(errors.LedgerUnavailable, type(error), fault.name)
        self.faults.reads = Fault.NONE
        self.assertEqual({vm: {self.a: ONE}}, self.held({vm: None}))
