"""One bad request after the other, each with the one line its client reads."""

from __future__ import annotations

import unittest
from typing import Any

from tests.unit.objects import samples
from understudy.objects import errors, text, validation

NAME = "write capitals, digits and underscores, as in"
RESOURCE = f"{NAME} VCPU or CUSTOM_GPU_MILLI"
TRAIT = f"{NAME} HW_CPU_X86_AVX2 or CUSTOM_FAST"
AGGREGATE = "write 32 lower-case hex digits as 8-4-4-4-12"


class RefusalCase(unittest.TestCase):
    """Says what a request with these changes is told."""

    def refused(self, message: str, **changes: Any) -> None:
        with self.assertRaises(errors.InvalidRequest) as caught:
            validation.check(samples.request(**changes))
        self.assertEqual(message, str(caught.exception))
        self.assertNotIn("\n", str(caught.exception))

    def accepted(self, **changes: Any) -> None:
        validation.check(samples.request(**changes))


class TestResources(RefusalCase):
    def test_an_empty_request(self) -> None:
        self.refused(
            "resources: the request asks for nothing; name at least one resource class",
            resources={},
        )

    def test_groups_that_ask_for_nothing(self) -> None:
        self.refused(
            "resources: the request asks for nothing; name at least one resource class",
            resources={},
            groups=[samples.group(resources={}, required_traits=["CUSTOM_A"])],
        )

    def test_a_zero_amount(self) -> None:
        self.refused(
            "resources.VCPU: the amount is 0; ask for 1 or more, or leave it out",
            resources={"VCPU": 0},
        )

    def test_a_negative_amount(self) -> None:
        self.refused(
            "resources.VCPU: the amount is -1; ask for 1 or more, or leave it out",
            resources={"VCPU": -1},
        )

    def test_an_amount_that_placement_cannot_hold(self) -> None:
        self.accepted(resources={"VCPU": 2**31 - 1})
        self.refused(
            "resources.VCPU: the amount is 2147483648; ask for at most 2147483647",
            resources={"VCPU": 2**31},
        )

    def test_names_that_are_none(self) -> None:
        for name in ("vcpu", "", "A B", "VCPU\n", "A" * 256, "VCPÜ"):
            with self.subTest(name):
                self.refused(
                    f"resources: {text.excerpt(name)} is not the name of a resource class; "
                    f"{RESOURCE}",
                    resources={name: 1},
                )

    def test_a_fault_in_a_group_names_the_group(self) -> None:
        self.refused(
            "groups[1].resources.VGPU: the amount is 0; ask for 1 or more, or leave it out",
            groups=[samples.group("_A"), samples.group("_B", resources={"VGPU": 0})],
            group_policy="none",
        )


class TestTraits(RefusalCase):
    def test_names_that_are_none(self) -> None:
        for name in ("avx2", "!CUSTOM_A", "", "CUSTOM_A\n"):
            for field in ("required_traits", "forbidden_traits"):
                with self.subTest(name, field=field):
                    self.refused(
                        f"{field}: {name!r} is not the name of a trait; {TRAIT}", **{field: [name]}
                    )

    def test_a_name_that_is_none_in_a_choice(self) -> None:
        self.refused(
            f"any_traits[1]: 'b' is not the name of a trait; {TRAIT}",
            any_traits=[["CUSTOM_A"], ["CUSTOM_B", "b"]],
        )

    def test_required_and_forbidden(self) -> None:
        self.refused(
            "required_traits: CUSTOM_A, CUSTOM_B is required and forbidden; "
            "take it out of one of the two",
            required_traits=["CUSTOM_B", "CUSTOM_A", "CUSTOM_C"],
            forbidden_traits=["CUSTOM_A", "CUSTOM_B"],
        )

    def test_required_and_forbidden_within_a_group(self) -> None:
        self.refused(
            "groups[0].required_traits: CUSTOM_A is required and forbidden; "
            "take it out of one of the two",
            groups=[
                samples.group(required_traits=["CUSTOM_A"], forbidden_traits=["CUSTOM_A"]),
            ],
        )

    def test_required_here_and_forbidden_in_a_group_are_two_providers(self) -> None:
        self.accepted(
            required_traits=["CUSTOM_A"], groups=[samples.group(forbidden_traits=["CUSTOM_A"])]
        )

    def test_an_empty_choice(self) -> None:
        self.refused(
            "any_traits[0]: the list is empty; "
            "name the traits to choose from, or leave the list out",
            any_traits=[[]],
        )

    def test_a_choice_of_what_is_forbidden(self) -> None:
        self.accepted(any_traits=[["CUSTOM_A", "CUSTOM_B"]], forbidden_traits=["CUSTOM_A"])
        self.refused(
            "any_traits[0]: every one of CUSTOM_A, CUSTOM_B is forbidden; "
            "leave at least one of them allowed",
            any_traits=[["CUSTOM_B", "CUSTOM_A", "CUSTOM_B"]],
            forbidden_traits=["CUSTOM_A", "CUSTOM_B"],
        )

    def test_the_same_trait_twice_does_no_harm(self) -> None:
        # An image and a flavor that are put together often say the same.
        self.accepted(required_traits=["CUSTOM_A", "CUSTOM_A"])

    def test_what_narrows_nothing(self) -> None:
        for field, value in {
            "required_traits": ["CUSTOM_A"],
            "forbidden_traits": ["CUSTOM_A"],
            "any_traits": [["CUSTOM_A"]],
            "aggregates": [samples.uuid(5)],
        }.items():
            with self.subTest(field):
                self.refused(
                    f"{field}: it narrows the resources beside it, and there are none; "
                    "move it into the group it is meant for, or ask for resources here",
                    resources={},
                    groups=[samples.group()],
                    **{field: value},
                )

    def test_an_aggregate_that_is_no_uuid(self) -> None:
        for aggregate in ("rack-1", samples.uuid(0xABC).upper(), samples.uuid(1) + "\n", ""):
            with self.subTest(aggregate):
                self.refused(
                    f"aggregates: {aggregate!r} is not the uuid of an aggregate; {AGGREGATE}",
                    aggregates=[aggregate],
                )


