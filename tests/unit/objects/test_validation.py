"""How many, whose, where and how long: what can never be met is said at once."""

from __future__ import annotations

import warnings

from tests.unit.objects import samples
from tests.unit.objects.test_resource_validation import RefusalCase
from understudy.objects import text, validation
from understudy.objects.build_request import Affinity, ResourceGroup
from understudy.objects.errors import InvalidRequest


class TestCount(RefusalCase):
    def test_fewer_than_one(self) -> None:
        self.refused("count: 0 instances were asked for; ask for 1 or more", count=0)
        self.refused("count: -3 instances were asked for; ask for 1 or more", count=-3)

    def test_too_many(self) -> None:
        self.accepted(count=1000)
        self.refused(
            "count: 1001 instances were asked for; "
            "ask for at most 1000 at once, or send several requests",
            count=1001,
        )


class TestIdentity(RefusalCase):
    def test_the_smallest_and_the_fullest_request_are_fine(self) -> None:
        self.accepted()
        validation.check(samples.everything()["BuildRequest"])

    def test_what_a_message_left_out(self) -> None:
        for field in ("request_id", "project_id", "user_id"):
            with self.subTest(field):
                request = samples.request()
                delattr(request, f"_obj_{field}")
                with self.assertRaises(InvalidRequest) as caught:
                    validation.check(request)
                self.assertEqual(f"{field}: it is missing; write it down", str(caught.exception))
        self.refused("groups[0].suffix: it is missing; write it down", groups=[ResourceGroup()])
        self.refused(
            "affinity.group_uuid: it is missing; write it down",
            affinity=Affinity(policy="affinity"),
        )

    def test_three_megabytes_are_quoted_in_a_few_words(self) -> None:
        self.refused(
            f"required_traits: {'x' * 60!r}... (3000000 characters) is not the name of a trait; "
            "write capitals, digits and underscores, as in HW_CPU_X86_AVX2 or CUSTOM_FAST",
            required_traits=["x" * 3_000_000],
        )

    def test_a_request_id_that_is_no_uuid(self) -> None:
        for wrong in ("", "one", "0" * 32, samples.uuid(0xABC).upper()):
            with self.subTest(wrong), warnings.catch_warnings(action="ignore"):
                self.refused(
                    f"request_id: {wrong!r} is not a uuid; "
                    "write 32 lower-case hex digits as 8-4-4-4-12",
                    request_id=wrong,
                )

    def test_texts_that_say_nothing(self) -> None:
        for field in ("name", "project_id", "user_id", "availability_zone", "image"):
            for blank in ("", " "):
                with self.subTest(field, blank=blank):
                    self.refused(
                        f"{field}: {blank!r} says nothing; write a name, or leave it out",
                        **{field: blank},
                    )

    def test_texts_that_are_too_long(self) -> None:
        for field in ("name", "project_id", "user_id", "availability_zone"):
            with self.subTest(field):
                self.accepted(**{field: "a" * 255})
                self.refused(
                    f"{field}: 256 characters are too long; write at most 255",
                    **{field: "a" * 256},
                )

    def test_an_image_may_be_a_url(self) -> None:
        self.accepted(image="http://images/" + "a" * 2000)
        self.refused("image: 2049 characters are too long; write at most 2048", image="a" * 2049)

    def test_texts_that_cannot_be_printed(self) -> None:
        self.refused("name: 'a\\nb' cannot be printed; leave control characters out", name="a\nb")

    def test_a_name_may_be_in_any_script(self) -> None:
        self.accepted(name="série d'été 夏")

    def test_consumer_types_that_are_none(self) -> None:
        for kind in ("", "instance", "A" * 256):
            with self.subTest(kind):
                self.refused(
                    f"consumer_type: {text.excerpt(kind)} is not a consumer type; "
                    "write 1 to 255 capitals, digits and underscores, or leave it out",
                    consumer_type=kind,
                )


class TestBounds(RefusalCase):
    def test_too_low(self) -> None:
        for field, least in {
            "max_attempts": 1,
            "spare_alternates": 0,
            "max_cells": 1,
            "deadline_seconds": 1,
        }.items():
            with self.subTest(field):
                self.accepted(**{field: least})
                self.refused(
                    f"{field}: {least - 1} is too low; give {least} or more", **{field: least - 1}
                )

    def test_too_high_for_a_database(self) -> None:
        for field in ("max_attempts", "spare_alternates", "max_cells", "deadline_seconds"):
            with self.subTest(field):
                self.refused(
                    f"{field}: 2147483648 is too high; give at most 2147483647", **{field: 2**31}
                )


class TestHosts(RefusalCase):
    def test_only_hosts_all_ignored(self) -> None:
        self.accepted(only_hosts=["a", "b"], ignore_hosts=["a"])
        self.refused(
            "only_hosts: every host insisted on is also ignored; take one out of ignore_hosts",
            only_hosts=["a", "b"],
            ignore_hosts=["b", "a", "c"],
        )

    def test_an_empty_name(self) -> None:
        for field in ("only_hosts", "ignore_hosts"):
            with self.subTest(field):
                self.refused(
                    f"{field}: '' says nothing; write a name, or leave it out",
                    **{field: ["a", ""]},
                )

    def test_a_cell_that_is_no_uuid(self) -> None:
        with warnings.catch_warnings(action="ignore"):
            self.refused(
                "ignore_cells: 'cell-1' is not a uuid; "
                "write 32 lower-case hex digits as 8-4-4-4-12",
                ignore_cells=["cell-1"],
            )

    def test_more_members_apart_than_hosts_to_put_them(self) -> None:
        apart = Affinity(group_uuid=samples.uuid(6), policy="anti-affinity")
        hosts = {"only_hosts": ["a", "b", "c"], "ignore_hosts": ["a"]}
        self.accepted(count=2, affinity=apart, **hosts)
        self.refused(
            "count: 3 instances of an anti-affinity group need as many hosts, "
            "and only_hosts allows 2; ask for fewer, or name more hosts",
            count=3,
            affinity=apart,
            **hosts,
        )

    def test_members_together_need_one_host(self) -> None:
        together = Affinity(group_uuid=samples.uuid(6), policy="affinity")
        self.accepted(count=3, affinity=together, only_hosts=["a"])

    def test_an_affinity_group_that_is_no_uuid(self) -> None:
        with warnings.catch_warnings(action="ignore"):
            self.refused(
                "affinity.group_uuid: 'web' is not a uuid; "
                "write 32 lower-case hex digits as 8-4-4-4-12",
                affinity=Affinity(group_uuid="web", policy="affinity"),
            )


class TestParameters(RefusalCase):
    def test_a_value_that_no_file_can_hold(self) -> None:
        self.accepted(parameters={"user_data": "line\nline\t\x1b[0m"})
        self.refused(
            "parameters.user_data: character 2 is half of a pair; write whole characters",
            parameters={"user_data": "ab\ud800"},
        )

    def test_a_key_that_says_nothing(self) -> None:
        self.refused(
            "parameters: '' says nothing; write a name, or leave it out", parameters={"": "x"}
        )
