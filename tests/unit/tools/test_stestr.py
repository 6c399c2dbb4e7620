"""How stestr spreads tests over workers: what shares a server stays together."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import testtools

ROOT = Path(__file__).resolve().parents[3]


class GroupsTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        settings = configparser.RawConfigParser()
        settings.read(ROOT / ".stestr.conf")
        self.pattern = re.compile(settings["DEFAULT"]["group_regex"])

    def group(self, test: str) -> str:
        found = self.pattern.match(test)
        assert found is not None
        return found[0]

    def test_a_folder_of_integration_tests_is_one_group(self) -> None:
        tests = [f"tests.integration.cells.{name}" for name in ("a.A.test", "b.B.test")]
        self.assertEqual({"tests.integration.cells."}, {self.group(test) for test in tests})
        self.assertNotEqual(self.group(tests[0]), self.group("tests.integration.ledger.a.A.test"))

    def test_so_is_a_module_beside_the_folders(self) -> None:
        tests = [f"tests.integration.test_services.{name}" for name in ("A.test", "B.test")]
        self.assertEqual(
            {"tests.integration.test_services."}, {self.group(test) for test in tests}
        )

    def test_the_clouds_are_dealt_out_by_class(self) -> None:
        cloud = "tests.integration.cloud.test_servers."
        self.assertEqual(f"{cloud}A.", self.group(f"{cloud}A.test_it"))

    def test_elsewhere_a_class_is_a_group(self) -> None:
        self.assertEqual("tests.unit.a.A.", self.group("tests.unit.a.A.test_it"))
