"""A form becomes the request it describes, or names the key to mend."""

from __future__ import annotations

import json
import unittest
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.objects import samples
from understudy.objects import build_request_form, errors, text
from understudy.objects.build_request import BuildRequest

DEFAULTS = {"request_id": samples.uuid(1), "project_id": "a-project", "user_id": "a-user"}

FULL = """
request_id: 00000000-0000-4000-8000-000000000001
project_id: a-project
user_id: a-user
name: web
count: 3
resources: {VCPU: 1}
required_traits: [HW_CPU_X86_AVX2]
forbidden_traits: [CUSTOM_SLOW]
any_traits: [[CUSTOM_A, CUSTOM_B]]
aggregates: [00000000-0000-4000-8000-000000000005]
groups:
  - suffix: _GPU0
    resources: {VGPU: 1}
  - suffix: _GPU1
    resources: {VGPU: 1}
    forbidden_traits: [CUSTOM_OLD]
group_policy: isolate
same_subtree: [[_GPU0, _GPU1]]
max_attempts: 4
spare_alternates: 2
max_cells: 2
deadline_seconds: 600
affinity: {group_uuid: 00000000-0000-4000-8000-000000000006, policy: affinity}
ignore_hosts: [host-7]
only_hosts: [host-1, host-2]
ignore_cells: [00000000-0000-4000-8000-000000000008]
availability_zone: az-1
consumer_type: UNDERSTUDY
image: cirros
parameters: {kernel: vmlinuz}
"""


class TestForms(unittest.TestCase):
    def test_every_field_can_be_written(self) -> None:
        form = yaml.safe_load(FULL)
        self.assertEqual(set(BuildRequest.fields), set(form))
        wanted = samples.everything()["BuildRequest"]
        self.assertEqual(wanted, build_request_form.parse(form))
        self.assertEqual(wanted, build_request_form.parse(json.loads(json.dumps(form))))

    def test_what_is_left_out_is_what_the_caller_or_the_field_says(self) -> None:
        request = build_request_form.parse({"resources": {"VCPU": 1}}, DEFAULTS)
        self.assertEqual(samples.request(), request)

    def test_the_form_is_stronger_than_the_defaults(self) -> None:
        request = build_request_form.parse({"user_id": "another"}, DEFAULTS)
        self.assertEqual("another", request.user_id)

    def test_nothing_may_stand_where_it_means_the_operators_option(self) -> None:
        request = build_request_form.parse({"max_attempts": None, "image": None}, DEFAULTS)
        self.assertEqual((None, None), (request.max_attempts, request.image))

    def test_the_form_is_left_as_it_was(self) -> None:
        form = yaml.safe_load(FULL)
        build_request_form.parse(form).groups[0].resources["VGPU"] = 9
        self.assertEqual(yaml.safe_load(FULL), form)


