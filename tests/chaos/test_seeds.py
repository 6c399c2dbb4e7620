"""Two thousand worlds, each under its own seed: no promise is broken in any of them.

A class runs its share alone, so that the test workers divide them. A failure
says the one command that shows its world again.
"""

from __future__ import annotations

from typing import ClassVar

import testtools

from tests.chaos import runs


class SeedsTest:
    """A share of the seeds."""

    first: ClassVar[int]
    count: ClassVar[int] = 500

    def test_no_promise_is_broken(self) -> None:
        said: list[str] = []
        tally = runs.run_all(range(self.first, self.first + self.count), said.append)
        assert not said, "\n".join(said)
        assert tally.builds > self.count


class FirstSeedsTest(SeedsTest, testtools.TestCase):
    first = 0


class SecondSeedsTest(SeedsTest, testtools.TestCase):
    first = 500


class ThirdSeedsTest(SeedsTest, testtools.TestCase):
    first = 1000


class FourthSeedsTest(SeedsTest, testtools.TestCase):
    first = 1500
