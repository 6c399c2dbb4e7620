"""Two thousand worlds, each under its own seed: no promise is broken in any of them.

They are tests of 250 each, so that the test workers divide them. A failure says
the one command that shows its world again.
"""

from __future__ import annotations

import testtools

from tests.chaos import runs


class SeedsTest(testtools.TestCase):
    def test_to_250(self) -> None:
        self.check(range(250))

    def test_to_500(self) -> None:
        self.check(range(250, 500))

    def test_to_750(self) -> None:
        self.check(range(500, 750))

    def test_to_1000(self) -> None:
        self.check(range(750, 1000))

    def test_to_1250(self) -> None:
        self.check(range(1000, 1250))

    def test_to_1500(self) -> None:
        self.check(range(1250, 1500))

    def test_to_1750(self) -> None:
        self.check(range(1500, 1750))

    def test_to_2000(self) -> None:
        self.check(range(1750, 2000))

    def check(self, seeds: range) -> None:
        """Run the worlds of these seeds."""
        said: list[str] = []
        tally = runs.run_all(seeds, said.append)
        self.assertFalse(said, "\n".join(said))
        self.assertGreater(tally.builds, len(seeds))
