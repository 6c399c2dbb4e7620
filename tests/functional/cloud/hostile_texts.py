"""Hosts whose words a terminal would obey, or which say more than anybody reads."""

from __future__ import annotations

import functools

from tests.fakes.log_lines import LogLines
from tests.functional.cloud.case import CloudTestCase
from tests.functional.support.waiting import wait_for
from understudy.objects import states
from understudy.objects.fault import MAX_MESSAGE, Fault
from understudy.objects.fields import Blame

TITLE = "\x1b]0;owned\x07"


class HostileTexts(CloudTestCase):
    """Row 11 of what was shown."""

    def test_faults_are_kept_cut_and_printable(self) -> None:
        self.open({"one": {"a": 1, "b": 1, "c": 1}})
        said = {"a": f"{TITLE}\n\r\u202e\x1b[2J", "b": "x" * 3_000_000, "c": "\n" * 3_000_000}
        for host, message in said.items():
            fault = Fault(code=f"broken{TITLE}", blames=Blame.HOST, message=message)
            self.cloud.builds.break_host(host, fault)
        (instance,) = self.build_and_wait()
        self.assert_ended_as(states.ERROR, [instance])
        shown = {each.service_host: each.fault for each in instance.attempts}
        assert all(shown.values())
        kept = {host: fault.message for host, fault in shown.items() if fault}
        self.assertEqual(r"\x1b]0;owned\x07\x0a\x0d\u202e\x1b[2J", kept["a"])
        for message in (kept["b"], kept["c"]):
            self.assertEqual(MAX_MESSAGE, len(message))
            self.assertTrue(message.endswith("... (3000000 characters)"), message[-50:])
        assert instance.fault is not None
        for fault in [instance.fault, *(each for each in shown.values() if each)]:
            self.assertTrue(fault.message.isprintable())
            self.assertLessEqual(len(fault.message), MAX_MESSAGE)
        self.assertEqual({"broken--0-owned-"}, {fault.code for fault in shown.values() if fault})

    def test_names_are_refused_before_anything_is_written(self) -> None:
        log = self.useFixture(LogLines("understudy.compute"))
        self.open({"one": {"a": 1}})
        for name in (TITLE, "\x1b[2J", "a\nb", "a\rb", "gpj\u202eexe"):
            self.cloud.add_host("one", name, 1)
            wait_for(functools.partial(self.is_told, log, name), f"{name!r} is refused")
        page = self.cloud.client.list_hosts(self.cloud.context, None)
        self.assertEqual(["a"], [host.name for host in page.hosts])
        self.assert_ended_as(states.ACTIVE, [self.occupy("a", 1)])

    @staticmethod
    def is_told(log: LogLines, name: str) -> bool:
        return any(f"name: {name!r} is no plain name" in line for line in log.all())
