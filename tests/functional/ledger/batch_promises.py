"""What every ledger promises about many claims at once."""

from __future__ import annotations

from tests.functional.ledger import subject
from tests.functional.ledger.subject import new_uuid, wanted
from understudy.ledger import errors


class BatchPromises(subject.LedgerTestCase):
    def test_nothing_is_claimed_for_nobody(self) -> None:
        self.assertEqual({}, self.claims.claim_many([]).claimed)

    def test_several_go_to_one_host_in_one_batch(self) -> None:
        host, vms = self.host("a", {"VCPU": 3}), [new_uuid() for _ in range(3)]
        results = self.claims.claim_many([wanted(vm, {host: {"VCPU": 1}}) for vm in vms])
        self.assertEqual(dict.fromkeys(vms, 1), results.claimed)
        self.assertEqual({"VCPU": 3}, self.books.usages(host))

    def test_one_host_takes_as_many_as_it_has_room_for_the_first_first(self) -> None:
        host, vms = self.host("a", {"VCPU": 2}), [new_uuid() for _ in range(5)]
        results = self.claims.claim_many([wanted(vm, {host: {"VCPU": 1}}) for vm in vms])
        self.assertEqual(dict.fromkeys(vms[:2], 1), results.claimed)
        self.assertEqual(set(vms[2:]), results.refused.keys())
        for error in results.refused.values():
            self.assertIsInstance(error, errors.ClaimConflict)

    def test_a_full_host_refuses_only_its_own(self) -> None:
        hosts = [self.host(f"h{index}", {"VCPU": 3}) for index in range(5)]
        full = self.host("full", {"VCPU": 1})
        vms = [new_uuid() for _ in range(13)]
        places = [full if index % 6 == 4 else hosts[index % 5] for index in range(13)]
        results = self.claims.claim_many(
            [wanted(vm, {place: {"VCPU": 1}}) for vm, place in zip(vms, places, strict=True)]
        )
        self.assertEqual([vms[10]], list(results.refused))
        self.assertEqual(12, len(results.claimed))

    def test_each_refusal_says_its_own_reason(self) -> None:
        host, small = self.host("a", {"VCPU": 9}), self.host("b", {"VCPU": 1})
        good, taken, big, lost = (new_uuid() for _ in range(4))
        self.claims.claim_many([wanted(taken, {host: {"VCPU": 1}})])
        results = self.claims.claim_many(
            [
                wanted(good, {host: {"VCPU": 1}}),
                wanted(taken, {host: {"VCPU": 2}}),
                wanted(big, {small: {"VCPU": 2}}),
                wanted(lost, {new_uuid(): {"VCPU": 1}}),
            ]
        )
        self.assertEqual({good: 1}, results.claimed)
        self.assertIsInstance(results.refused[taken], errors.StaleGeneration)
        self.assertIsInstance(results.refused[big], errors.ClaimConflict)
        self.assertIsInstance(results.refused[lost], errors.LedgerRefused)
        self.assertEqual({host: {"VCPU": 1}}, self.claims.read_back(taken).allocations)

    def test_one_that_was_left_behind_is_claimed_with_the_others(self) -> None:
        host, vms = self.host("a", {"VCPU": 9}), [new_uuid() for _ in range(4)]
        self.claims.claim_many([wanted(vms[2], {new_uuid(): {"VCPU": 1}})])
        results = self.claims.claim_many([wanted(vm, {host: {"VCPU": 1}}) for vm in vms])
        self.assertEqual(dict.fromkeys(vms, 1), results.claimed)

    def test_moves_and_first_claims_share_a_batch(self) -> None:
        a, b = self.host("a", {"VCPU": 1}), self.host("b", {"VCPU": 1})
        old, new = new_uuid(), new_uuid()
        self.claims.claim_many([wanted(old, {a: {"VCPU": 1}})])
        results = self.claims.claim_many(
            [wanted(old, {b: {"VCPU": 1}}, 1), wanted(new, {a: {"VCPU": 1}})]
        )
        self.assertEqual({old: 2, new: 1}, results.claimed)

    def test_a_consumer_stands_in_a_batch_once(self) -> None:
        host, vm = self.host("a", {"VCPU": 9}), new_uuid()
        claim = wanted(vm, {host: {"VCPU": 1}})
        self.assertRaises(ValueError, self.claims.claim_many, [claim, claim])
