"""How stestr spreads tests over workers: each real server is started in one of them alone."""

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

    def test_all_integration_tests_are_one_group(self) -> None:
        groups = {self.group(f"tests.integration.{name}") for name in ("a.A.test", "b.c.B.test")}
        self.assertEqual({"tests.integration."}, groups)

    def test_but_for_the_clouds(self) -> None:
        tests = [f"tests.integration.cloud.test_servers.{name}" for name in ("A.test", "B.test")]
        self.assertEqual({"tests.integration.cloud."}, {self.group(test) for test in tests})

    def test_elsewhere_a_class_is_a_group(self) -> None:
        self.assertEqual("tests.unit.a.A.", self.group("tests.unit.a.A.test_it"))
