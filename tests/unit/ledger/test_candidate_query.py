"""A build request, in the spelling of GET /allocation_candidates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import testtools

from understudy.ledger import candidate_query
from understudy.objects.build_request import BuildRequest, ResourceGroup

REQUEST_ID = "5a7d4f6c-0d3f-4f6a-9d52-3a3c0a9f8a11"


def request(**fields: Any) -> BuildRequest:
    return BuildRequest(request_id=REQUEST_ID, project_id="p", user_id="u", **fields)


def query(**fields: Any) -> list[tuple[str, str]]:
    return candidate_query.query(request(**fields), 50)


class QueryTest(testtools.TestCase):
    def test_resources_alone(self) -> None:
        self.assertEqual(
            [
                ("resources", "MEMORY_MB:512,VCPU:2"),
                ("root_required", "!COMPUTE_STATUS_DISABLED"),
                ("limit", "50"),
            ],
            query(resources={"VCPU": 2, "MEMORY_MB": 512}),
        )

    def test_traits_and_aggregates(self) -> None:
        asked = query(
            resources={"VCPU": 2},
            required_traits=["A", "B"],
            forbidden_traits=["C"],
            any_traits=[["D", "E"], ["F"]],
            aggregates=["one", "two"],
        )
        self.assertEqual(
            [
                ("required", "A,B,!C"),
                ("required", "in:D,E"),
                ("required", "in:F"),
                ("member_of", "in:one,two"),
            ],
            asked[1:5],
        )

    def test_groups_carry_their_suffix(self) -> None:
        group = ResourceGroup(
            suffix="_GPU0",
            resources={"CUSTOM_GPU_MILLI": 500},
            required_traits=["A"],
            forbidden_traits=["B"],
            any_traits=[["C", "D"]],
            aggregates=["one"],
        )
        asked = query(groups=[group], group_policy="isolate", same_subtree=[["_GPU0", "_X"]])
        self.assertEqual(
            [
                ("resources_GPU0", "CUSTOM_GPU_MILLI:500"),
                ("required_GPU0", "A,!B"),
                ("required_GPU0", "in:C,D"),
                ("member_of_GPU0", "in:one"),
                ("group_policy", "isolate"),
                ("same_subtree", "_GPU0,_X"),
                ("root_required", "!COMPUTE_STATUS_DISABLED"),
                ("limit", "50"),
            ],
            asked,
        )

    def test_without_unnumbered_resources_its_traits_are_the_roots(self) -> None:
        group = ResourceGroup(suffix="1", resources={"VCPU": 1})
        asked = query(groups=[group], required_traits=["A"], forbidden_traits=["B"])
        self.assertIn(("root_required", "!COMPUTE_STATUS_DISABLED,A,!B"), asked)

    def sharing(self, groups: Sequence[ResourceGroup] = (), **fields: Any) -> tuple[int, int]:
        found = candidate_query.sharing(request(groups=list(groups), **fields))
        return found.most, found.in_all

    def test_groups_of_a_class_are_counted_however_else_they_differ(self) -> None:
        groups = [
            ResourceGroup(suffix="1", resources={"VCPU": 1}, required_traits=["A"]),
            ResourceGroup(suffix="2", resources={"VCPU": 2}, any_traits=[["B", "A"]]),
            ResourceGroup(suffix="3", resources={"VCPU": 3}, aggregates=["one"]),
        ]
        groups += [
            ResourceGroup(suffix=f"_{n}", resources={"VCPU": 1}, forbidden_traits=[f"CUSTOM_{n}"])
            for n in range(6)
        ]
        self.assertEqual((9, 9), self.sharing(groups))
        self.assertEqual((10, 10), self.sharing(groups, resources={"VCPU": 1, "MEMORY_MB": 1}))

    def test_groups_that_share_with_each_other_are_counted_over_all_classes(self) -> None:
        classes = ["A", "A", "B", "B", "B", "C"]
        groups = [
            ResourceGroup(suffix=str(n), resources={name: 1}) for n, name in enumerate(classes)
        ]
        self.assertEqual((3, 5), self.sharing(groups))
        chain = [
            ResourceGroup(suffix=str(n), resources={f"C{n}": 1, f"C{n + 1}": 1}) for n in range(4)
        ]
        self.assertEqual((2, 4), self.sharing(chain))

    def test_one_group_of_each_class_shares_nothing(self) -> None:
        groups = [ResourceGroup(suffix=str(n), resources={f"C{n}": 1}) for n in range(9)]
        self.assertEqual((1, 0), self.sharing(groups, resources={"VCPU": 1}))
        self.assertEqual((0, 0), self.sharing())

    def test_groups_without_resources_share_any_provider(self) -> None:
        groups = [ResourceGroup(suffix=str(n), required_traits=[f"T{n}"]) for n in range(7)]
        self.assertEqual((7, 7), self.sharing(groups))

    def test_the_largest_amount_of_each_class(self) -> None:
        groups = [ResourceGroup(suffix=str(n), resources={"VCPU": n}) for n in (3, 1)]
        asked = request(resources={"VCPU": 2, "MEMORY_MB": 8}, groups=groups)
        self.assertEqual({"VCPU": 3, "MEMORY_MB": 8}, candidate_query.largest_amounts(asked))
