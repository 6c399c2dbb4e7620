"""The pure decision, against a plainer statement of the same."""

from __future__ import annotations

import testtools
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.cells.base import selection
from understudy.conductor import faults, retry
from understudy.objects.fault import Fault
from understudy.objects.fields import Blame
from understudy.objects.selection import Selection

BLAMES = st.sampled_from(Blame.ALL)
COUNTS = st.integers(min_value=0, max_value=4)
SECONDS = st.floats(min_value=-10, max_value=10, allow_nan=False)


def alternates(count: int) -> list[Selection]:
    return [selection(f"host-{number}") for number in range(count)]


def oracle(blame: str, hosts: int, attempts_left: int, cells_left: int, seconds: float) -> str:
    if blame == Blame.REQUEST or seconds <= 0:
        return "abort"
    if min(hosts, attempts_left) > 0:
        return "host"
    return "super" if cells_left > 0 else "abort"


def named(step: retry.Step) -> str:
    return {retry.TryHost: "host", retry.AskSuper: "super", retry.Abort: "abort"}[type(step)]


class NextStepTest(testtools.TestCase):
    @given(BLAMES, COUNTS, COUNTS, COUNTS, SECONDS)
    def test_it_is_what_the_oracle_says(
        self, blame: str, hosts: int, attempts_left: int, cells_left: int, seconds: float
    ) -> None:
        step = retry.next_step(
            Fault(code="broken", blames=blame),
            alternates(hosts),
            attempts_left=attempts_left,
            cells_left=cells_left,
            seconds_left=seconds,
        )
        self.assertEqual(oracle(blame, hosts, attempts_left, cells_left, seconds), named(step))

    @given(st.sampled_from((Blame.HOST, Blame.NETWORK)), COUNTS)
    def test_each_alternate_is_tried_once_and_in_order(self, blame: str, hosts: int) -> None:
        left, tried = tuple(alternates(hosts)), []
        fault = Fault(code="broken", blames=blame)
        while isinstance(
            step := retry.next_target(fault, left, cells_left=0, seconds_left=1.0), retry.TryHost
        ):
            tried.append(step.target.service_host)
            left = step.remaining
        self.assertEqual([f"host-{number}" for number in range(hosts)], tried)

    def test_the_ending_says_what_ran_out_and_what_came_before(self) -> None:
        last = Fault(code="broken", blames=Blame.HOST, message="no disk")
        for hosts, attempts_left, seconds, code in (
            (0, 1, 1.0, faults.ALTERNATES_EXHAUSTED),
            (1, 0, 1.0, faults.ATTEMPTS_EXHAUSTED),
            (1, 1, 0.0, faults.DEADLINE),
        ):
            step = retry.next_step(
                last,
                alternates(hosts),
                attempts_left=attempts_left,
                cells_left=0,
                seconds_left=seconds,
            )
            assert isinstance(step, retry.Abort)
            self.assertEqual(code, step.fault.code)
            self.assertIn("no disk", step.fault.message)
