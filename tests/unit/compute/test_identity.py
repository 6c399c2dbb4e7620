from __future__ import annotations

import json
import os
import shutil
import stat
import uuid
from pathlib import Path

from tests.unit.compute.scene import OTHER_VM, VM, AgentTestCase
from understudy.compute import identity as identities
from understudy.compute.identity import BrokenIdentity
from understudy.compute.journal import Journal


class IdentityTest(AgentTestCase):
    """Made once, kept beside the journal, and never made anew over what is there."""

    def setUp(self) -> None:
        super().setUp()
        self.journal = self.folder() / "state" / "compute.sqlite3"
        self.path = self.journal.with_name("compute.sqlite3.identity")

    def write(self, text: str) -> None:
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text(text)

    def test_it_is_the_same_each_time_and_under_each_name(self) -> None:
        first = identities.load(self.journal, "one")
        self.assertEqual(first, identities.load(self.journal, "two"))
        self.assertEqual(first, identities.peek(self.journal))
        self.assertFalse(first.derived_names)
        self.assertEqual([self.path.name], os.listdir(self.path.parent))

    def test_the_journal_that_comes_later_changes_nothing(self) -> None:
        first = identities.load(self.journal, "one")
        Journal(self.journal).close()
        self.assertEqual(first, identities.load(self.journal, "one"))

    def test_each_journal_has_its_own(self) -> None:
        other = self.journal.with_name("other.sqlite3")
        found = [identities.load(each, "one") for each in (self.journal, other)]
        self.assertEqual(2, len({each.agent_uuid for each in found}))
        self.assertEqual(2, len({each.host_uuid for each in found}))

    def test_a_journal_in_memory_is_somebody_else_each_time(self) -> None:
        found = [identities.load(":memory:", "one") for _ in range(2)]
        self.assertEqual(2, len({each.host_uuid for each in found}))
        self.assertFalse(Path(":memory:.identity").exists())

    def test_a_copy_speaks_from_elsewhere(self) -> None:
        first = identities.load(self.journal, "one")
        copied = self.folder() / "clone"
        shutil.copytree(self.journal.parent, copied)
        clone = identities.load(copied / self.journal.name, "one")
        self.assertEqual((first.agent_uuid, first.host_uuid), (clone.agent_uuid, clone.host_uuid))
        self.assertNotEqual(first.origin, clone.origin)

    def test_looking_makes_nothing(self) -> None:
        looked = [identities.peek(self.journal) for _ in range(2)]
        self.assertNotEqual(*looked)
        self.assertFalse(self.journal.parent.exists())

    def test_the_first_releases_host_keeps_the_uuid_of_its_name(self) -> None:
        Journal(self.journal).close()
        upgraded = identities.load(self.journal, "node1")
        names = uuid.UUID("b2d9c1f4-0a53-4b0e-8a6d-3f1f7f5e2c41")
        self.assertEqual(str(uuid.uuid5(names, "node1")), upgraded.host_uuid)
        self.assertTrue(upgraded.derived_names)
        self.assertEqual(upgraded, identities.load(self.journal, "renamed"))

    def test_nobody_else_may_read_it_whatever_the_umask(self) -> None:
        before = os.umask(0)
        self.addCleanup(os.umask, before)
        identities.load(self.journal, "one")
        Journal(self.journal).close()
        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode)
            for path in (self.journal.parent, self.path, self.journal)
        }
        self.assertEqual({"state": 0o700, self.path.name: 0o600, self.journal.name: 0o600}, modes)

    def test_who_is_first_is_not_overwritten(self) -> None:
        first = identities.load(self.journal, "one")
        identities._keep(self.path, {"agent_uuid": VM, "host_uuid": OTHER_VM})
        self.assertEqual(first, identities.load(self.journal, "one"))

    def test_a_file_that_says_nothing_is_left_and_refused(self) -> None:
        good = {"agent_uuid": VM, "host_uuid": OTHER_VM}
        for text in (
            "",
            "{",
            "[]",
            "null",
            json.dumps({"agent_uuid": VM}),
            json.dumps(good | {"host_uuid": 7}),
            json.dumps(good | {"host_uuid": "../../etc"}),
            json.dumps(good | {"host_uuid": VM.replace("1", "\u0661")}),
            json.dumps(good | {"agent_uuid": f"{VM}\n"}),
            json.dumps(good | {"derived_names": "yes"}),
        ):
            self.write(text)
            for ask in (
                lambda: identities.load(self.journal, "one"),
                lambda: identities.peek(self.journal),
            ):
                error = self.assertRaises(BrokenIdentity, ask)
                self.assertIn("restore it from a backup", str(error))
                self.assertIn(str(self.path), str(error))
            self.assertEqual(text, self.path.read_text())
