"""A process whose group's leader has ended leads one of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import testtools

from understudy.rpcapi import process_group

_LEFT_BEHIND = """
import os, pathlib, time
from understudy.rpcapi import process_group
while pathlib.Path(f"/proc/{os.getpgrp()}").exists():
    time.sleep(0.01)
process_group.lead()
print(os.getpgrp() == os.getpid())
"""


class LeadTest(testtools.TestCase):
    def test_one_that_was_left_behind(self) -> None:
        shell = subprocess.Popen(
            ["sh", "-c", '"$0" -c "$1" & exit', sys.executable, _LEFT_BEHIND],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        shell.wait()
        assert shell.stdout is not None
        with shell.stdout as said:
            self.assertEqual("True\n", said.read())

    def test_one_with_a_leader_stays_in_its_group(self) -> None:
        process_group.lead()
        before = os.getpgrp()
        process_group.lead()
        self.assertEqual(before, os.getpgrp())