class TestGroups(RefusalCase):
    def test_suffixes_that_are_none(self) -> None:
        for suffix in ("", "a b", "é", "x" * 65, "_A\n"):
            with self.subTest(suffix):
                self.refused(
                    f"groups[0].suffix: {text.excerpt(suffix)} is not a suffix; "
                    "write 1 to 64 letters, digits, '_' or '-'",
                    groups=[samples.group(suffix)],
                )

    def test_a_suffix_twice(self) -> None:
        self.refused(
            "groups[1].suffix: '_A' stands twice; give each group its own",
            groups=[samples.group("_A"), samples.group("_A")],
            group_policy="none",
        )

    def test_more_groups_than_no_policy_allows(self) -> None:
        self.accepted(groups=[samples.group("_A")])
        self.refused(
            "group_policy: there are 2 groups and no policy, which is enough for one only; "
            "say 'none' (they may share a provider) or 'isolate' (they may not)",
            groups=[samples.group("_A"), samples.group("_B")],
        )

    def test_a_group_without_resources_needs_the_policy_too(self) -> None:
        groups = [
            samples.group("_A"),
            samples.group("_B", resources={}, required_traits=["CUSTOM_NIC"]),
        ]
        self.refused(
            "group_policy: there are 2 groups and no policy, which is enough for one only; "
            "say 'none' (they may share a provider) or 'isolate' (they may not)",
            groups=groups,
            same_subtree=[["_A", "_B"]],
        )
        self.accepted(groups=groups, same_subtree=[["_A", "_B"]], group_policy="none")

    def test_a_group_without_resources_that_no_subtree_names(self) -> None:
        self.refused(
            "groups[0].resources: the group asks for none and no same_subtree names it; "
            "ask for resources, or put '_A' into a same_subtree",
            groups=[samples.group("_A", resources={}, required_traits=["CUSTOM_NIC"])],
        )

    def test_a_group_that_says_nothing(self) -> None:
        self.refused(
            "groups[0].resources: the group asks for nothing; name at least one resource class",
            groups=[samples.group("_A", resources={})],
            same_subtree=[["_A"]],
        )

    def test_a_subtree_of_an_unknown_group(self) -> None:
        self.refused(
            "same_subtree[1]: there is no group '_C'; name suffixes of groups",
            groups=[samples.group("_A"), samples.group("_B")],
            group_policy="none",
            same_subtree=[["_A", "_B"], ["_A", "_C"]],
        )

    def test_a_subtree_that_names_a_group_twice(self) -> None:
        self.refused(
            "same_subtree[0]: a suffix stands twice; name each group once",
            groups=[samples.group("_A")],
            same_subtree=[["_A", "_A"]],
        )

    def test_a_subtree_of_fewer_than_two(self) -> None:
        for subtree in ([], ["_A"]):
            with self.subTest(subtree):
                self.refused(
                    "same_subtree[0]: it takes two groups to share an ancestor; "
                    "name the other suffix, or leave the list out",
                    groups=[samples.group("_A")],
                    same_subtree=[subtree],
                )

    def test_a_subtree_of_one_group_without_resources_is_a_demand_of_its_own(self) -> None:
        self.accepted(
            groups=[samples.group("_A", resources={}, required_traits=["CUSTOM_NIC"])],
            same_subtree=[["_A"]],
        )
