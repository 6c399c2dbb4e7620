"""What every ledger promises about host trees, names and books."""

from __future__ import annotations

from typing import Any

from tests.functional.ledger import subject
from tests.functional.ledger.subject import OWNER, new_uuid, request, wanted
from understudy.ledger import errors


class InventoryPromises(subject.LedgerTestCase):
    def found(self, **fields: Any) -> int:
        return len(self.candidates.find(request({"VCPU": 1}, **fields), 9).candidates)

    def test_a_tree_is_known_whole(self) -> None:
        tree = self.gpu_host("a", 2, "CUSTOM_GPU_T4", VCPU=4)
        uuids = {provider.uuid for provider in tree}
        self.assertEqual(uuids, set(self.books.providers_of(tree[0].uuid)))
        self.assertEqual([], list(self.books.providers_of(new_uuid())))
        self.assertEqual({"CUSTOM_GPU_MILLI": 0}, self.books.usages(tree[1].uuid))

    def test_a_tree_may_grow_and_change(self) -> None:
        root = self.provider("a", {"VCPU": 1})
        self.put_tree([root])
        root.inventories = {"VCPU": {"total": 8, "reserved": 2, "allocation_ratio": 2.0}}
        root.traits, root.aggregates, root.name = ["CUSTOM_FAST"], [new_uuid()], "a2"
        child = self.provider("child", {"CUSTOM_THING": 1}, root)
        self.put_tree([root, child])
        one = request({"VCPU": 12}, required_traits=["CUSTOM_FAST"], aggregates=root.aggregates)
        found = self.candidates.find(one, 9)
        self.assertEqual({"VCPU": 12}, found.summaries[root.uuid].capacity)
        self.assertEqual({"CUSTOM_THING": 1}, found.summaries[child.uuid].capacity)

    def test_reserved_units_and_steps_hold(self) -> None:
        root = self.provider("a", {})
        root.inventories = {"VCPU": {"total": 9, "min_unit": 2, "max_unit": 6, "step_size": 2}}
        self.put_tree([root])
        for amount, count in ((1, 0), (2, 1), (3, 0), (6, 1), (8, 0)):
            found = self.candidates.find(request({"VCPU": amount}), 9)
            self.assertEqual(count, len(found.candidates), str(amount))
            vm = new_uuid()
            results = self.claims.claim_many([wanted(vm, {root.uuid: {"VCPU": amount}})])
            self.assertEqual(count, len(results.claimed), str(amount))
            if results.claimed:
                self.claims.unclaim(vm, OWNER, 1)

    def test_a_tree_is_put_while_claims_come_and_go(self) -> None:
        root = self.provider("a", {"VCPU": 4})
        self.put_tree([root])
        vm = new_uuid()
        self.claims.claim_many([wanted(vm, {root.uuid: {"VCPU": 1}})])
        root.inventories = {"VCPU": {"total": 5}, "MEMORY_MB": {"total": 5}}
        self.put_tree([root])
        self.assertEqual({"VCPU": 1, "MEMORY_MB": 0}, self.books.usages(root.uuid))

    def test_a_tree_is_removed_whole_and_again(self) -> None:
        tree = self.gpu_host("a", 2, "CUSTOM_GPU_T4", VCPU=4)
        other = self.provider("b", {"VCPU": 1})
        self.put_tree([other])
        recorded = {provider.uuid for provider in tree}
        for _ in range(2):
            self.inventory.remove_tree(tree[0].uuid, recorded)
            self.assertEqual([], list(self.books.providers_of(tree[0].uuid)))
        self.assertEqual([other.uuid], list(self.books.providers_of(other.uuid)))

    def test_a_tree_in_use_is_not_removed(self) -> None:
        root = self.provider("a", {"VCPU": 4})
        self.put_tree([root])
        self.claims.claim_many([wanted(new_uuid(), {root.uuid: {"VCPU": 1}})])
        refused = self.assertRaises(
            errors.LedgerRefused, self.inventory.remove_tree, root.uuid, [root.uuid]
        )
        self.assertEqual(409, refused.status)

    def test_what_is_in_use_is_not_taken_away(self) -> None:
        root = self.provider("a", {"VCPU": 4, "MEMORY_MB": 4})
        self.put_tree([root])
        self.claims.claim_many([wanted(new_uuid(), {root.uuid: {"VCPU": 1}})])
        root.inventories = {"MEMORY_MB": {"total": 4}}
        self.assertRaises(errors.TreeRefused, self.put_tree, [root])
        self.assertEqual({"VCPU": 1, "MEMORY_MB": 0}, self.books.usages(root.uuid))

    def test_putting_a_tree_leaves_it_unschedulable(self) -> None:
        root = self.provider("a", {"VCPU": 4}, traits=["CUSTOM_FAST"])
        self.put_tree([root])
        self.inventory.set_schedulable(root.uuid, False)
        root.traits = ["CUSTOM_FAST", "CUSTOM_RED"]
        self.put_tree([root])
        self.assertEqual(0, self.found())
        self.inventory.set_schedulable(root.uuid, True)
        self.assertEqual(1, self.found(required_traits=["CUSTOM_RED", "CUSTOM_FAST"]))

    def test_a_tree_cannot_make_a_host_unschedulable(self) -> None:
        self.host("a", {"VCPU": 4}, ["COMPUTE_STATUS_DISABLED"])
        self.assertEqual(1, self.found())

    def test_schedulability_of_an_unknown_host_is_refused(self) -> None:
        error = self.assertRaises(
            errors.LedgerRefused, self.inventory.set_schedulable, new_uuid(), False
        )
        self.assertEqual(404, error.status)

    def test_a_name_is_known_as_soon_as_it_is_created(self) -> None:
        classes, traits = ["VCPU", "CUSTOM_THING", "NONSENSE"], ["CUSTOM_FAST", "HW_CPU_X86_AVX2"]
        self.assertEqual(
            ["CUSTOM_THING", "NONSENSE"], self.vocabulary.unknown_resource_classes(classes)
        )
        self.assertEqual(["CUSTOM_FAST"], self.vocabulary.unknown_traits(traits))
        self.host("a", {"CUSTOM_THING": 1}, ["CUSTOM_FAST"])
        self.assertEqual(["NONSENSE"], self.vocabulary.unknown_resource_classes(classes))
        self.assertEqual([], self.vocabulary.unknown_traits(traits))

    def test_the_books_say_who_holds_what_of_which_provider(self) -> None:
        root, gpu = self.gpu_host("a", 1, "CUSTOM_GPU_T4", VCPU=4)
        vms = [new_uuid() for _ in range(2)]
        self.claims.claim_many(
            [
                wanted(vms[0], {root.uuid: {"VCPU": 1}, gpu.uuid: {"CUSTOM_GPU_MILLI": 300}}),
                wanted(vms[1], {root.uuid: {"VCPU": 2}}),
            ]
        )
        self.assertEqual(
            {vms[0]: {"VCPU": 1}, vms[1]: {"VCPU": 2}}, self.books.claims_on(root.uuid)
        )
        self.assertEqual({vms[0]: {"CUSTOM_GPU_MILLI": 300}}, self.books.claims_on(gpu.uuid))
        self.assertEqual({"VCPU": 3}, self.books.usages(root.uuid))

    def test_books_of_an_unknown_provider_are_refused(self) -> None:
        for read in (self.books.claims_on, self.books.usages):
            error = self.assertRaises(errors.LedgerRefused, read, new_uuid())
            self.assertEqual(404, error.status)
