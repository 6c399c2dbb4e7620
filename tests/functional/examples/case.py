"""A small cloud in this process that an example is run against."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Sequence

import fixtures
import testtools

from understudy.cli.embedded import EmbeddedCloud
from understudy.cli.embedded_cell import SUPER_USER
from understudy.cli.inputs import providers
from understudy.compute.fault_plan import FaultPlan, host_broken
from understudy.objects.host import Host
from understudy.rpcapi.bus import API, Bus, embedded_url

Main = Callable[[Sequence[str], Bus], int]


class ExampleTestCase(testtools.TestCase):
    """Starts a cloud of three hosts, of which those that are named fail every build."""

    def start(self, *broken: str, announces: bool = False, release: str | None = None) -> None:
        self.useFixture(fixtures.FakeLogger())
        hosts = [_host(f"host-{number}") for number in (1, 2, 3)]
        plan = FaultPlan(hosts={host: host_broken("no boot device") for host in broken})
        self.cloud = EmbeddedCloud(cells={"cell1": hosts}, plan=plan, announces=announces)
        self.addCleanup(self.cloud.close)
        # Whom the scheduler answers too.
        self.bus = Bus.open(API, embedded_url(SUPER_USER), release=release)
        self.addCleanup(self.bus.close)

    def run_example(self, main: Main, *arguments: str) -> tuple[int, str]:
        """Return the example's exit code, and all that it printed."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            code = main(arguments, self.bus)
        return code, printed.getvalue()

    def assert_printed(self, pattern: str, printed: str) -> None:
        self.assertIsNotNone(re.search(pattern, printed, re.MULTILINE), printed)


def _host(name: str) -> Host:
    return providers.host(name, [providers.root(name, {"VCPU": 4}, [])])
