"""The scheduler's answer stays small, and its benchmark says so in a known form."""

from __future__ import annotations

import contextlib
import io
import json
import unittest
from unittest import mock

from benchmarks import reporting, wire

BUDGET = 250
"""Bytes that a Selection may take of an answer for 100 instances with two alternates."""


class TestAnswerSize(unittest.TestCase):
    def test_no_kind_of_host_breaks_the_budget(self) -> None:
        for hosts in ("flat", "gpu"):
            for alternates_are in ("own", "shared"):
                found = wire.measure(wire.Case(hosts, alternates_are, 100, 2), runs=1)
                self.assertLessEqual(found.per_selection, BUDGET, found.case)
                self.assertLess(found.packed_bytes, found.plain_bytes)

    def test_own_alternates_are_hosts_that_nobody_else_has(self) -> None:
        picks = wire.picks(wire.Case("flat", "own", 10, 2))
        hosts = [one.service_host for pick in picks for one in (pick.claimed, *pick.alternates)]
        self.assertEqual(30, len(set(hosts)))

    def test_shared_alternates_are_the_same_within_a_cell(self) -> None:
        picks = wire.picks(wire.Case("flat", "shared", 10, 2))
        self.assertEqual(10, len({pick.claimed.service_host for pick in picks}))
        alternates = {one.service_host for pick in picks for one in pick.alternates}
        self.assertEqual(4, len(alternates))

    def test_what_was_lost_is_noticed(self) -> None:
        one, other = (wire.picks(wire.Case("flat", "own", count, 1)) for count in (1, 2))
        wire.check(one, one)
        with self.assertRaises(AssertionError):
            wire.check(one, other[1:])


class TestReporting(unittest.TestCase):
    def test_json_is_one_object_on_the_last_line(self) -> None:
        with (
            mock.patch("sys.argv", ["wire.py", "--json", "--runs", "1"]),
            contextlib.redirect_stdout(io.StringIO()) as printed,
        ):
            wire.main()
        last = json.loads(printed.getvalue().splitlines()[-1])
        self.assertLessEqual(last["bytes_per_selection_100x2"], BUDGET)
        self.assertEqual(24, len(last["cases"]))

    def test_without_it_there_are_lines_for_people_only(self) -> None:
        options = reporting.parser("What it measures.").parse_args([])
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            reporting.table(("a", "b"), [("long", "1")])
            reporting.finish(options, {"figure": 1})
        self.assertEqual("a     b\nlong  1\n", printed.getvalue())
