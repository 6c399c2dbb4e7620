"""What hosts say reaches a terminal on its own line, cut, and with nothing hidden in it."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import yaml
from rich.console import Console

from tests.unit.cli.app_case import AppTestCase
from tests.unit.cli.test_commands import a_host
from tests.unit.objects.test_text import ATTACKS
from understudy.cli import failures, figures, progress, summary
from understudy.cli.bad_input import BadInput
from understudy.cli.board import Board
from understudy.objects.fault import Fault
from understudy.objects.instance import Instance
from understudy.rpcapi import errors

TITLE = "\x1b]0;owned\x07"
HOSTILE = "".join(ATTACKS)
FOR_PEOPLE = ("table", "csv", "value")


def fault(message: str) -> Fault:
    return Fault(code=f"broken{TITLE}", blames="host", message=message)


class ShownTextsTest(AppTestCase):
    def assert_harmless(self, text: str, lines: int | None = None) -> None:
        """Check that only its own line breaks are left, and not too much of anything."""
        if lines is not None:
            self.assertEqual(lines, len(text.splitlines()), text)
        hidden = {character for character in text if not character.isprintable()}
        self.assertLessEqual(hidden, {"\n", "\r"} if "\r\n" in text else {"\n"})
        self.assertLess(len(text), 50_000)

    def hostile_host(self) -> None:
        host = a_host("host")
        host.name = f"host{HOSTILE}"
        host.reason, host.availability_zone = f"fan{HOSTILE}", "x" * 3_000_000
        self.cloud.client.hosts["host"] = host

    def hostile_instance(self, message: str = HOSTILE) -> Instance:
        self.cloud.client.story = lambda request, index: [
            (f"bad{TITLE}", fault(message)),
            ("good\x1b[2J", fault(message)),
        ]
        self.understudy("build", "--resource", "VCPU=1", "--wait", "9")
        (instance,) = self.cloud.client.instances.values()
        return instance

    def test_hosts_in_every_form_for_people(self) -> None:
        self.hostile_host()
        for form, lines in {"table": 5, "csv": 2, "value": 1}.items():
            self.assertEqual(0, self.understudy("host", "list", "-f", form), self.err)
            self.assert_harmless(self.out, lines)
            self.assertIn("... (3000000 characters)", self.out)
        (row,) = list(csv.reader(io.StringIO(self.csv("host", "list"))))[1:]
        # The format has escapes of its own, by backslashes that stand twice.
        self.assertEqual("host" + "".join(ATTACKS.values()), row[0].replace("\\\\", "\\"))

    def csv(self, *argv: str) -> str:
        self.assertEqual(0, self.understudy(*argv, "-f", "csv"), self.err)
        return self.out

    def test_programs_get_what_was_said(self) -> None:
        self.hostile_host()
        (said,) = self.understudy_json("host", "list")
        self.assertEqual((f"host{HOSTILE}", f"fan{HOSTILE}"), (said["Host"], said["Reason"]))
        self.assertTrue(self.out.isascii())
        host = self.cloud.client.hosts["host"]
        host.name, host.reason, host.availability_zone = "a\u202eb\u2028c", TITLE, None
        self.assertEqual(0, self.understudy("host", "list", "-f", "yaml"), self.err)
        self.assert_harmless(self.out)
        (listed,) = yaml.safe_load(self.out)
        self.assertEqual(("a\u202eb\u2028c", TITLE), (listed["Host"], listed["Reason"]))

    def test_instances(self) -> None:
        instance = self.hostile_instance()
        for form, lines in {"table": 5, "csv": 2, "value": 1}.items():
            self.assertEqual(0, self.understudy("list", "-f", form), self.err)
            self.assert_harmless(self.out, lines)
        self.assertIn(r"broken\x1b]0;owned\x07", self.out)
        shown = self.understudy_json("show", instance.uuid)
        self.assertEqual(HOSTILE, shown["timeline"][0]["message"])

    def test_a_timeline_has_a_line_for_each_attempt(self) -> None:
        instance = self.hostile_instance("no\ndisk\r\x1b[2J")
        self.assertEqual(0, self.understudy("show", instance.uuid), self.err)
        self.assert_harmless(self.out)
        said = r"broken\x1b]0;owned\x07 (blames the host): no\x0adisk\x0d\x1b[2J"
        self.assertIn(rf"1  cell1/bad\x1b]0;owned\x07  FAILED after 0.5 s: {said}", self.out)
        self.assertIn(rf"2  cell1/good\x1b[2J  FAILED after 0.5 s: {said}", self.out)

    def test_three_megabytes(self) -> None:
        instance = self.hostile_instance("x" * 3_000_000)
        for form in FOR_PEOPLE:
            self.assertEqual(0, self.understudy("list", "-f", form), self.err)
            self.assertLess(len(self.out), 10_000)
        self.assertEqual(0, self.understudy("show", instance.uuid), self.err)
        self.assertLess(len(self.out), 100_000)

    def test_cells_that_do_not_answer(self) -> None:
        self.cloud.client.cells_unanswered = [TITLE]
        self.understudy("host", "list")
        self.assertIn(r"no answer from \x1b]0;owned\x07;", self.err)

    def test_errors_are_one_line(self) -> None:
        for error in (
            errors.HostRefused(TITLE, HOSTILE),
            errors.ServiceUnavailable("conductor", "x" * 3_000_000),
            RuntimeError(HOSTILE),
            BadInput("a.yaml", TITLE, HOSTILE, "mend it"),
        ):
            client: Any = self.cloud.client
            client.list_hosts = self.raising(error)
            self.assertNotEqual(0, self.understudy("host", "list"))
            self.assert_harmless(self.err, 1)
            self.assertLess(len(failures.line(error)), 2200)

    @staticmethod
    def raising(error: Exception) -> Any:
        def list_hosts(*facts: object) -> None:
            raise error

        return list_hosts

    def test_an_argument_is_shown_too(self) -> None:
        self.assertEqual(2, self.understudy(f"list{TITLE}"))
        self.assert_harmless(self.err, 1)
        self.assertEqual(2, self.understudy("show", TITLE))
        self.assert_harmless(self.err, 1)

    def test_a_reason_that_nobody_could_read(self) -> None:
        self.hostile_host()
        self.assert_refused(
            r"--reason: '\x1b]0;owned\x07' cannot be shown; "
            "write printable characters, and not only spaces",
            "host", "disable", "host", "--reason", TITLE,
        )  # fmt: skip
        self.assertEqual(0, self.understudy("host", "disable", "host", "--reason", "fan"))


class RunTextsTest(AppTestCase):
    def test_the_board_and_the_last_word(self) -> None:
        self.understudy("build", "--resource", "VCPU=1")
        (instance,) = self.cloud.client.ends.values()
        instance.service_host = f"good{TITLE}"
        first = instance.attempts[0].obj_clone()
        first.service_host, first.fault = f"bad{TITLE}", fault("a\nb\x1b[2J")
        instance.attempts = [first, instance.attempts[0]]
        board = Board(1)
        board.take([instance])
        board.take_timeline(instance)
        out = io.StringIO()
        Console(file=out, width=200).print(progress.picture(board))
        self.assertIn(r"bad\x1b]0;owned\x07 -> host-1  a\x0ab\x1b[2J", out.getvalue())
        self.assertNotIn("\x1b", out.getvalue())
        counted = figures.Figures(1, 1, 0, 1, 2, 1, 1, 0, 1.0)
        said = io.StringIO()
        summary.tell_demo(figures.Run(counted, instance, (f"leaked{TITLE}",)), said)
        self.assertNotIn("\x1b", said.getvalue())
        self.assertIn(r"audit: leaked\x1b]0;owned\x07", said.getvalue())
        json.loads(summary.as_json(counted))
