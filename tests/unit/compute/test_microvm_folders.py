from __future__ import annotations

import json
import os
from pathlib import Path

from tests.unit.compute.scene import OTHER_VM, VM, AgentTestCase
from tests.unit.compute.test_tags import NO_ATTEMPTS, NO_UUIDS
from understudy.compute.microvm_folders import TAG, Folders, name_of
from understudy.compute.one_host import NotOurs
from understudy.objects.errors import InvalidRequest

HOST, OTHER_HOST = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "ab")


class FoldersTest(AgentTestCase):
    """What is removed lies in the root, and is this host's."""

    def setUp(self) -> None:
        super().setUp()
        self.above = self.folder()
        self.root = self.above / "machines"
        self.folders = Folders(self.root, HOST)
        self.precious = self.above / "precious"
        self.precious.mkdir()
        (self.precious / "disk").write_text("all that there is")

    def assert_refused(self, why: str) -> None:
        error = self.assertRaises(NotOurs, self.folders.is_ours, VM, 1)
        self.assertIn(why, str(error))
        before = sorted(self.above.rglob("*"))
        self.assertRaises(NotOurs, self.folders.remove, VM, 1)
        self.assertEqual(before, sorted(self.above.rglob("*")))
        self.assertEqual("all that there is", (self.precious / "disk").read_text())

    def test_what_is_made_is_ours_and_is_removed(self) -> None:
        self.assertEqual([], self.folders.all())
        self.assertFalse(self.folders.is_ours(VM, 1))
        self.folders.make(VM, 1)
        self.folders.make(VM, 12)
        self.assertEqual([(VM, 1), (VM, 12)], self.folders.all())
        self.assertTrue(self.folders.is_ours(VM, 1))
        for _ in range(2):
            self.folders.remove(VM, 1)
        self.assertEqual([(VM, 12)], self.folders.all())

    def test_what_is_there_is_not_made_again(self) -> None:
        self.folders.make(VM, 1)
        self.assertRaises(FileExistsError, self.folders.make, VM, 1)
        self.assertRaises(FileExistsError, Folders(self.root, OTHER_HOST).make, VM, 1)

    def test_one_without_a_tag_is_the_first_releases(self) -> None:
        (self.root / name_of(VM, 1)).mkdir(parents=True)
        self.assertTrue(self.folders.is_ours(VM, 1))
        self.folders.remove(VM, 1)
        self.assertEqual([], self.folders.all())

    def test_another_hosts(self) -> None:
        Folders(self.root, OTHER_HOST).make(VM, 1)
        self.assert_refused(f"is tagged for the host '{OTHER_HOST}'")

    def test_a_tag_of_another_instance_or_attempt(self) -> None:
        for other in ((OTHER_VM, 1), (VM, 2)):
            self.folders.make(*other)
            (self.root / name_of(*other)).rename(self.root / name_of(VM, 1))
            self.assert_refused("is tagged for")
            (self.root / name_of(VM, 1)).rename(self.above / f"away {other}")

    def test_a_tag_that_says_nothing(self) -> None:
        self.folders.make(VM, 1)
        tag = self.root / name_of(VM, 1) / TAG
        own = {"host_uuid": HOST, "instance_uuid": VM, "attempt": 1}
        for said in ("", "{", "null", "[]", "7", '"x"', "{}", json.dumps({**own, "attempt": "1"})):
            tag.write_text(said)
            self.assert_refused("tag")
        tag.unlink()
        for make in (self._as_folder, self._as_link, os.mkfifo):
            make(tag)
            self.assert_refused("tag")
            tag.rmdir() if tag.is_dir() and not tag.is_symlink() else tag.unlink()

    def _as_folder(self, path: Path) -> None:
        path.mkdir()

    def _as_link(self, path: Path) -> None:
        path.symlink_to(self.precious / "disk")

    def test_a_link_in_place_of_a_folder_leads_nowhere(self) -> None:
        self.root.mkdir()
        (self.root / name_of(VM, 1)).symlink_to(self.precious)
        self.assert_refused("leads elsewhere")

    def test_a_file_in_place_of_a_folder(self) -> None:
        self.root.mkdir()
        (self.root / name_of(VM, 1)).write_text("")
        self.assert_refused("is no folder")

    def test_a_link_in_a_folder_is_removed_and_not_followed(self) -> None:
        self.folders.make(VM, 1)
        (self.root / name_of(VM, 1) / "link").symlink_to(self.precious)
        self.folders.remove(VM, 1)
        self.assertEqual("all that there is", (self.precious / "disk").read_text())

    def test_what_is_no_attempt_names_nothing(self) -> None:
        wrong = [(uuid, 1) for uuid in NO_UUIDS] + [(VM, attempt) for attempt in NO_ATTEMPTS]
        for uuid, attempt in wrong:
            for act in (self.folders.make, self.folders.remove, self.folders.is_ours):
                self.assertRaises(InvalidRequest, act, uuid, attempt)
        self.assertFalse(self.root.exists())

    def test_other_names_are_none_of_ours(self) -> None:
        self.root.mkdir()
        for name in (
            f"{VM}-0",
            f"{VM}-01",
            f"{VM}-\u0661",
            f"{VM}-1.old",
            f"{VM}-9999999999",
            f"{VM.replace('1', 'A')}-1",
            f"{'-' * 36}-1",
            VM,
            "lost+found",
        ):
            (self.root / name).mkdir()
        self.assertEqual([], self.folders.all())
