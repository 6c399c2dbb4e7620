"""What a message must be for a server to act on it."""

from __future__ import annotations

from typing import Any

import testtools
from hypothesis import given
from hypothesis import strategies as st

from understudy.rpcapi import call
from understudy.rpcapi.call import Unreadable

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def message(**said: Any) -> dict[str, Any]:
    return {"method": "build", "version": "1.0", "args": {}} | said


class CheckTest(testtools.TestCase):
    def test_the_least_that_is_a_call(self) -> None:
        call.check({"method": "build"})

    def test_what_it_says_is_wrong(self) -> None:
        for said, problem in (
            ({"method": 1}, "1 is no method"),
            ({"method": "a b"}, "'a b' is no method"),
            ({"namespace": ""}, "there is no namespace ''"),
            ({"version": "1"}, "'1' is no version of an interface"),
            ({"version": "1.0\n"}, "'1.0\\n' is no version of an interface"),
            ({"args": [1]}, "the arguments are no map, but a list of 1"),
            ({"args": {"a": float("inf")}}, "argument a holds inf, which is no number"),
            ({"args": {"a": 2**63}}, "argument a holds a number of more than 64 bits"),
            ({"args": {"a": [{"b\0": 1}]}}, "argument a holds what is no text: 'b\\x00'"),
        ):
            error = self.assertRaises(Unreadable, call.check, message(**said))
            self.assertEqual(problem, str(error))

    def test_only_so_deep(self) -> None:
        value: Any = 1
        for _ in range(call.DEEPEST - 1):
            value = [value]
        call.check(message(args={"a": value}))
        for _ in range(100_000):
            value = [value]
        self.assertRaises(Unreadable, call.check, message(args={"a": value}))

    @given(st.dictionaries(st.sampled_from(["method", "version", "namespace", "args"]), JSON))
    def test_whatever_it_says_nothing_else_is_raised(self, said: dict[str, Any]) -> None:
        try:
            call.check(said)
        except Unreadable as error:
            self.assertTrue(str(error).isprintable())
            self.assertLess(len(str(error)), 300)


class CallerTest(testtools.TestCase):
    def test_it_needs_both(self) -> None:
        self.assertEqual(
            call.ReplyAddress("1", "reply_a"),
            call.reply_address({"_msg_id": "1", "_reply_q": "reply_a"}),
        )
        for said in ({}, {"_msg_id": "1"}, {"_reply_q": "a"}):
            self.assertIsNone(call.reply_address(said))

    @given(JSON, JSON)
    def test_what_is_no_address_has_nobody_behind_it(self, msg_id: Any, queue: Any) -> None:
        caller = call.reply_address({"_msg_id": msg_id, "_reply_q": queue})
        if caller is not None:
            self.assertEqual((msg_id, queue), (caller.msg_id, caller.reply_queue))
            self.assertTrue(queue.isprintable())


class BriefTest(testtools.TestCase):
    @given(JSON)
    def test_it_is_one_short_line_of_plain_letters(self, thing: Any) -> None:
        said = call.brief(thing)
        self.assertTrue(said.isascii() and said.isprintable(), said)
        self.assertLessEqual(len(said), call.BRIEF + 3)
