"""Two thousand worlds, each under its own seed: no promise is broken in any of them.

A class runs its share alone, so that the test workers divide them. A failure
says the one command that shows its world again.
"""

from __future__ import annotations

from typing import ClassVar

import testtools

from tests.chaos import runs
from tests.chaos.seams import ENDS


class SeedsTest:
    """A share of the seeds."""

    first: ClassVar[int]
    count: ClassVar[int] = 500

    def test_no_promise_is_broken(self) -> None:
        said: list[str] = []
        tally = runs.run_all(range(self.first, self.first + self.count), said.append)
        assert not said, "\n".join(said)
        assert tally.builds > self.count
        self.look_at(tally)

    def look_at(self, tally: runs.Tally) -> None:
        """Look at what else the worlds showed."""


class FirstSeedsTest(SeedsTest, testtools.TestCase):
    """The first share; it is enough to die at every seam."""

    first = 0

    def look_at(self, tally: runs.Tally) -> None:
        ends = {f"{when} {seam}" for seam, when in ENDS}
        self.assertEqual(set(), ends - set(tally.passed), "never passed")
        self.assertEqual(set(), ends - set(tally.deaths), "nobody died there")


class SecondSeedsTest(SeedsTest, testtools.TestCase):
    first = 500


class ThirdSeedsTest(SeedsTest, testtools.TestCase):
    first = 1000


class FourthSeedsTest(SeedsTest, testtools.TestCase):
    first = 1500
