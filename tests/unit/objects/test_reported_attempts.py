"""What a host says that it holds is pairs of a uuid and an attempt, or it is refused."""

from __future__ import annotations

import unittest
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.objects import samples
from understudy.objects import errors, reported_attempts
from understudy.objects.limits import HostLimits

LIMITS = HostLimits(holdings=3, agent_hosts=2)
ONE = samples.uuid(1)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


class TestPairs(unittest.TestCase):
    def test_pairs_as_json_brings_them(self) -> None:
        self.assertEqual(
            [(ONE, 1), (samples.uuid(2), 7)],
            reported_attempts.check([[ONE, 1], (samples.uuid(2), 7)], LIMITS),
        )

    def test_what_is_no_pair(self) -> None:
        remedy = "send [instance uuid, attempt], the attempt a whole number from 1"
        for held, problem in (
            ("../../etc", "holds: '../../etc' is no list"),
            (None, "holds: None is no list"),
            ([ONE], f"holds[0]: {ONE!r} is no pair"),
            ([[ONE, 1], [ONE]], "holds[1]: a list is no pair"),
            ([["../../etc", 1]], "holds[0]: '../../etc' is no uuid"),
            ([[ONE.upper().replace("0", "A"), 1]], None),
            ([[7, 1]], "holds[0]: 7 is no uuid"),
            ([[ONE, "1"]], "holds[0]: '1' is no attempt"),
            ([[ONE, True]], "holds[0]: True is no attempt"),
            ([[ONE, 0]], "holds[0]: 0 is no attempt"),
            ([[ONE, 1.0]], "holds[0]: 1.0 is no attempt"),
            ([[ONE, 2**31]], "holds[0]: 2147483648 is no attempt"),
        ):
            with self.subTest(held), self.assertRaises(errors.InvalidRequest) as caught:
                reported_attempts.check(held, LIMITS)
            if problem is not None:
                self.assertEqual(f"{problem}; {remedy}", str(caught.exception))

    def test_too_many(self) -> None:
        with self.assertRaises(errors.InvalidRequest) as caught:
            reported_attempts.check([[ONE, 1]] * 4, LIMITS)
        self.assertEqual("holds: 4 are too many; send at most 3", str(caught.exception))


class TestAgents(unittest.TestCase):
    def test_each_host_by_name(self) -> None:
        self.assertEqual(
            {"host-1": [(ONE, 1)], "host-2": []},
            reported_attempts.check_all({"host-1": [[ONE, 1]], "host-2": []}, LIMITS),
        )

    def test_what_is_none(self) -> None:
        for in_hand, problem in (
            ([], "in_hand: a list is no map; send a list for each host by name"),
            ({"a": [], "b": [], "c": []}, "in_hand: 3 hosts are too many; send at most 2"),
            (
                {"\x1b[2J": []},
                r"in_hand: '\x1b[2J' is no host's name; write up to 255 letters, digits, "
                "'.', '_' or '-', the first a letter or a digit",
            ),
        ):
            with self.subTest(problem), self.assertRaises(errors.InvalidRequest) as caught:
                reported_attempts.check_all(in_hand, LIMITS)
            self.assertEqual(problem, str(caught.exception))

    @given(JSON)
    def test_anything_is_taken_or_refused_in_one_line(self, anything: Any) -> None:
        for check in (reported_attempts.check, reported_attempts.check_all):
            try:
                check(anything, LIMITS)
            except errors.InvalidRequest as refused:
                self.assertTrue(str(refused).isprintable())
