"""Each safeguard is needed: a world goes wrong without it that goes well with it.

What is replayed was found by `make mutations`. Where one of these fails after a
change of the production code or of the simulated world, look for seeds anew: a
safeguard that nobody misses is a safeguard that nothing tests.
"""

from __future__ import annotations

from pathlib import Path

import fixtures
import testtools

from tests.chaos.mutations import seeking, trees

_STALE = """What it undoes is there no more.

--- a/cells/leases.py
+++ b/cells/leases.py
@@ -1,2 +1,2 @@
 what stood there once
-and what was undone
+as it was before
"""


class MutationsTest(testtools.TestCase):
    def test_lease(self) -> None:
        self.check_needed("lease")

    def test_read_back(self) -> None:
        self.check_needed("read_back")

    def test_intent_before_effect(self) -> None:
        self.check_needed("intent_before_effect")

    def test_generation(self) -> None:
        self.check_needed("generation")

    def test_build_started(self) -> None:
        self.check_needed("build_started")

    def test_cleaned(self) -> None:
        self.check_needed("cleaned")

    def test_fence(self) -> None:
        self.check_needed("fence")

    def test_tombstone(self) -> None:
        self.check_needed("tombstone")

    def test_reports(self) -> None:
        self.check_needed("reports")

    def test_orders(self) -> None:
        self.check_needed("orders")

    def test_binding(self) -> None:
        self.check_needed("binding")

    def test_beats(self) -> None:
        self.check_needed("beats")

    def test_providers(self) -> None:
        self.check_needed("providers")

    def test_callers(self) -> None:
        self.check_needed("callers")

    def test_projects(self) -> None:
        self.check_needed("projects")

    def test_own_name(self) -> None:
        self.check_needed("own_name")

    def test_administrators(self) -> None:
        self.check_needed("administrators")

    def check_needed(self, name: str) -> None:
        """Does the recorded world go wrong without the safeguard, and only without it?"""
        found = seeking.recorded()[name]
        assert found is not None, f"nobody notices that {name} is undone"
        with trees.tree(name) as undone, trees.tree(None) as whole:
            without = seeking.run(undone, found.seed, found.seed).violations
            self.assertEqual([], seeking.run(whole, found.seed, found.seed).violations)
        stale = f"seed {found.seed} shows nothing of {name}: make mutations finds another"
        self.assertNotEqual([], without, stale)


class PatchesTest(testtools.TestCase):
    def test_all_apply_and_are_replayed(self) -> None:
        for name in trees.names():
            with trees.tree(name):
                pass
            self.assertTrue(hasattr(MutationsTest, f"test_{name}"), name)

    def test_one_that_does_not_apply_any_more_is_loud(self) -> None:
        patch = Path(self.useFixture(fixtures.TempDir()).path) / "stale.patch"
        patch.write_text(_STALE)
        with trees.tree(None) as folder:
            error = self.assertRaises(trees.PatchDoesNotApply, trees.apply, patch, folder)
        self.assertIn("patch does not apply", str(error))
