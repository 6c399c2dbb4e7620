"""A message is one line of the log, whatever it quotes and whoever formats it."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

from oslo_context import context as oslo_context
from oslo_log import formatters, handlers, log

from tests.unit.cli.services_case import ServicesTestCase
from tests.unit.objects.test_text import ATTACKS
from understudy.cli import one_line
from understudy.cli.services import conductor, logs

HOSTILE = "".join(ATTACKS)
SHOWN = "".join(ATTACKS.values())
FORGED = "x\n2026-01-01 00:00:00.000 1 CRITICAL understudy [-] all is lost"


class RaisesHostile(Exception):
    pass


class OneLineTest(ServicesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.root = logging.getLogger()
        before = self.root.handlers[:], self.root.level
        self.addCleanup(self.restore, *before)
        self.root.handlers.clear()
        self.addCleanup(oslo_context._request_store.__dict__.pop, "context", None)
        self.log = logging.getLogger("understudy.tests.hostile")
        self.log.setLevel(logging.DEBUG)

    def restore(self, before: list[logging.Handler], level: int) -> None:
        for handler in set(self.root.handlers) - set(before):
            handler.close()
        self.root.handlers[:] = before
        self.root.setLevel(level)

    def to(self, formatter: logging.Formatter | None) -> io.StringIO:
        """Log to a stream that this formatter formats for, kept to one line."""
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        self.root.addHandler(handler)
        logs.keep_lines()
        return stream

    def configuration(self, *more: str) -> Any:
        self.write(self.default, *more, self.api, PLACEMENT)
        return self.read(conductor.kind_of_super())

    def test_every_attack_on_its_line(self) -> None:
        stream = self.to(logging.Formatter("%(levelname)s %(message)s"))
        for attack, shown in ATTACKS.items():
            self.log.warning("host %s is refused: %s", attack, RaisesHostile(attack))
            self.assertEqual(f"WARNING host {shown} is refused: {shown}\n", stream.getvalue())
            stream.seek(0)
            stream.truncate()

    def test_a_handler_without_a_formatter(self) -> None:
        stream = self.to(None)
        self.log.warning(FORGED)
        self.assertEqual(1, len(stream.getvalue().splitlines()))

    def test_three_megabytes(self) -> None:
        stream = self.to(logging.Formatter("%(message)s"))
        self.log.warning("%s", "x" * 3_000_000)
        self.assertEqual(one_line.LONGEST + 1, len(stream.getvalue()))
        self.assertIn("... (3000000 characters)", stream.getvalue())

    def test_others_get_the_record_as_it_is(self) -> None:
        self.to(logging.Formatter("%(message)s"))
        seen: list[str] = []

        class Keeper(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                seen.append(record.getMessage())

        self.root.addHandler(Keeper())
        self.log.warning("%s", HOSTILE)
        self.assertEqual([HOSTILE], seen)

    def test_a_traceback_keeps_its_lines_and_no_others(self) -> None:
        stream = self.to(logging.Formatter("%(message)s"))
        try:
            raise RaisesHostile(f"a\rb\x1b[2J{'x' * 3_000_000}")
        except RaisesHostile:
            self.log.exception("it broke")
        first, second, *_, last = stream.getvalue().splitlines()
        self.assertEqual(("it broke", "Traceback (most recent call last):"), (first, second))
        self.assertIn(r"RaisesHostile: a\x0db\x1b[2Jxxx", last)
        self.assertLessEqual(len(last), one_line.LONGEST)
        try:
            raise RaisesHostile("\n" * 100_000)
        except RaisesHostile:
            self.log.exception("it broke again")
        self.assertLess(stream.getvalue().count("\n"), 3 * one_line.LINES)
        self.assertIn("lines)", stream.getvalue())

    def test_twice_is_once(self) -> None:
        stream = self.to(logging.Formatter("%(message)s"))
        for _ in range(3):
            logs.keep_lines()
        self.log.warning("a\nb")
        self.assertEqual("a\\x0ab\n", stream.getvalue())

    def test_json_says_it_in_its_own_way(self) -> None:
        stream = self.to(formatters.JSONFormatter())
        try:
            raise RaisesHostile(HOSTILE)
        except RaisesHostile:
            self.log.exception("host %s", HOSTILE)
        (line,) = stream.getvalue().splitlines()
        said = json.loads(line)
        self.assertEqual(f"host {HOSTILE}", said["message"])
        self.assertIn("\x1b[2J", said["traceback"])
        self.assertTrue(line.isascii())

    def test_the_log_file_of_a_service(self) -> None:
        path = self.folder / "service.log"
        conf = self.configuration()
        conf.set_override("log_file", str(path))
        logs.set_up(conf)
        oslo_context.RequestContext(request_id=f"req{FORGED}", user_id=HOSTILE)
        try:
            raise RaisesHostile(FORGED)
        except RaisesHostile as error:
            self.log.warning("host %s is refused: %s", HOSTILE, error)
        text = path.read_text()
        self.assertEqual(1, text.count("\n"), text)
        self.assertTrue(text.removesuffix("\n").isprintable())
        self.assertIn(f"host {SHOWN} is refused: x\\x0a2026", text)
        self.assertIn(" reqx\\x0a2026", text)

    def test_colours_stay_and_nothing_else_does(self) -> None:
        stream = io.StringIO()
        handler = handlers.ColorHandler(stream)
        conf = self.configuration()
        conf.set_override("logging_default_format_string", "%(color)s%(message)s")
        conf.set_override("logging_context_format_string", "%(color)s%(message)s")
        handler.setFormatter(formatters.ContextFormatter(config=conf))
        self.root.addHandler(handler)
        logs.keep_lines()
        self.log.info("a\x1b[2Jb")
        self.assertEqual("\x1b[00;36ma\\x1b[2Jb\x1b[00m\n", stream.getvalue())

    def test_handlers_that_a_file_names_and_names_anew(self) -> None:
        path, other = self.folder / "a.log", self.folder / "b.log"
        append = self.folder / "logging.conf"
        append.write_text(FILE.format(path=path))
        conf = self.configuration()
        conf.set_override("log_config_append", str(append))
        loader: Any = log._load_log_config
        self.addCleanup(setattr, loader, "old_time", 0)
        logs.set_up(conf)
        self.log.warning(FORGED)
        self.assertEqual("x\\x0a2026", path.read_text()[:9])
        append.write_text(FILE.format(path=other))
        loader.old_time = 0
        conf.mutate_config_files()
        self.log.warning(FORGED)
        self.assertEqual("x\\x0a2026", other.read_text()[:9])
        self.assertEqual(1, other.read_text().count("\n"))


PLACEMENT = "[placement]\nauth_type = admin_token\nendpoint = http://127.0.0.1:1\ntoken = t\n"
FILE = """
[loggers]
keys = root
[handlers]
keys = file
[formatters]
keys = plain
[logger_root]
level = INFO
handlers = file
[handler_file]
class = FileHandler
args = ('{path}',)
formatter = plain
[formatter_plain]
format = %(message)s
"""
