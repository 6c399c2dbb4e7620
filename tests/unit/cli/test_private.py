"""Files of ours are for their own user, whatever the umask was and whatever is there already."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import testtools
from hypothesis import given
from hypothesis import strategies as st

from understudy.cli import private
from understudy.cli.embedded_state import CloudPlan, StateDir
from understudy.compute.fault_plan import FaultPlan


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class PrivateTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.addCleanup(os.umask, os.umask(0))

    def test_the_state_of_a_cloud_in_one_process(self) -> None:
        root = self.folder / "cloud"
        state = StateDir.make(root)
        state.write_plan(CloudPlan({"cell1": []}, FaultPlan()))
        named = (state.placement, state.database_url("api"), str(state.journal("agent-1")))
        self.assertEqual(3, len(set(named)))
        self.assertEqual(0o700, mode(root))
        found = {path.name: mode(path) for path in root.iterdir()}
        names = ("agent-1.journal", "api.sqlite", "cloud.json", "placement.sqlite")
        self.assertEqual(dict.fromkeys(names, 0o600), found)

    def test_what_an_older_release_made_is_mended_and_kept(self) -> None:
        root = self.folder / "cloud"
        root.mkdir(mode=0o755)
        (root / "api.sqlite").write_text("rows")
        (root / "api.sqlite").chmod(0o644)
        StateDir.make(root).database_url("api")
        self.assertEqual((0o700, 0o600), (mode(root), mode(root / "api.sqlite")))
        self.assertEqual("rows", (root / "api.sqlite").read_text())

    @given(st.integers(0, 0o777))
    def test_a_umask_is_only_ever_narrowed(self, umask: int) -> None:
        os.umask(umask)
        private.from_now_on()
        self.assertEqual(umask | 0o077, os.umask(0))
