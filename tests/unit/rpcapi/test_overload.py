"""How many are sent away, and when they come back; on a clock that the test turns."""

import testtools

from understudy.rpcapi.overload import LONGEST_DELAY, SHORTEST_DELAY, CallBacks, Overload
from understudy.rpcapi.workers import Workers


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class WorkersTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()
        self.workers = Workers(2, self.clock)

    def take(self) -> float:
        place = self.workers.take()
        assert place is not None
        return place

    def test_there_are_so_many_places_and_no_more(self) -> None:
        first = self.take()
        self.take()
        self.assertIsNone(self.workers.take())
        self.workers.give_back(first)
        self.assertIsNotNone(self.workers.take())

    def test_the_pace_is_what_calls_took_shared_by_the_places(self) -> None:
        place = self.take()
        self.clock.now += 4
        self.workers.give_back(place)
        self.assertEqual(2.0, self.workers.seconds_each())

    def test_the_newest_calls_count_most(self) -> None:
        for taken in [1.0] * 5 + [9.0] * 50:
            place = self.take()
            self.clock.now += taken
            self.workers.give_back(place)
        self.assertAlmostEqual(4.5, self.workers.seconds_each(), delta=0.1)

    def test_calls_that_hang_are_known_for_slow_before_they_end(self) -> None:
        self.take()
        self.take()
        self.assertEqual(0.0, self.workers.seconds_each())
        self.clock.now += 10
        self.assertEqual(5.0, self.workers.seconds_each())

    def test_a_place_without_a_call_does_not_count(self) -> None:
        place = self.take()
        self.clock.now += 10
        self.workers.give_up(place)
        self.assertEqual(0.0, self.workers.seconds_each())


class OverloadTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()
        self.overload = Overload(5.0, self.clock)

    def test_what_can_be_served_in_time_is_kept(self) -> None:
        self.overload.note(waiting=10, servers=1, seconds_each=0.5)
        self.assertEqual(0, self.overload.surplus)

    def test_what_cannot_is_too_many(self) -> None:
        self.overload.note(waiting=25, servers=1, seconds_each=0.5)
        self.assertEqual(15, self.overload.surplus)

    def test_servers_share_those_who_wait(self) -> None:
        self.overload.note(waiting=50, servers=2, seconds_each=0.5)
        self.assertEqual(15, self.overload.surplus)

    def test_a_service_that_hangs_keeps_nobody_waiting(self) -> None:
        self.overload.note(waiting=3, servers=1, seconds_each=60.0)
        self.assertEqual(3, self.overload.surplus)

    def test_who_is_sent_away_comes_back_when_there_will_be_time(self) -> None:
        self.overload.note(waiting=12, servers=1, seconds_each=0.5)
        self.assertEqual([5.0, 5.5], [self.overload.refuse() for _ in range(2)])
        self.assertEqual(0, self.overload.surplus)

    def test_a_look_later_it_may_be_over(self) -> None:
        self.overload.note(waiting=25, servers=1, seconds_each=0.5)
        self.overload.note(waiting=2, servers=1, seconds_each=0.5)
        self.assertEqual(0, self.overload.surplus)


class CallBacksTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()
        self.call_backs = CallBacks(self.clock)

    def test_nobody_comes_back_at_once(self) -> None:
        self.assertEqual(SHORTEST_DELAY, self.call_backs.delay(0.0, 0.0))

    def test_they_come_one_after_the_other(self) -> None:
        self.assertEqual([2.0, 3.0, 4.0], [self.call_backs.delay(2.0, 1.0) for _ in range(3)])

    def test_time_that_passes_is_taken_off(self) -> None:
        self.call_backs.delay(2.0, 1.0)
        self.clock.now += 1
        self.assertEqual(2.0, self.call_backs.delay(1.0, 1.0))

    def test_nobody_is_sent_away_for_long(self) -> None:
        for _ in range(100):
            delay = self.call_backs.delay(2.0, 1.0)
        self.assertEqual(LONGEST_DELAY, delay)
