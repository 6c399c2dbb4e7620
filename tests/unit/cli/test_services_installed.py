"""The versions that our promises rest on: what pip is told, and what a process refuses."""

from __future__ import annotations

from importlib import metadata

import testtools
from packaging.requirements import Requirement
from packaging.version import Version

from understudy.cli.bad_input import BadInput
from understudy.cli.services import installed
from understudy.cli.services.installed import Needed

NEEDED = {**installed.BUS, **installed.DATABASES, **installed.PLACEMENT}


def least(requirement: Requirement) -> Version:
    """Return the oldest version that pip would leave in place."""
    return max(Version(one.version) for one in requirement.specifier if one.operator == ">=")


class MetadataTest(testtools.TestCase):
    """What the package itself says, not the file that it was built from."""

    def setUp(self) -> None:
        super().setUp()
        said = [Requirement(line) for line in metadata.requires("understudy") or []]
        self.least = {one.name: least(one) for one in said if one.name in NEEDED}

    def test_it_allows_none_that_breaks_a_promise(self) -> None:
        self.assertEqual(set(NEEDED), set(self.least))
        for name, needed in NEEDED.items():
            self.assertTrue(self.least[name] >= Version(needed.version), name)

    def test_those_that_broke_them_are_too_old(self) -> None:
        for name, broken in (
            ("PyMySQL", "1.1.1"),
            ("PyMySQL", "1.1.3"),
            ("oslo.messaging", "18.0.0"),
            ("oslo.messaging", "18.1.0"),
            ("requests", "2.32.3"),
            ("amqp", "5.1.1"),
        ):
            self.assertTrue(self.least[name] > Version(broken), name)


class CheckTest(testtools.TestCase):
    def test_what_is_installed_here_will_do(self) -> None:
        installed.check(NEEDED)

    def test_an_older_one_is_refused_in_one_line(self) -> None:
        for name, needed in NEEDED.items():
            said = self.assertRaises(
                BadInput, installed.check, {name: needed}, lambda name: "1.1.1"
            )
            self.assertEqual(
                f"{name} 1.1.1: it is too old: {needed.otherwise}; "
                f"install {name} {needed.version} or newer",
                str(said),
            )

    def test_versions_are_numbers(self) -> None:
        installed.check({"a": Needed("1.9", "?")}, lambda name: "1.10.0")
        installed.check({"a": Needed("1.9", "?")}, lambda name: "2.0")

    def test_one_that_is_not_installed_is_not_asked_for(self) -> None:
        installed.check({"no-such-package-anywhere": Needed("1", "?")})
