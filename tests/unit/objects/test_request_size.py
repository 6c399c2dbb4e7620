"""Requests that hold more than the operator allows, each told in one line."""

from __future__ import annotations

import unittest
from typing import Any

from tests.unit.objects import samples
from understudy.objects import errors, validation
from understudy.objects.build_request import Affinity
from understudy.objects.limits import RequestLimits

TRAITS = [f"CUSTOM_T{number}" for number in range(257)]


class SizeCase(unittest.TestCase):
    limits = RequestLimits()

    def refused(self, message: str, **changes: Any) -> None:
        with self.assertRaises(errors.InvalidRequest) as caught:
            validation.check(samples.request(**changes), self.limits)
        self.assertEqual(message, str(caught.exception))

    def accepted(self, **changes: Any) -> None:
        validation.check(samples.request(**changes), self.limits)


class TestDefaults(SizeCase):
    def test_the_fullest_sample_is_fine(self) -> None:
        validation.check(samples.everything()["BuildRequest"], self.limits)

    def test_a_hundred_thousand_ignored_hosts(self) -> None:
        self.accepted(ignore_hosts=[f"host-{number}" for number in range(1000)])
        for field in ("ignore_hosts", "only_hosts"):
            self.refused(
                f"{field}: 100000 are too many; give at most 1000, or send several requests",
                **{field: [f"host-{number}" for number in range(100_000)]},
            )

    def test_six_thousand_groups(self) -> None:
        groups = [samples.group(f"_{number}") for number in range(6000)]
        self.accepted(groups=groups[:32], group_policy="none")
        self.refused(
            "groups: 6000 are too many; give at most 32, or send several requests",
            groups=groups,
            group_policy="none",
        )

    def test_twenty_five_megabytes_of_parameters(self) -> None:
        self.accepted(parameters={"user_data": "x" * (65_536 - len("user_data"))})
        self.refused(
            "parameters: they are 65537 bytes long; "
            "keep them to 65536, and let the instance fetch the rest",
            parameters={"user_data": "é" * 32_764},
        )
        self.refused(
            "parameters: they are 25000009 bytes long; "
            "keep them to 65536, and let the instance fetch the rest",
            parameters={"user_data": "x" * 25_000_000},
        )

    def test_lists_of_every_kind(self) -> None:
        several = "are too many; give at most"
        uuids = [samples.uuid(number) for number in range(257)]
        cases: dict[str, dict[str, Any]] = {
            "required_traits": {"required_traits": TRAITS},
            "forbidden_traits": {"forbidden_traits": TRAITS},
            "any_traits": {"any_traits": [TRAITS[:200], TRAITS[200:]]},
            "aggregates": {"aggregates": uuids},
            "ignore_cells": {"ignore_cells": uuids},
            "parameters": {"parameters": {str(number): "" for number in range(257)}},
            "groups[0].required_traits": {"groups": [samples.group(required_traits=TRAITS)]},
            "groups[0].any_traits": {"groups": [samples.group(any_traits=[TRAITS])]},
            "groups[0].aggregates": {"groups": [samples.group(aggregates=uuids)]},
        }
        for field, changes in cases.items():
            with self.subTest(field):
                self.refused(f"{field}: 257 {several} 256, or send several requests", **changes)

    def test_classes_and_subtrees(self) -> None:
        classes = {f"CUSTOM_C{number}": 1 for number in range(33)}
        ending = "33 are too many; give at most 32, or send several requests"
        self.refused(f"resources: {ending}", resources=classes)
        self.refused(f"groups[0].resources: {ending}", groups=[samples.group(resources=classes)])
        self.refused(f"same_subtree: {ending}", same_subtree=[["_A", "_B"]] * 33)
        self.refused(f"same_subtree[0]: {ending}", same_subtree=[["_A"] * 33])

    def test_a_request_whose_parts_are_fine_and_their_sum_is_not(self) -> None:
        hosts = ["h" * 250 + f"{number:05}" for number in range(1000)]
        self.refused(
            "request: its texts are 510063 bytes long; keep them to 262144",
            ignore_hosts=hosts,
            only_hosts=["i" + host[1:] for host in hosts],
        )

    def test_the_hosts_of_a_group_are_not_the_clients_and_count_apart(self) -> None:
        members = [f"host-{number}" for number in range(10_001)]
        group = samples.uuid(7)
        self.accepted(
            affinity=Affinity(group_uuid=group, policy="anti-affinity", hosts=members[1:])
        )
        self.refused(
            "affinity.hosts: 10001 are too many; give at most 10000, or send several requests",
            affinity=Affinity(group_uuid=group, policy="anti-affinity", hosts=members),
        )


class TestOwnLimits(SizeCase):
    limits = RequestLimits(instances=2, hosts=1)

    def test_they_hold(self) -> None:
        self.accepted(count=2, ignore_hosts=["a"])
        ending = "are too many; give at most"
        self.refused(f"count: 3 {ending} 2, or send several requests", count=3)
        self.refused(
            f"ignore_hosts: 2 {ending} 1, or send several requests", ignore_hosts=["a", "b"]
        )


class TestWithoutLimits(unittest.TestCase):
    def test_only_the_form_is_checked(self) -> None:
        validation.check(samples.request(ignore_hosts=[f"h{number}" for number in range(2000)]))
