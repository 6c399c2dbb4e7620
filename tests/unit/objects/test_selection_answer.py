"""What was packed comes out again, whatever the hosts look like."""

from __future__ import annotations

import json
import unittest
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.objects import samples
from tests.unit.objects.test_allocation_template import requests
from understudy.objects.selection import Selection
from understudy.objects.selection_answer import Pick, SelectionAnswer

uuids = st.uuids().map(str)
names = st.text(min_size=1, max_size=12)
few_uuids = st.sampled_from([samples.uuid(number) for number in range(3)])


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    request = draw(requests())
    own = list(request["allocations"])
    host = draw(names)
    return Selection(
        # The root is among the providers, unless only its children give something.
        compute_node_uuid=draw(st.one_of(st.sampled_from(own), uuids)),
        service_host=host,
        nodename=draw(st.one_of(st.just(host), names)),
        cell_uuid=draw(few_uuids),
        limits=draw(st.none() | st.dictionaries(names, st.integers(0, 99), max_size=2)),
        # As compact as the template gives it back.
        allocation_request=json.dumps(request, separators=(",", ":")),
        allocation_request_version=draw(st.sampled_from(["1.36", "1.39"])),
        availability_zone=draw(st.none() | st.sampled_from(["az-1", "az-2"])),
    )


@st.composite
def pick_lists(draw: st.DrawFn) -> list[Pick]:
    pool = draw(st.lists(selections(), min_size=1, max_size=5))
    one = st.sampled_from(pool)
    pick = st.builds(Pick, uuids, st.integers(1, 99), one, st.lists(one, max_size=3))
    return draw(st.lists(pick, max_size=5))


def arrived(answer: SelectionAnswer) -> SelectionAnswer:
    return SelectionAnswer.obj_from_primitive(json.loads(json.dumps(answer.obj_to_wire())))


class TestPacking(unittest.TestCase):
    @given(pick_lists())
    def test_what_is_packed_is_picked(self, picks: list[Pick]) -> None:
        answer = SelectionAnswer.pack(samples.uuid(1), picks)
        self.assertEqual(picks, answer.picks())
        self.assertEqual(picks, arrived(answer).picks())

    @given(pick_lists())
    def test_each_distinct_selection_travels_once(self, picks: list[Pick]) -> None:
        distinct: list[Selection] = []
        for pick in picks:
            for selection in (pick.claimed, *pick.alternates):
                if selection not in distinct:
                    distinct.append(selection)
        answer = SelectionAnswer.pack(samples.uuid(1), picks)
        self.assertEqual(len(distinct), len(answer.rows))

    def test_one_field_apart_is_another_selection(self) -> None:
        changes: list[dict[str, Any]] = [
            {},
            {"limits": {}},
            {"limits": {"numa": 1}},
            {"availability_zone": "az-2"},
            {"cell_uuid": samples.uuid(7)},
            {"nodename": "other"},
            {"service_host": "other"},
            {"allocation_request_version": "1.36"},
        ]
        wanted = [samples.selection(**change) for change in changes]
        answer = SelectionAnswer.pack(
            samples.uuid(1), [Pick(samples.uuid(2), 1, wanted[0], wanted[1:])]
        )
        (pick,) = arrived(answer).picks()
        found = [pick.claimed, *pick.alternates]
        self.assertEqual([one.limits for one in wanted], [one.limits for one in found])
        for field in ("availability_zone", "cell_uuid", "nodename", "service_host"):
            self.assertEqual(
                [getattr(one, field) for one in wanted], [getattr(one, field) for one in found]
            )
        self.assertEqual("1.36", found[-1].allocation_request_version)

    def test_the_allocation_request_means_the_same_however_it_was_spaced(self) -> None:
        spaced = samples.selection(1)
        answer = SelectionAnswer.pack(samples.uuid(1), [Pick(samples.uuid(2), 1, spaced, [])])
        (pick,) = answer.picks()
        self.assertEqual(spaced.allocations, pick.claimed.allocations)

    def test_nothing_packed_is_nothing_picked(self) -> None:
        self.assertEqual([], arrived(SelectionAnswer.pack(samples.uuid(1), [])).picks())
