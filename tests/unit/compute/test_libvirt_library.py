from __future__ import annotations

import sys
from typing import Any

import fixtures
import testtools
from testtools import matchers

from understudy.compute.identity import throw_away
from understudy.compute.libvirt_driver import make
from understudy.compute.libvirt_library import LibvirtMissing


class MissingTest(testtools.TestCase):
    """The library is an extra."""

    def test_its_absence_says_how_to_get_it(self) -> None:
        without: dict[str, Any] = {"libvirt": None}
        self.useFixture(fixtures.MonkeyPatch("sys.modules", {**sys.modules, **without}))
        missing = self.assertRaises(LibvirtMissing, make, "agent-1", throw_away(), None)
        self.assertThat(str(missing), matchers.Contains("pip install 'understudy[libvirt]'"))
        self.assertThat(str(missing), matchers.Contains("bindep libvirt"))
