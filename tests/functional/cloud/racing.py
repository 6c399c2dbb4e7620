"""Clients that want the same room at the same time."""

from __future__ import annotations

import threading
from collections import Counter

from tests.functional.cloud.case import CloudTestCase
from tests.functional.support.waiting import PATIENCE
from understudy.conductor import faults
from understudy.objects import states


class Racing(CloudTestCase):
    def test_for_the_last_slot(self) -> None:
        self.open({"one": {"a": 1}})
        self.meet_at_the_claim(2)
        (first,), (second,) = [self.ended(each) for each in (self.build(), self.build())]
        self.assertEqual({states.ACTIVE, states.ERROR}, {first.state, second.state})
        loser = first if first.state == states.ERROR else second
        assert loser.fault is not None
        self.assertEqual(faults.NO_VALID_HOST, loser.fault.code)

    def test_the_loser_takes_the_next_host(self) -> None:
        self.open({"one": {"a": 1, "b": 2}})
        self.occupy("b", 1)
        self.meet_at_the_claim(2)
        (first,), (second,) = [self.ended(each) for each in (self.build(), self.build())]
        self.assert_ended_as(states.ACTIVE, [first, second])
        self.assertEqual({"a", "b"}, {first.service_host, second.service_host})
        self.assertEqual({1}, {first.attempt, second.attempt})

    def test_many_for_few(self) -> None:
        self.open({"one": {"a": 2, "b": 1}, "two": {"c": 1}})
        self.meet_at_the_claim(3)
        accepted = [self.build() for _ in range(6)]
        ended = Counter(self.ended(each)[0].state for each in accepted)
        self.assertEqual({states.ACTIVE: 4, states.ERROR: 2}, ended)

    def meet_at_the_claim(self, count: int) -> None:
        """Let the first so many claims wait for each other, so that all have chosen by then."""
        barrier = threading.Barrier(count, timeout=PATIENCE)
        left = [object() for _ in range(count)]
        self.addCleanup(barrier.abort)

        def hook(operation: str) -> None:
            is_claim = operation.startswith(("POST /allocations", "PUT /allocations"))
            if is_claim and left:
                left.pop()
                barrier.wait()

        self.cloud.placement.hook = hook
