"""Pauses and the vocabulary's memory."""

from __future__ import annotations

from typing import Any, cast
from unittest import mock

import testtools

from understudy.ledger import api, pauses
from understudy.ledger.vocabulary import PlacementVocabulary


class PauseTest(testtools.TestCase):
    def test_it_doubles_up_to_the_longest_give_or_take_a_half(self) -> None:
        slept: list[float] = []
        with mock.patch("time.sleep", slept.append):
            pause = pauses.jittered(first=0.01, longest=0.05)
            for failed in (1, 2, 3, 4, 9):
                pause(failed)
        for nominal, seconds in zip((0.01, 0.02, 0.04, 0.05, 0.05), slept, strict=True):
            self.assertTrue(nominal / 2 <= seconds <= nominal * 3 / 2, (nominal, seconds))


class Traits:
    """An API that knows some traits."""

    def __init__(self, *known: str) -> None:
        self.known = set(known)
        self.asked: list[str] = []

    def get(self, path: str, query: api.Query = ()) -> dict[str, Any]:
        [(_, names)] = query
        self.asked.append(names)
        return {"traits": sorted(self.known & set(names.removeprefix("in:").split(",")))}


class VocabularyTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.now = 0.0
        self.traits = Traits("A", "B")
        self.vocabulary = PlacementVocabulary(
            cast(api.PlacementApi, self.traits), keep_seconds=60, clock=lambda: self.now
        )

    def test_what_was_known_is_asked_again_after_a_while(self) -> None:
        self.assertEqual(["C"], self.vocabulary.unknown_traits(["A", "C"]))
        self.assertEqual([], self.vocabulary.unknown_traits(["A"]))
        self.assertEqual(["in:A,C"], self.traits.asked)
        self.now = 61
        self.traits.known.remove("A")
        self.assertEqual(["A"], self.vocabulary.unknown_traits(["A"]))

    def test_what_was_unknown_is_asked_anew(self) -> None:
        self.assertEqual(["C"], self.vocabulary.unknown_traits(["C", "C"]))
        self.traits.known.add("C")
        self.assertEqual([], self.vocabulary.unknown_traits(["C"]))

    def test_many_names_are_asked_for_in_parts(self) -> None:
        names = [f"T{index}" for index in range(150)]
        self.assertEqual(names, self.vocabulary.unknown_traits(names))
        self.assertEqual(2, len(self.traits.asked))
