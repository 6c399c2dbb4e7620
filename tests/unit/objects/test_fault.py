"""A fault is kept in bounds, whoever wrote it."""

from __future__ import annotations

import unittest

from tests.unit.objects.test_text import ATTACKS
from understudy.objects.errors import InvalidRequest
from understudy.objects.fault import MAX_CODE, MAX_MESSAGE, Fault, bounded


class TestBounded(unittest.TestCase):
    def test_a_fault_of_a_driver_stays_as_it_is(self) -> None:
        fault = Fault(code="driver.boot-failed_1", blames="host", message="no boot device: 夏")
        self.assertEqual(fault, bounded(fault))

    def test_messages_that_a_terminal_or_a_log_would_obey(self) -> None:
        for attack, shown in ATTACKS.items():
            with self.subTest(shown):
                kept = bounded(Fault(code="broken", blames="network", message=attack))
                self.assertEqual(Fault(code="broken", blames="network", message=shown), kept)

    def test_three_megabytes(self) -> None:
        kept = bounded(Fault(code="A" * 3_000_000, blames="host", message="\n" * 3_000_000))
        self.assertEqual("a" * MAX_CODE, kept.code)
        self.assertEqual(MAX_MESSAGE, len(kept.message))
        self.assertTrue(kept.message.endswith("... (3000000 characters)"))

    def test_codes_become_words(self) -> None:
        for code, kept in {
            "Out Of Memory": "out-of-memory",
            "\x1b[2J": "--2j",
            "": "unknown",
        }.items():
            self.assertEqual(kept, bounded(Fault(code=code, blames="host")).code)

    def test_a_fault_that_says_nothing(self) -> None:
        for fault, field in ((Fault(blames="host"), "code"), (Fault(code="x"), "blames")):
            with self.assertRaises(InvalidRequest) as caught:
                bounded(fault)
            self.assertEqual(f"fault.{field}: it is missing; write it down", str(caught.exception))
