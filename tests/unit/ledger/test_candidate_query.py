"""A build request, in the spelling of GET /allocation_candidates."""

from __future__ import annotations

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

    def test_equal_groups_are_counted_whatever_their_order(self) -> None:
        groups = [
            ResourceGroup(suffix="1", resources={"VCPU": 1}, required_traits=["A", "B"]),
            ResourceGroup(suffix="2", resources={"VCPU": 1}, required_traits=["B", "A"]),
            ResourceGroup(suffix="3", resources={"VCPU": 2}, required_traits=["A", "B"]),
        ]
        self.assertEqual(2, candidate_query.most_equal_groups(request(groups=groups)))
        self.assertEqual(0, candidate_query.most_equal_groups(request()))

    def test_the_largest_amount_of_each_class(self) -> None:
        groups = [ResourceGroup(suffix=str(n), resources={"VCPU": n}) for n in (3, 1)]
        asked = request(resources={"VCPU": 2, "MEMORY_MB": 8}, groups=groups)
        self.assertEqual({"VCPU": 3, "MEMORY_MB": 8}, candidate_query.largest_amounts(asked))
