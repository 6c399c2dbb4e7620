"""How stestr spreads tests over workers: what is made once for a class stays together."""

from __future__ import annotations

import testtools

from tools import test_times


class GroupsTest(testtools.TestCase):
    def group(self, test: str) -> str | None:
        found = test_times.grouping().match(test)
        return found[0] if found else None

    def test_a_class_is_a_group(self) -> None:
        for of in ("tests.unit.a.A.", "tests.integration.cells.a.A.", "tests.chaos.test_seams.A."):
            self.assertEqual(of, self.group(f"{of}test_it"))

    def test_long_ones_that_share_nothing_are_dealt_out_one_by_one(self) -> None:
        self.assertIsNone(self.group("tests.chaos.test_seeds.SeedsTest.test_to_250"))
        self.assertIsNone(self.group("tests.chaos.mutations.test_mutations.A.test_lease"))
