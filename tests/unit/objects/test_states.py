"""The moves of an instance, against a list written down a second time."""

from __future__ import annotations

import itertools
import unittest

from hypothesis import given
from hypothesis import strategies as st

from understudy.objects import errors, states

# Written out, so that a change of the table is made twice and thought over twice.
LEGAL = {
    "ACCEPTED BUILDING",
    "ACCEPTED ERROR",
    "ACCEPTED DELETING",
    "ACCEPTED DELETED",
    "BUILDING BUILDING",
    "BUILDING MOVING",
    "BUILDING ACTIVE",
    "BUILDING EXHAUSTED",
    "BUILDING FAILING",
    "BUILDING DELETING",
    "BUILDING HANDED_OVER",
    "MOVING MOVING",
    "MOVING BUILDING",
    "MOVING EXHAUSTED",
    "MOVING FAILING",
    "MOVING DELETING",
    "MOVING HANDED_OVER",
    "EXHAUSTED HANDING_OVER",
    "EXHAUSTED FAILING",
    "EXHAUSTED DELETING",
    "HANDING_OVER HANDED_OVER",
    "HANDING_OVER FAILING",
    "HANDING_OVER DELETING",
    "FAILING ERROR",
    "FAILING DELETING",
    "ACTIVE DELETING",
    "ERROR DELETING",
    "ERROR DELETED",
    "DELETING DELETED",
}


def allowed(current: str, wanted: str) -> bool:
    try:
        states.check(current, wanted)
    except errors.IllegalMove:
        return False
    return True


class TestMoves(unittest.TestCase):
    def test_every_move_is_as_written(self) -> None:
        for current, wanted in itertools.product(states.ALL, repeat=2):
            with self.subTest(current=current, wanted=wanted):
                self.assertEqual(f"{current} {wanted}" in LEGAL, allowed(current, wanted))

    def test_the_table_knows_every_state(self) -> None:
        self.assertEqual(set(states.ALL), set(states.MOVES))
        self.assertLessEqual(states.ENDED | states.WORKING, set(states.ALL))
        self.assertFalse(states.ENDED & states.WORKING)

    def test_a_refusal_names_the_move(self) -> None:
        with self.assertRaises(errors.IllegalMove) as caught:
            states.check(states.DELETED, states.BUILDING)
        self.assertEqual(
            "an instance that is DELETED cannot become BUILDING", str(caught.exception)
        )

    def test_a_state_that_nobody_knows_goes_nowhere(self) -> None:
        self.assertFalse(allowed("LOST", states.BUILDING))

    @given(st.lists(st.sampled_from(states.ALL), max_size=30))
    def test_what_ended_is_at_most_deleted(self, wishes: list[str]) -> None:
        current = states.ACCEPTED
        ended = False
        for wish in wishes:
            if not allowed(current, wish):
                continue
            current = wish
            ended = ended or current in states.ENDED
            if ended:
                after = states.ENDED | {states.DELETING}
                self.assertIn(current, after)
        if current == states.DELETED:
            self.assertFalse([wish for wish in states.ALL if allowed(current, wish)])

    def test_an_ending_is_left_only_towards_deleted(self) -> None:
        for ending in (states.ACTIVE, states.ERROR):
            self.assertLessEqual(states.MOVES[ending], {states.DELETING, states.DELETED})
        self.assertEqual(frozenset({states.DELETED}), states.MOVES[states.DELETING])

    def test_every_working_state_reaches_an_ending(self) -> None:
        for start in states.WORKING | {states.ACCEPTED}:
            reached, before = {start}, set[str]()
            while reached != before:
                before = set(reached)
                reached |= {wanted for state in before for wanted in states.MOVES[state]}
            self.assertTrue(reached & {states.ERROR, states.DELETED}, start)

    def test_delete_wins_from_every_state_that_can_still_build(self) -> None:
        for state in (states.WORKING | {states.ACCEPTED, states.ACTIVE}) - {states.DELETING}:
            self.assertIn(states.DELETING, states.MOVES[state], state)
