"""Too many that wait keep others out, who are told when to come back."""

from __future__ import annotations

from collections.abc import Callable

from tests.unit.conductor.base import CloudTest
from tests.unit.conductor.cloud import request, uuid_of
from understudy.conductor import beginning
from understudy.conductor.accepting import Acceptance
from understudy.conductor.admission import FIRST_PACE, LOOK, Admission
from understudy.conductor.beginning import Beginner
from understudy.objects.errors import InvalidRequest
from understudy.rpcapi import errors as wire


class Crowd:
    """Who waits, on a clock that the test turns."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waiting = 0
        self.counted = 0

    def clock(self) -> float:
        return self.now

    def count(self, at_most: int) -> int:
        self.counted += 1
        return min(self.waiting, at_most)


class AdmissionTest(CloudTest):
    def setUp(self) -> None:
        super().setUp()
        self.crowd = Crowd()
        self.admission = Admission(self.crowd.count, 10, self.crowd.clock)

    def admit(self, instances: int = 1) -> None:
        self.admission.admit(instances)
        self.crowd.waiting += instances

    def refused(self) -> float:
        return self.assertRaises(wire.Overloaded, self.admit).retry_after_seconds

    def crowd_in(self) -> None:
        for _ in range(10):
            self.admit()

    def test_as_many_as_may_wait_come_in(self) -> None:
        self.crowd_in()
        self.assertGreater(self.refused(), 0)

    def test_a_request_counts_by_its_instances(self) -> None:
        self.admit(20)
        self.refused()

    def test_few_counts_do_for_many_that_do_not_wait(self) -> None:
        for _ in range(100):
            self.admit()
            self.crowd.waiting = 0
        self.assertEqual(20, self.crowd.counted)

    def test_when_some_have_a_host_others_come_in(self) -> None:
        self.crowd_in()
        self.refused()
        self.crowd.waiting -= 4
        self.crowd.now += LOOK
        self.admit()

    def test_those_kept_out_come_back_one_after_the_other(self) -> None:
        self.crowd_in()
        first, second, third = self.refused(), self.refused(), self.refused()
        self.assertAlmostEqual(FIRST_PACE, second - first, 2)
        self.assertAlmostEqual(FIRST_PACE, third - second, 2)

    def test_they_come_back_at_the_pace_at_which_hosts_are_found(self) -> None:
        self.crowd_in()
        self.refused()
        self.crowd.now += 20.0
        self.crowd.waiting -= 4
        self.admit(4)
        self.crowd.now += 20.0
        self.crowd.waiting -= 4
        self.admit(4)
        self.crowd.now += LOOK
        first, second = self.refused(), self.refused()
        self.assertAlmostEqual(5.0, second - first, 0)


class AcceptUnderLoadTest(CloudTest):
    def setUp(self) -> None:
        super().setUp()
        self.acceptance = Acceptance(
            self.cloud.api,
            self.ledger,
            self.cloud.bounds,
            Admission(self.cloud.api.count_waiting, 2),
        )

    def accept(self, name: str, **fields: object) -> list[str]:
        wanted = request(request_id=uuid_of(name), **fields)
        return self.acceptance.accept(wanted).instance_uuids

    def test_what_was_accepted_is_answered_again(self) -> None:
        first = self.accept("a", count=2)
        self.assertRaises(wire.Overloaded, self.accept, "b")
        self.assertEqual(first, self.accept("a", count=2))

    def test_nothing_is_written_of_what_is_refused(self) -> None:
        self.accept("a", count=2)
        self.assertRaises(wire.Overloaded, self.accept, "b")
        self.assertEqual([], self.cloud.api.mappings_of(uuid_of("b")))

    def test_what_is_wrong_is_said_whatever_waits(self) -> None:
        self.accept("a", count=2)
        self.assertRaises(InvalidRequest, self.accept, "b", max_attempts=100_000)

    def test_what_has_ended_or_has_a_cell_does_not_wait(self) -> None:
        self.cloud.build()
        self.cloud.settle()
        self.assertEqual(0, self.cloud.api.count_waiting(10))
        self.accept("b")


class BeginnerTest(CloudTest):
    """However many wait, few are in the process."""

    def test_all_are_worked_on_and_few_are_in_hand(self) -> None:
        wanted = [uuid_of(str(number)) for number in range(beginning.BATCH + 60)]
        for request_id in wanted:
            self.cloud.super.acceptance.accept(request(request_id=request_id))
        queue: list[Callable[[], None]] = []
        beginner = Beginner(self.cloud.api, self.cloud.super.requests, queue.append)
        for request_id in wanted:
            beginner.begin(request_id)
        self.assertEqual(beginning.BATCH, len(queue))
        most = 0
        while queue:
            most = max(most, len(queue))
            queue.pop(0)()
        self.assertEqual(0, self.cloud.api.count_waiting(1))
        self.assertLessEqual(most, beginning.BATCH)
