"""A method gets arguments of the types that it is annotated with, or is not called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import testtools

from tests.unit.objects import samples
from understudy.objects.fault import Fault
from understudy.rpcapi import arguments
from understudy.rpcapi.call import Unreadable
from understudy.rpcapi.context import RequestContext

CTXT = RequestContext("a-project", "a-user")


class Endpoint:
    def report(
        self,
        ctxt: RequestContext,
        host: str,
        attempt: int,
        cleaned: bool,
        fault: Fault | None = None,
    ) -> None:
        pass

    def all_of_it(self, ctxt: RequestContext, **everything: Any) -> None:
        pass


FAULT = samples.everything()["Fault"]
RIGHT: dict[str, Any] = {"host": "host-1", "attempt": 1, "cleaned": True}


class CheckTest(testtools.TestCase):
    def refusal(self, said: dict[str, Any]) -> str:
        error = self.assertRaises(
            Unreadable, arguments.check, Endpoint().report, CTXT, RIGHT | said
        )
        return str(error)

    def test_what_fits_is_let_through(self) -> None:
        for said in ({}, {"fault": None}, {"fault": samples.everything()["Fault"]}):
            arguments.check(Endpoint().report, CTXT, RIGHT | said)

    def test_what_is_missing_or_too_much_is_named(self) -> None:
        error = self.assertRaises(Unreadable, arguments.check, Endpoint().report, CTXT, {})
        self.assertIn("'host'", str(error))
        for name in ("colour", "self", "ctxt"):
            self.assertIn(name, self.refusal({name: 1}))

    def test_what_is_of_another_type_is_named(self) -> None:
        self.assertEqual("argument attempt is not int, but '1'", self.refusal({"attempt": "1"}))
        self.assertEqual("argument attempt is not int, but True", self.refusal({"attempt": True}))
        self.assertEqual("argument cleaned is not bool, but 1", self.refusal({"cleaned": 1}))
        self.assertIn("argument fault", self.refusal({"fault": samples.everything()["Host"]}))
        self.assertIn("argument host", self.refusal({"host": ["host-1"]}))

    def test_what_an_object_must_say_is_named(self) -> None:
        fault = Fault(**{name: getattr(FAULT, name) for name in FAULT.fields if name != "code"})
        self.assertEqual("argument fault does not say Fault.code", self.refusal({"fault": fault}))
        instance = samples.everything()["Instance"]
        instance.attempts[0].fault = fault
        self.assertEqual(["Fault.code"], list(arguments.lacking_in([{"one": instance}])))

    def test_a_method_that_takes_everything_gets_it(self) -> None:
        arguments.check(Endpoint().all_of_it, CTXT, {"host": 1, "colour": []})


class FitsTest(testtools.TestCase):
    def test_lists_and_maps_all_the_way_down(self) -> None:
        pairs = Mapping[str, Sequence[Sequence[object]]]
        self.assertTrue(arguments.fits({"host": [["vm", 1]], "other": []}, pairs))
        wrongs: list[Any] = [[], {"host": "vm"}, {"host": ["vm"]}, {"host": [{"vm": 1}]}]
        for wrong in wrongs:
            self.assertFalse(arguments.fits(wrong, pairs), str(wrong))
        self.assertTrue(arguments.fits(["a"], Sequence[str]))
        # A text is a sequence of texts for Python alone.
        self.assertFalse(arguments.fits("a", Sequence[str]))
        self.assertFalse(arguments.fits({"vm": "1"}, Mapping[str, int]))

    def test_numbers(self) -> None:
        self.assertTrue(arguments.fits(1, float))
        self.assertFalse(arguments.fits(1.0, int))
        self.assertFalse(arguments.fits(False, float))
