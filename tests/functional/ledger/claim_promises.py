"""What every ledger promises about claims."""

from __future__ import annotations

from tests.functional.ledger import subject
from tests.functional.ledger.subject import OWNER, new_uuid, wanted
from understudy.ledger import errors
from understudy.ledger.protocols import Owner


class ClaimPromises(subject.LedgerTestCase):
    def test_a_first_claim_has_generation_1(self) -> None:
        host, vm = self.host("a", {"VCPU": 4, "MEMORY_MB": 512}), new_uuid()
        results = self.claims.claim_many([wanted(vm, {host: {"VCPU": 1, "MEMORY_MB": 64}})])
        self.assertEqual({vm: 1}, results.claimed)
        self.assertEqual({}, results.refused)
        held = self.claims.read_back(vm)
        self.assertEqual({host: {"VCPU": 1, "MEMORY_MB": 64}}, held.allocations)
        self.assertEqual((1, OWNER), (held.generation, held.owner))

    def test_a_move_has_the_generation_sent_plus_1(self) -> None:
        a, b, vm = self.host("a", {"VCPU": 4}), self.host("b", {"VCPU": 4}), new_uuid()
        self.claims.claim_many([wanted(vm, {a: {"VCPU": 1}})])
        self.assertEqual(2, self.claims.swap(wanted(vm, {b: {"VCPU": 2}}, 1)))
        self.assertEqual(3, self.claims.swap(wanted(vm, {a: {"VCPU": 1}}, 2)))
        held = self.claims.read_back(vm)
        self.assertEqual(({a: {"VCPU": 1}}, 3), (held.allocations, held.generation))
        self.assertEqual({"VCPU": 0}, self.books.usages(b))

    def test_adopting_rewrites_the_same_and_raises_the_generation(self) -> None:
        host, vm = self.host("a", {"VCPU": 1}), new_uuid()
        self.claims.claim_many([wanted(vm, {host: {"VCPU": 1}})])
        results = self.claims.claim_many([wanted(vm, {host: {"VCPU": 1}}, 1)])
        self.assertEqual({vm: 2}, results.claimed)

    def test_project_user_and_type_are_those_of_the_last_write(self) -> None:
        a, b, vm = self.host("a", {"VCPU": 4}), self.host("b", {"VCPU": 4}), new_uuid()
        self.claims.claim_many([wanted(vm, {a: {"VCPU": 1}})])
        self.claims.swap(wanted(vm, {b: {"VCPU": 1}}, 1))
        self.assertEqual(OWNER, self.claims.read_back(vm).owner)
        other = Owner("p2", "u2", "INSTANCE")
        self.claims.swap(wanted(vm, {b: {"VCPU": 1}}, 2, other))
        self.assertEqual(other, self.claims.read_back(vm).owner)

    def test_who_holds_nothing_is_shown_empty(self) -> None:
        held = self.claims.read_back(new_uuid())
        self.assertEqual(({}, None, None), (held.allocations, held.generation, held.owner))

    def test_no_room_is_a_conflict(self) -> None:
        host, vm = self.host("a", {"VCPU": 1}), new_uuid()
        results = self.claims.claim_many([wanted(vm, {host: {"VCPU": 2}})])
        self.assertEqual({}, results.claimed)
        self.assertIsInstance(results.refused[vm], errors.ClaimConflict)
        self.assertIsNone(self.claims.read_back(vm).generation)

    def test_after_a_conflict_the_next_host_is_claimed_with_null(self) -> None:
        a, b, vm = self.host("a", {"VCPU": 1}), self.host("b", {"VCPU": 2}), new_uuid()
        self.claims.claim_many([wanted(vm, {a: {"VCPU": 2}})])
        self.assertEqual({vm: 1}, self.claims.claim_many([wanted(vm, {b: {"VCPU": 2}})]).claimed)

    def test_a_class_that_the_host_has_not_is_a_conflict(self) -> None:
        host, vm = self.host("a", {"VCPU": 1}), new_uuid()
        results = self.claims.claim_many([wanted(vm, {host: {"MEMORY_MB": 2}})])
        self.assertIsInstance(results.refused[vm], errors.ClaimConflict)

    def test_a_swap_without_room_leaves_the_old_claim(self) -> None:
        a, b, vm = self.host("a", {"VCPU": 4}), self.host("b", {"VCPU": 1}), new_uuid()
        self.claims.claim_many([wanted(vm, {a: {"VCPU": 2}})])
        move = wanted(vm, {b: {"VCPU": 2}}, 1)
        self.assertRaises(errors.ClaimConflict, self.claims.swap, move)
        held = self.claims.read_back(vm)
        self.assertEqual(({a: {"VCPU": 2}}, 1), (held.allocations, held.generation))

    def test_a_swap_that_somebody_else_overtook_is_stale(self) -> None:
        a, b, vm = self.host("a", {"VCPU": 4}), self.host("b", {"VCPU": 4}), new_uuid()
        self.claims.claim_many([wanted(vm, {a: {"VCPU": 1}})])
        self.claims.swap(wanted(vm, {b: {"VCPU": 1}}, 1))
        late = wanted(vm, {a: {"VCPU": 1}}, 1)
        error = self.assertRaises(errors.StaleGeneration, self.claims.swap, late)
        self.assertEqual((1, 2), (error.expected, error.found))

    def test_a_swap_of_what_is_gone_is_stale(self) -> None:
        host, vm = self.host("a", {"VCPU": 4}), new_uuid()
        move = wanted(vm, {host: {"VCPU": 1}}, 3)
        error = self.assertRaises(errors.StaleGeneration, self.claims.swap, move)
        self.assertEqual((3, None), (error.expected, error.found))

    def test_a_first_claim_of_who_holds_one_is_stale(self) -> None:
        """Also where it is the same claim: whose it is, is not for the ledger to say."""
        host, vm = self.host("a", {"VCPU": 4}), new_uuid()
        self.claims.claim_many([wanted(vm, {host: {"VCPU": 1}})])
        results = self.claims.claim_many([wanted(vm, {host: {"VCPU": 1}})])
        error = results.refused[vm]
        assert isinstance(error, errors.StaleGeneration)
        self.assertEqual((None, 1), (error.expected, error.found))

    def test_who_was_left_behind_empty_can_be_claimed(self) -> None:
        """A write that names no provider of ours leaves its consumer at generation 0."""
        host, vm = self.host("a", {"VCPU": 4}), new_uuid()
        results = self.claims.claim_many([wanted(vm, {new_uuid(): {"VCPU": 1}})])
        refusal = results.refused[vm]
        assert isinstance(refusal, errors.LedgerRefused)
        self.assertEqual(400, refusal.status)
        results = self.claims.claim_many([wanted(vm, {host: {"VCPU": 1}})])
        self.assertEqual({vm: 1}, results.claimed)
        self.assertEqual(1, self.claims.read_back(vm).generation)

    def test_who_was_left_behind_still_needs_room(self) -> None:
        host, vm = self.host("a", {"VCPU": 1}), new_uuid()
        self.claims.claim_many([wanted(vm, {new_uuid(): {"VCPU": 1}})])
        results = self.claims.claim_many([wanted(vm, {host: {"VCPU": 2}})])
        self.assertIsInstance(results.refused[vm], errors.ClaimConflict)

    def test_unclaim_gives_all_back_and_forgets_the_consumer(self) -> None:
        host, vm = self.host("a", {"VCPU": 1}), new_uuid()
        self.claims.claim_many([wanted(vm, {host: {"VCPU": 1}})])
        self.claims.unclaim(vm, OWNER, 1)
        self.assertIsNone(self.claims.read_back(vm).generation)
        self.assertEqual({"VCPU": 0}, self.books.usages(host))
        results = self.claims.claim_many([wanted(vm, {host: {"VCPU": 1}})])
        self.assertEqual({vm: 1}, results.claimed)

    def test_unclaim_twice_is_no_error(self) -> None:
        host, vm = self.host("a", {"VCPU": 1}), new_uuid()
        self.claims.claim_many([wanted(vm, {host: {"VCPU": 1}})])
        self.claims.unclaim(vm, OWNER, 1)
        self.claims.unclaim(vm, OWNER, 1)
        self.claims.unclaim(new_uuid(), OWNER, 7)

    def test_unclaim_of_a_newer_claim_is_stale_and_leaves_it(self) -> None:
        host, vm = self.host("a", {"VCPU": 1}), new_uuid()
        self.claims.claim_many([wanted(vm, {host: {"VCPU": 1}})])
        self.claims.claim_many([wanted(vm, {host: {"VCPU": 1}}, 1)])
        error = self.assertRaises(errors.StaleGeneration, self.claims.unclaim, vm, OWNER, 1)
        self.assertEqual((1, 2), (error.expected, error.found))
        self.assertEqual({host: {"VCPU": 1}}, self.claims.read_back(vm).allocations)
