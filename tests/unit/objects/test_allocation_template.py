"""A template and its providers say what the allocation request said."""

from __future__ import annotations

import json
import unittest
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.objects import samples
from understudy.objects import allocation_template

classes = st.sampled_from(["VCPU", "MEMORY_MB", "DISK_GB", "VGPU", "CUSTOM_FPGA"])
resources = st.dictionaries(classes, st.integers(1, 2**31 - 1), min_size=1)
providers = st.uuids().map(str)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    taken = draw(st.lists(providers, min_size=1, max_size=5, unique=True))
    only_mapped = draw(st.lists(providers, max_size=2, unique=True))
    request: dict[str, Any] = {
        "allocations": {uuid: {"resources": draw(resources)} for uuid in taken}
    }
    if draw(st.booleans()):
        request["mappings"] = draw(
            st.dictionaries(
                st.text("_GPU0123456789", max_size=5),
                st.lists(st.sampled_from(taken + only_mapped), min_size=1, max_size=3),
                max_size=4,
            )
        )
    return request


class TestTemplates(unittest.TestCase):
    @given(requests())
    def test_join_puts_together_what_split_took_apart(self, request: dict[str, Any]) -> None:
        template, uuids = allocation_template.split(json.dumps(request))
        joined = allocation_template.join(template, uuids)
        self.assertEqual(request, json.loads(joined))
        self.assertEqual(list(request["allocations"]), list(json.loads(joined)["allocations"]))

    @given(requests())
    def test_a_template_names_no_provider(self, request: dict[str, Any]) -> None:
        template, uuids = allocation_template.split(json.dumps(request))
        self.assertFalse([uuid for uuid in uuids if uuid in template])

    @given(requests(), st.data())
    def test_requests_that_differ_in_providers_only_share_it(
        self, request: dict[str, Any], data: st.DataObject
    ) -> None:
        template, uuids = allocation_template.split(json.dumps(request))
        count = len(uuids)
        others = data.draw(st.lists(providers, min_size=count, max_size=count, unique=True))
        again = allocation_template.join(template, others)
        self.assertEqual((template, tuple(others)), allocation_template.split(again))

    def test_a_group_without_resources_is_mapped_to_a_provider_of_its_own(self) -> None:
        request = {
            "allocations": {samples.uuid(1): {"resources": {"VCPU": 1}}},
            "mappings": {"": [samples.uuid(1)], "_NUMA": [samples.uuid(2)]},
        }
        template, uuids = allocation_template.split(json.dumps(request))
        self.assertEqual((samples.uuid(1), samples.uuid(2)), uuids)
        self.assertEqual(request, json.loads(allocation_template.join(template, uuids)))

    def test_what_else_placement_says_is_kept(self) -> None:
        request = {"allocations": {samples.uuid(1): {"resources": {}, "x": 1}}, "y": [2]}
        joined = allocation_template.join(*allocation_template.split(json.dumps(request)))
        self.assertEqual(request, json.loads(joined))
