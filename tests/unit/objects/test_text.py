"""Whatever a text holds, what is shown of it is one short line of printable characters."""

from __future__ import annotations

import unittest

from hypothesis import example, given
from hypothesis import strategies as st

from understudy.objects import text

ATTACKS = {
    "\x1b]0;owned\x07": "\\x1b]0;owned\\x07",
    "\x1b[2J": "\\x1b[2J",
    "\x9b2J": "\\x9b2J",
    "a\nb": "a\\x0ab",
    "a\rb": "a\\x0db",
    "a\x00b\x7f": "a\\x00b\\x7f",
    "a\x85b": "a\\x85b",
    "a\u2028b\u2029c": "a\\u2028b\\u2029c",
    "gpj\u202eexe": "gpj\\u202eexe",
    "\u2066a\u2069": "\\u2066a\\u2069",
    "host\u200b1": "host\\u200b1",
    "\ufeffhost": "\\ufeffhost",
    "\ud800": "\\ud800",
    "tag\U000e0001": "tag\\U000e0001",
}
"""Each with what is shown of it."""


class TestPrintable(unittest.TestCase):
    def test_what_a_terminal_would_obey_is_shown(self) -> None:
        for attack, shown in ATTACKS.items():
            with self.subTest(shown):
                self.assertEqual(shown, text.printable(attack))

    def test_what_is_fine_stays_as_it_is(self) -> None:
        for fine in ("", "host-1", "série d'été 夏", "a" * 2000, r"C:\x1b"):
            with self.subTest(fine):
                self.assertEqual(fine, text.printable(fine))

    def test_three_megabytes_are_cut_and_say_so(self) -> None:
        for long in ("x" * 3_000_000, "\x1b" * 3_000_000):
            shown = text.printable(long, 100)
            self.assertEqual(100, len(shown))
            self.assertTrue(shown.endswith("... (3000000 characters)"), shown)

    def test_a_text_that_escaping_makes_too_long_is_cut(self) -> None:
        self.assertEqual("\\x0a\\x0a... (30 characters)", text.printable("\n" * 30, 27))

    @given(st.text(st.characters(), max_size=200), st.integers(0, 120))
    @example("\x1b[2J\ud800", 3)
    def test_it_is_printable_short_and_idempotent(self, anything: str, longest: int) -> None:
        shown = text.printable(anything, longest)
        self.assertTrue(shown.isprintable())
        self.assertLessEqual(len(shown), longest)
        self.assertEqual(shown, text.printable(shown, longest))
        if len(anything) <= longest and anything.isprintable():
            self.assertEqual(anything, shown)


class TestExcerpt(unittest.TestCase):
    def test_values_are_quoted_as_python_writes_them(self) -> None:
        self.assertEqual("'a'", text.excerpt("a"))
        self.assertEqual("1.5", text.excerpt(1.5))
        self.assertEqual("None", text.excerpt(None))
        self.assertEqual(r"'\x1b[2J'", text.excerpt("\x1b[2J"))

    def test_what_holds_others_is_only_named(self) -> None:
        self.assertEqual("a list", text.excerpt(["x" * 100]))
        self.assertEqual("a map", text.excerpt({}))

    def test_long_ones_are_cut(self) -> None:
        self.assertEqual("'xxx'... (3000000 characters)", text.excerpt("x" * 3_000_000, 3))
        self.assertLessEqual(len(text.excerpt(10**400)), text.EXCERPT)


class TestPlainNames(unittest.TestCase):
    def test_names_of_hosts(self) -> None:
        for name in ("h", "host-1", "gpu_1.rack2.example.org", "1a", "a" * 255):
            with self.subTest(name):
                self.assertTrue(text.is_plain_name(name))

    def test_names_of_none(self) -> None:
        wrong = ("", " ", ".", "..", "-h", "a/b", "a b", "hôte", "a\n", "a" * 256, *ATTACKS)
        for name in wrong:
            with self.subTest(name):
                self.assertFalse(text.is_plain_name(name))
