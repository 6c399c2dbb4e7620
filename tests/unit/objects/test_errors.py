"""Errors rebuild from their facts, as the far side of the bus does it."""

from __future__ import annotations

import copy
import inspect
import pickle
import unittest

from understudy.objects import errors

EXAMPLES = (
    errors.InvalidRequest("count", "0 instances were asked for", "ask for 1 or more"),
    errors.IllegalMove("ACTIVE", "BUILDING"),
)


class TestErrors(unittest.TestCase):
    def test_every_error_has_an_example(self) -> None:
        found = {
            cls
            for _, cls in inspect.getmembers(errors, inspect.isclass)
            if issubclass(cls, errors.UnderstudyError) and cls is not errors.UnderstudyError
        }
        self.assertEqual(found, {type(example) for example in EXAMPLES})

    def test_each_rebuilds_from_its_args(self) -> None:
        for error in EXAMPLES:
            with self.subTest(type(error).__name__):
                again = type(error)(*error.args)
                self.assertEqual((error.args, str(error)), (again.args, str(again)))
                self.assertEqual(vars(error), vars(again))

    def test_each_survives_pickle_and_copy(self) -> None:
        for error in EXAMPLES:
            for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
                self.assertEqual(str(error), str(again))

    def test_each_is_one_line(self) -> None:
        for error in EXAMPLES:
            self.assertNotIn("\n", str(error))

    def test_says_where_what_and_what_to_do(self) -> None:
        self.assertEqual("count: 0 instances were asked for; ask for 1 or more", str(EXAMPLES[0]))