class TestRefusals(unittest.TestCase):
    def refused(self, message: str, form: object, defaults: Any = DEFAULTS) -> None:
        with self.assertRaises(errors.InvalidRequest) as caught:
            build_request_form.parse(form, defaults)
        self.assertEqual(message, str(caught.exception))

    def test_what_is_no_form(self) -> None:
        remedy = "write keys and values, as in count: 2"
        for form, kind in (
            ([], "a list"),
            ("web", "a text"),
            (None, "nothing"),
            (3, "3"),
        ):
            self.refused(f"request: {kind} is not a request; {remedy}", form)

    def test_three_megabytes_are_quoted_in_a_few_words(self) -> None:
        long = "x" * 3_000_000
        self.refused(
            f"count: {'x' * 60!r}... (3000000 characters) is not a whole number; "
            "write one without quotes or a fraction",
            {"count": long},
        )
        with self.assertRaises(errors.InvalidRequest) as caught:
            build_request_form.parse({long: 1}, DEFAULTS)
        self.assertEqual(text.printable(long, 60), caught.exception.field)

    def test_keys_that_a_terminal_would_obey_are_shown(self) -> None:
        self.refused(
            r"resources.\x1b[2J: '1' is not a whole number; "
            "write one without quotes or a fraction",
            {"resources": {"\x1b[2J": "1"}},
        )

    def test_an_unknown_key_that_is_nearly_one(self) -> None:
        self.refused(
            "required_trait: there is no such field; did you mean required_traits?",
            {"required_trait": ["CUSTOM_A"]},
        )

    def test_an_unknown_key(self) -> None:
        self.refused(
            "affinity.zzz: there is no such field; the fields are group_uuid, hosts, policy",
            {"affinity": {"zzz": 1}},
        )

    def test_an_unknown_key_in_a_group(self) -> None:
        self.refused(
            "groups[0].resource: there is no such field; did you mean resources?",
            {"groups": [{"suffix": "_A", "resource": {}}]},
        )

    def test_a_key_that_is_no_text(self) -> None:
        with self.assertRaisesRegex(errors.InvalidRequest, "^1: there is no such field; "):
            build_request_form.parse({1: 2}, DEFAULTS)

    def test_what_is_missing(self) -> None:
        self.refused("request_id: it is missing; write it down", {}, {})
        self.refused("groups[0].suffix: it is missing; write it down", {"groups": [{}]})
        self.refused(
            "affinity.policy: it is missing; write it down",
            {"affinity": {"group_uuid": samples.uuid(6)}},
        )

    def test_no_value_where_there_must_be_one(self) -> None:
        self.refused("count: it has no value; write one, or leave the key out", {"count": None})

    def test_amounts_that_are_none(self) -> None:
        remedy = "write one without quotes or a fraction"
        for wrong, shown in (
            (1.5, "1.5"),
            (2.0, "2.0"),
            ("2", "'2'"),
            (True, "True"),
            ([], "a list"),
        ):
            with self.subTest(shown):
                self.refused(f"count: {shown} is not a whole number; {remedy}", {"count": wrong})
                self.refused(
                    f"resources.VCPU: {shown} is not a whole number; {remedy}",
                    {"resources": {"VCPU": wrong}},
                )
                self.refused(
                    f"groups[0].resources.VGPU: {shown} is not a whole number; {remedy}",
                    {"groups": [{"suffix": "_A", "resources": {"VGPU": wrong}}]},
                )

    def test_an_amount_of_nothing(self) -> None:
        self.refused(
            "resources.VCPU: None is not a whole number; write one without quotes or a fraction",
            {"resources": {"VCPU": None}},
        )

    def test_texts_that_are_none(self) -> None:
        remedy = "write text, in quotes if it looks like a number"
        self.refused(f"name: 7 is not text; {remedy}", {"name": 7})
        self.refused(f"project_id: a map is not text; {remedy}", {"project_id": {}})
        self.refused(f"only_hosts[1]: 2 is not text; {remedy}", {"only_hosts": ["a", 2]})
        self.refused(f"any_traits[0][0]: 1 is not text; {remedy}", {"any_traits": [[1]]})
        self.refused(f"parameters.cpus: 6 is not text; {remedy}", {"parameters": {"cpus": 6}})
        self.refused(f"resources: 1 is not text; {remedy}", {"resources": {1: 1}})

    def test_lists_that_are_none(self) -> None:
        remedy = "write a list, as in [a, b]"
        self.refused(f"only_hosts: 'a' is not a list; {remedy}", {"only_hosts": "a"})
        self.refused(f"same_subtree[0]: '_A' is not a list; {remedy}", {"same_subtree": ["_A"]})
        self.refused(f"groups: a map is not a list; {remedy}", {"groups": {}})

    def test_maps_that_are_none(self) -> None:
        remedy = "write keys and values, as in {key: value}"
        self.refused(f"resources: a list is not a map; {remedy}", {"resources": []})
        self.refused(f"groups[0]: '_A' is not a map; {remedy}", {"groups": ["_A"]})
        self.refused(f"affinity: 'web' is not a map; {remedy}", {"affinity": "web"})

    def test_choices_that_are_none(self) -> None:
        self.refused(
            "group_policy: 'all' is not a choice; write one of none, isolate",
            {"group_policy": "all"},
        )
        self.refused(
            "group_policy: a list is not a choice; write one of none, isolate",
            {"group_policy": ["none"]},
        )

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(
                    st.sampled_from([*BuildRequest.fields, "suffix", "policy", "group_uuid"]),
                    inner,
                    max_size=3,
                )
            ),
            max_leaves=6,
        )
    )
    def test_whatever_is_written_it_is_a_request_or_a_refusal(self, form: Any) -> None:
        try:
            build_request_form.parse(form, DEFAULTS)
        except errors.InvalidRequest as refusal:
            self.assertNotIn("\n", str(refusal))
