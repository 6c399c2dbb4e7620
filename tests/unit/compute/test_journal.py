from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys

import fixtures

from tests.unit.compute.scene import OTHER_VM, VM, AgentTestCase, request, selection
from understudy.compute import journal_states as states
from understudy.compute.fault_plan import flaky
from understudy.compute.journal import Journal, JournalClosed
from understudy.compute.tags import Tag

FIRST = Tag("host-a", VM, 1)
SECOND = Tag("host-a", VM, 2)

DYING = """
import os, signal, sys
from tests.unit.compute.scene import VM, request, selection
from understudy.compute.journal import Journal
from understudy.compute.tags import Tag
journal = Journal(sys.argv[1])
journal.receive(Tag("host-a", VM, 1), request(), selection("host-a"))
os.kill(os.getpid(), signal.SIGKILL)
"""


class JournalTest(AgentTestCase):
    """Each move is written once, from the state it was thought to be in."""

    def setUp(self) -> None:
        super().setUp()
        self.now = 1000.0
        self.path = self.folder() / "below" / "journal.sqlite3"
        self.journal = self.open()

    def open(self) -> Journal:
        journal = Journal(self.path, clock=lambda: self.now)
        self.addCleanup(journal.close)
        return journal

    def receive(self, tag: Tag = FIRST) -> bool:
        return self.journal.receive(tag, request("img"), selection(tag.host))

    def reopen(self) -> None:
        self.journal.close()
        self.journal = self.open()

    def states(self) -> dict[Tag, str]:
        return {row.tag: row.state for row in self.journal.unfinished()}

    def test_what_is_received_is_found_again(self) -> None:
        self.assertTrue(self.receive())
        self.reopen()
        self.assertEqual({FIRST: states.RECEIVED}, self.states())
        self.assertEqual((request("img"), selection("host-a")), self.journal.what_to_build(FIRST))

    def test_a_killed_process_loses_nothing(self) -> None:
        self.journal.close()
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", DYING, self.path],
            check=False,
            capture_output=True,
        )
        self.assertEqual(-signal.SIGKILL, done.returncode, done.stderr.decode())
        self.reopen()
        self.assertEqual({FIRST: states.RECEIVED}, self.states())

    def test_only_one_agent_has_it_open(self) -> None:
        self.useFixture(fixtures.MonkeyPatch("understudy.compute.journal.PREDECESSOR_SECONDS", 0))
        self.assertRaises(sqlite3.OperationalError, Journal, self.path)

    def test_copies_and_older_attempts_are_known(self) -> None:
        self.assertTrue(self.receive(SECOND))
        self.assertFalse(self.receive(SECOND))
        self.assertFalse(self.receive(FIRST))
        self.assertTrue(self.receive(Tag("host-b", VM, 1)))
        self.assertTrue(self.receive(Tag("host-a", OTHER_VM, 1)))

    def test_a_move_happens_once(self) -> None:
        self.receive()
        self.assertTrue(self.journal.move(FIRST, states.RECEIVED, states.BUILDING))
        self.assertFalse(self.journal.move(FIRST, states.RECEIVED, states.BUILDING))
        self.assertEqual({FIRST: states.BUILDING}, self.states())

    def test_a_fault_is_kept_with_its_outcome(self) -> None:
        self.receive()
        self.journal.move(FIRST, states.RECEIVED, states.FAILED, flaky("why"), cleaned=True)
        self.reopen()
        [row] = self.journal.unfinished()
        self.assertEqual((flaky("why"), True), (row.fault, row.cleaned))

    def test_what_is_not_to_be_built_is_not_kept(self) -> None:
        self.receive()
        self.journal.move(FIRST, states.RECEIVED, states.BUILDING)
        self.journal.what_to_build(FIRST)
        self.journal.move(FIRST, states.BUILDING, states.SUCCEEDED)
        self.assertRaises(LookupError, self.journal.what_to_build, FIRST)

    def test_a_teardown_covers_what_is_older(self) -> None:
        third = Tag("host-a", VM, 3)
        for tag in (FIRST, SECOND, third):
            self.receive(tag)
        self.journal.tear_down(SECOND)
        self.assertEqual(
            {FIRST: states.TEARING_DOWN, SECOND: states.TEARING_DOWN, third: states.RECEIVED},
            self.states(),
        )
        self.assertFalse(self.journal.move(FIRST, states.BUILDING, states.SUCCEEDED))
        self.assertTrue(self.journal.is_tearing_down("host-a"))
        self.assertFalse(self.journal.is_tearing_down("host-b"))

    def test_what_is_gone_is_not_torn_down_again_by_a_newer_one(self) -> None:
        self.receive()
        self.journal.move(FIRST, states.RECEIVED, states.GONE)
        self.journal.tear_down(SECOND)
        self.assertEqual({SECOND: states.TEARING_DOWN}, self.states())

    def test_what_is_gone_is_forgotten_in_the_end(self) -> None:
        self.journal.tear_down(FIRST)
        self.journal.move(FIRST, states.TEARING_DOWN, states.GONE)
        self.now += 100
        self.journal.forget_gone(older_than_seconds=200)
        self.assertFalse(self.receive())
        self.now += 101
        self.journal.forget_gone(older_than_seconds=200)
        self.assertTrue(self.receive())

    def test_what_is_finished_is_not_in_the_way(self) -> None:
        self.receive()
        self.journal.move(FIRST, states.RECEIVED, states.BUILT)
        self.assertEqual([], self.journal.unfinished("host-a"))
        self.assertEqual([], self.journal.unfinished_at(FIRST.place))

    def test_nothing_is_written_after_the_end(self) -> None:
        self.journal.close()
        self.assertTrue(self.journal.closed)
        self.assertRaises(JournalClosed, self.receive)
        self.assertRaises(JournalClosed, self.journal.unfinished)
