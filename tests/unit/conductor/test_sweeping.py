"""A duty that goes wrong is told, and keeps no other from its turn."""

from __future__ import annotations

import fixtures
import testtools

from understudy.cells.errors import ApiDatabaseUnreachable
from understudy.conductor.sweeping import Round


class RoundTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.done: list[str] = []

    def go(self, error: Exception) -> None:
        def fails() -> None:
            raise error

        Round("deletes", 2.0, (fails, lambda: self.done.append("second"))).go()

    def test_a_database_that_does_not_answer_is_one_line(self) -> None:
        self.go(ApiDatabaseUnreachable("refused"))
        self.assertEqual(["second"], self.done)
        (line,) = self.log.output.splitlines()
        self.assertIn("deletes", line)
        self.assertIn("refused", line)

    def test_what_nobody_foresaw_is_told_with_its_traceback(self) -> None:
        self.go(ValueError("a bug"))
        self.assertEqual(["second"], self.done)
        self.assertIn("Traceback", self.log.output)
        self.assertIn("a bug", self.log.output)

    def test_it_stops_between_two_duties(self) -> None:
        answers = iter((False, True))
        duties = (lambda: self.done.append("first"), lambda: self.done.append("second"))
        Round("deletes", 2.0, duties).go(lambda: next(answers))
        self.assertEqual(["first"], self.done)
