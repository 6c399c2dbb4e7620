"""How long is waited for a broker."""

from __future__ import annotations

import threading

import testtools

from understudy.rpcapi import patience


class PatienceTest(testtools.TestCase):
    def test_where_nobody_says_it_ends_all_the_same(self) -> None:
        self.assertEqual(patience.ANSWER_WITHIN, patience.for_an_answer())
        self.assertEqual(patience.CONNECT_WITHIN, patience.for_a_connection(2))

    def test_nobody_waits_longer_than_his_caller(self) -> None:
        with patience.within(4.0):
            self.assertLessEqual(patience.for_an_answer(), 4.0)
            self.assertLessEqual(patience.for_a_connection(2), 2.0)
        self.assertEqual(patience.ANSWER_WITHIN, patience.for_an_answer())

    def test_who_is_late_tries_for_a_moment(self) -> None:
        with patience.within(-1.0):
            self.assertEqual(patience.SHORTEST, patience.for_an_answer())
            self.assertEqual(patience.SHORTEST, patience.for_a_connection(3))

    def test_it_is_the_threads_own(self) -> None:
        found: list[float] = []
        with patience.within(1.0):
            other = threading.Thread(target=lambda: found.append(patience.for_an_answer()))
            other.start()
            other.join()
        self.assertEqual([patience.ANSWER_WITHIN], found)
