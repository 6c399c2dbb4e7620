"""The long tests are told to stestr as the file says, and the file is right about their names."""

from __future__ import annotations

import io
import unittest

import testtools

from tools import test_times

LONG = {
    "tests.unit.a.ATest.test_one": 4.0,
    "tests.unit.a.ATest.test_two": 3.0,
    "tests.unit.a.BTest.test_one": 4.9,
    "tests.chaos.test_seeds.SeedsTest.test_to_250": 20.0,
    "tests.chaos.test_seeds.SeedsTest.test_to_500": 4.0,
}


class TestTimesTest(testtools.TestCase):
    def test_the_longest_of_a_group_stands_for_it(self) -> None:
        self.assertEqual(
            "20 tests.chaos.test_seeds.SeedsTest.test_to_250\n7 tests.unit.a.ATest.test_one\n",
            test_times.written(LONG),
        )

    def test_what_is_written_can_be_read(self) -> None:
        stream = io.BytesIO()
        test_times.stream(test_times.read(test_times.written(LONG)), stream)
        stream.seek(0)
        self.assertEqual(
            {
                "tests.chaos.test_seeds.SeedsTest.test_to_250": 20.0,
                "tests.unit.a.ATest.test_one": 7.0,
            },
            test_times.times_in(stream),
        )

    def test_each_test_in_the_file_exists(self) -> None:
        loader = unittest.TestLoader()
        for name in test_times.read(test_times.FILE.read_text()):
            loader.loadTestsFromName(name)
        self.assertEqual([], loader.errors, f"{test_times.FILE} names tests that are no more")
