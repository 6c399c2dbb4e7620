"""What every ledger promises about candidates."""

from __future__ import annotations

import json
from typing import Any

from tests.functional.ledger import subject
from tests.functional.ledger.subject import new_uuid, request, wanted
from understudy.ledger import errors
from understudy.ledger.protocols import CandidateSet, WantedClaim
from understudy.objects import allocation_template
from understudy.objects.build_request import ResourceGroup

T4, V100 = "CUSTOM_GPU_T4", "CUSTOM_GPU_V100"


def gpus(count: int, milli: int = 1000, **fields: Any) -> list[ResourceGroup]:
    return [
        ResourceGroup(suffix=f"_GPU{index}", resources={"CUSTOM_GPU_MILLI": milli}, **fields)
        for index in range(count)
    ]


def roots(found: CandidateSet) -> set[str]:
    return {candidate.root_provider for candidate in found.candidates}


def asked(found: CandidateSet) -> list[dict[str, Any]]:
    return [json.loads(candidate.allocation_request) for candidate in found.candidates]


class CandidatePromises(subject.LedgerTestCase):
    def test_every_host_with_room_is_a_candidate(self) -> None:
        a, b = self.host("a", {"VCPU": 4}), self.host("b", {"VCPU": 4})
        self.host("small", {"VCPU": 1})
        found = self.candidates.find(request({"VCPU": 2}), 10)
        self.assertEqual({a, b}, roots(found))
        self.assertEqual({"1.39"}, {candidate.version for candidate in found.candidates})

    def test_a_candidate_carries_what_claims_it_and_no_more(self) -> None:
        host = self.host("a", {"VCPU": 4, "MEMORY_MB": 64})
        found = self.candidates.find(request({"VCPU": 2, "MEMORY_MB": 8}), 10)
        self.assertEqual(
            [
                {
                    "allocations": {host: {"resources": {"VCPU": 2, "MEMORY_MB": 8}}},
                    "mappings": {"": [host]},
                }
            ],
            asked(found),
        )
        text = found.candidates[0].allocation_request
        self.assertEqual(text, allocation_template.join(*allocation_template.split(text)))

    def test_a_candidate_can_be_claimed_and_then_there_is_less(self) -> None:
        self.host("a", {"VCPU": 3})
        [candidate] = self.candidates.find(request({"VCPU": 2}), 10).candidates
        vm = new_uuid()
        claim = WantedClaim(vm, subject.OWNER, candidate.allocation_request)
        self.assertEqual({vm: 1}, self.claims.claim_many([claim]).claimed)
        self.assertEqual([], list(self.candidates.find(request({"VCPU": 2}), 10).candidates))
        self.assertEqual(1, len(self.candidates.find(request({"VCPU": 1}), 10).candidates))

    def test_no_room_is_an_answer(self) -> None:
        found = self.candidates.find(request({"VCPU": 2}), 10)
        self.assertEqual(([], {}), (list(found.candidates), dict(found.summaries)))

    def test_at_most_so_many(self) -> None:
        for index in range(4):
            self.host(f"h{index}", {"VCPU": 4})
        self.assertEqual(3, len(self.candidates.find(request({"VCPU": 2}), 3).candidates))

    def test_summaries_say_capacity_use_traits_and_tree(self) -> None:
        root, gpu = self.gpu_host("a", 1, T4, VCPU=4)
        self.claims.claim_many([wanted(new_uuid(), {root.uuid: {"VCPU": 1}})])
        summaries = self.candidates.find(request({"VCPU": 2}), 10).summaries
        self.assertEqual({root.uuid, gpu.uuid}, summaries.keys())
        self.assertEqual(
            ({"VCPU": 4}, {"VCPU": 1}), (summaries[root.uuid].capacity, summaries[root.uuid].used)
        )
        self.assertEqual(
            (root.uuid, frozenset({T4})), (summaries[gpu.uuid].root, summaries[gpu.uuid].traits)
        )

    def test_traits_required_forbidden_and_any_of(self) -> None:
        plain = self.host("plain", {"VCPU": 4})
        fast = self.host("fast", {"VCPU": 4}, ["CUSTOM_FAST"])
        both = self.host("both", {"VCPU": 4}, ["CUSTOM_FAST", "CUSTOM_RED"])
        blue = self.host("blue", {"VCPU": 4}, ["CUSTOM_BLUE"])
        for expected, traits in (
            ({fast, both}, {"required_traits": ["CUSTOM_FAST"]}),
            ({plain, blue}, {"forbidden_traits": ["CUSTOM_FAST"]}),
            ({fast}, {"required_traits": ["CUSTOM_FAST"], "forbidden_traits": ["CUSTOM_RED"]}),
            ({both, blue}, {"any_traits": [["CUSTOM_RED", "CUSTOM_BLUE"]]}),
            (
                {both},
                {"any_traits": [["CUSTOM_RED", "CUSTOM_BLUE"], ["CUSTOM_FAST", "CUSTOM_RED"]]},
            ),
        ):
            self.assertEqual(
                expected, roots(self.candidates.find(request({"VCPU": 1}, **traits), 9))
            )

    def test_aggregates_are_any_of(self) -> None:
        one, two = new_uuid(), new_uuid()
        a = self.host("a", {"VCPU": 4}, aggregates=[one])
        b = self.host("b", {"VCPU": 4}, aggregates=[two, new_uuid()])
        self.host("c", {"VCPU": 4})
        find = self.candidates.find
        self.assertEqual({a}, roots(find(request({"VCPU": 1}, aggregates=[one]), 9)))
        self.assertEqual({a, b}, roots(find(request({"VCPU": 1}, aggregates=[one, two]), 9)))

    def test_a_host_that_is_not_schedulable_is_left_out(self) -> None:
        a, b = self.gpu_host("a", 1, T4, VCPU=4), self.gpu_host("b", 1, T4, VCPU=4)
        self.inventory.set_schedulable(a[0].uuid, False)
        for one in (request({"VCPU": 1}), request({}, gpus(1)), request({"VCPU": 1}, gpus(1))):
            self.assertEqual({b[0].uuid}, roots(self.candidates.find(one, 9)))
        self.inventory.set_schedulable(a[0].uuid, True)
        self.assertEqual(2, len(roots(self.candidates.find(request({}, gpus(1)), 9))))

    def test_traits_of_a_request_of_groups_only_are_the_hosts(self) -> None:
        a, b = self.gpu_host("a", 1, T4, VCPU=4), self.gpu_host("b", 1, T4, VCPU=4)
        a[0].traits = ["CUSTOM_FAST"]
        self.put_tree(a)
        one = request({}, gpus(1), required_traits=["CUSTOM_FAST"])
        self.assertEqual({a[0].uuid}, roots(self.candidates.find(one, 9)))
        one = request({}, gpus(1), forbidden_traits=["CUSTOM_FAST"])
        self.assertEqual({b[0].uuid}, roots(self.candidates.find(one, 9)))

    def test_a_group_takes_all_from_one_child_of_the_right_model(self) -> None:
        t4, v100 = self.gpu_host("a", 2, T4, VCPU=4), self.gpu_host("b", 1, V100, VCPU=4)
        found = self.candidates.find(request({"VCPU": 1}, gpus(1, 500, required_traits=[V100])), 9)
        self.assertEqual({v100[0].uuid}, roots(found))
        mappings = {"": [v100[0].uuid], "_GPU0": [v100[1].uuid]}
        self.assertEqual(mappings, asked(found)[0]["mappings"])
        for expected, count, groups in (
            ({t4[0].uuid, v100[0].uuid}, 3, gpus(1, any_traits=[[T4, V100]])),
            ({t4[0].uuid}, 2, gpus(1, forbidden_traits=[V100])),
            (set(), 0, gpus(1, 1001)),
        ):
            found = self.candidates.find(request({}, groups), 9)
            self.assertEqual((expected, count), (roots(found), len(found.candidates)))

    def test_isolated_groups_take_different_children(self) -> None:
        tree = self.gpu_host("a", 3, T4, VCPU=4)
        found = self.candidates.find(
            request({"VCPU": 1}, gpus(2, 500), group_policy="isolate"), 100
        )
        self.assertEqual(6, len(found.candidates))
        for one in asked(found):
            self.assertEqual(3, len(one["allocations"]))
        children = {gpu.uuid for gpu in tree[1:]}
        self.assertEqual(
            children, {uuid for one in asked(found) for uuid in one["mappings"]["_GPU1"]}
        )

    def test_groups_that_may_share_take_one_child_too(self) -> None:
        self.gpu_host("a", 1, T4, VCPU=4)
        find = self.candidates.find
        found = find(request({}, gpus(2, 500), group_policy="none"), 9)
        [[amounts]] = [list(one["allocations"].values()) for one in asked(found)]
        self.assertEqual({"resources": {"CUSTOM_GPU_MILLI": 1000}}, amounts)
        self.assertEqual(set(), roots(find(request({}, gpus(2, 501), group_policy="none"), 9)))
        self.assertEqual(set(), roots(find(request({}, gpus(2, 5), group_policy="isolate"), 9)))

    def test_same_subtree_holds_groups_together(self) -> None:
        root = self.provider("a", {"VCPU": 8})
        numa = [self.provider(f"numa{i}", {"MEMORY_MB": 64}, root) for i in range(2)]
        cards = [self.provider(f"gpu{i}", {"CUSTOM_GPU_MILLI": 1000}, numa[i]) for i in range(2)]
        self.put_tree([root, *numa, *cards])
        memory = ResourceGroup(suffix="_MEM", resources={"MEMORY_MB": 8})
        apart = request({}, [memory, *gpus(1)], group_policy="none")
        self.assertEqual(4, len(self.candidates.find(apart, 9).candidates))
        together = request(
            {}, [memory, *gpus(1)], group_policy="none", same_subtree=[["_MEM", "_GPU0"]]
        )
        found = self.candidates.find(together, 9)
        self.assertEqual(
            {frozenset({numa[i].uuid, cards[i].uuid}) for i in range(2)},
            {frozenset(one["allocations"]) for one in asked(found)},
        )

    def test_more_groups_of_a_class_than_can_be_answered_are_refused(self) -> None:
        """The six and seven groups, each with another forbidden trait, that took minutes."""
        for count in (6, 7):
            groups = [
                ResourceGroup(
                    suffix=f"_GPU{i}",
                    resources={"CUSTOM_GPU_MILLI": 10},
                    forbidden_traits=[f"CUSTOM_T{i}"],
                )
                for i in range(count)
            ]
            one = request({"VCPU": 1}, groups, group_policy="none")
            error = self.assertRaises(errors.TooManyEqualGroups, self.candidates.find, one, 9)
            self.assertEqual((count, 5), (error.equal, error.at_most))

    def test_groups_that_share_several_classes_are_counted_together(self) -> None:
        vcpus = [ResourceGroup(suffix=f"_X{i}", resources={"VCPU": 1}) for i in range(3)]
        one = request({}, [*gpus(4), *vcpus], group_policy="none")
        error = self.assertRaises(errors.TooManyEqualGroups, self.candidates.find, one, 9)
        self.assertEqual((7, 6), (error.equal, error.at_most))
        self.gpu_host("a", 1, T4, VCPU=4)
        self.candidates.find(request({}, [*gpus(4), *vcpus[:2]], group_policy="none"), 9)

    def test_one_group_of_each_class_is_answered(self) -> None:
        tree = [self.provider("a", {"VCPU": 4})]
        tree += [self.provider(f"c{n}", {f"CUSTOM_C{n}": 1}, tree[0]) for n in range(9)]
        self.put_tree(tree)
        groups = [ResourceGroup(suffix=f"_C{n}", resources={f"CUSTOM_C{n}": 1}) for n in range(9)]
        one = request({"VCPU": 1}, groups, group_policy="isolate")
        self.assertEqual({tree[0].uuid}, roots(self.candidates.find(one, 9)))

    def test_capable_counts_the_providers_for_each_class_alone(self) -> None:
        self.gpu_host("a", 2, T4, VCPU=4)
        self.host("b", {"VCPU": 16, "MEMORY_MB": 8})
        one = request(
            {"VCPU": 8, "MEMORY_MB": 8, "CUSTOM_UNHEARD_OF": 1}, gpus(2, 500), group_policy="none"
        )
        self.assertEqual(
            {"VCPU": 1, "MEMORY_MB": 1, "CUSTOM_UNHEARD_OF": 0, "CUSTOM_GPU_MILLI": 2},
            self.candidates.capable(one),
        )

    def test_names_that_the_ledger_has_not_are_refused(self) -> None:
        self.host("a", {"VCPU": 4})
        for one in (
            request({"CUSTOM_UNHEARD_OF": 1}),
            request({"VCPU": 1}, required_traits=["CUSTOM_UNHEARD_OF"]),
            request({"VCPU": 1}, any_traits=[["CUSTOM_UNHEARD_OF"]]),
            request({"VCPU": 1}, gpus(1, forbidden_traits=["CUSTOM_UNHEARD_OF"])),
        ):
            error = self.assertRaises(errors.LedgerRefused, self.candidates.find, one, 9)
            self.assertEqual(400, error.status)
