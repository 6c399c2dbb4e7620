"""What the benchmarks compute from what they saw."""

from __future__ import annotations

import testtools

from benchmarks import cluster, reporting
from benchmarks.measuring import counters, retries
from benchmarks.measuring.counters import Counted, Rates
from understudy.compute.build_log import Event, Noted
from understudy.compute.tags import Tag

EXPECTED = (
    "builds_per_s",
    "retry_p50_ms",
    "retry_p95_ms",
    "claim_p50_ms",
    "messages_per_build",
    "statements_per_build",
)
"""The keys that those who keep figures over time read."""


def noted(at: float, event: Event, attempt: int, uuid: str = "vm") -> Noted:
    return Noted(at, event, Tag(f"host-{attempt}", uuid, attempt))


class PercentileTest(testtools.TestCase):
    def test_it_is_one_of_the_values(self) -> None:
        values = [float(number) for number in range(20, 0, -1)]
        found = [reporting.percentile(values, share) for share in (0.0, 0.5, 0.95, 1.0)]
        self.assertEqual([1.0, 10.0, 19.0, 20.0], found)

    def test_one_value_is_every_percentile(self) -> None:
        self.assertEqual(7.0, reporting.percentile([7.0], 0.95))

    def test_of_nothing_there_is_none(self) -> None:
        self.assertRaises(ValueError, reporting.percentile, [], 0.5)


class RetriesTest(testtools.TestCase):
    def test_from_each_failure_to_the_next_beginning(self) -> None:
        seen = [
            noted(1.0, Event.BEGUN, 1),
            noted(2.0, Event.FAILED, 1),
            noted(2.5, Event.BEGUN, 2),
            noted(3.0, Event.FAILED, 2),
            noted(3.25, Event.BEGUN, 3),
            noted(3.5, Event.BUILT, 3),
        ]
        self.assertEqual([0.5, 0.25], retries.seconds(seen))

    def test_instances_are_told_apart(self) -> None:
        seen = [noted(1.0, Event.FAILED, 1, "a"), noted(2.0, Event.BEGUN, 2, "b")]
        self.assertEqual([], retries.seconds(seen))

    def test_the_order_of_the_logs_does_not_matter(self) -> None:
        seen = [noted(1.5, Event.BEGUN, 2), noted(1.0, Event.FAILED, 1)]
        self.assertEqual([0.5], retries.seconds(seen))

    def test_what_came_twice_counts_from_its_first_time(self) -> None:
        seen = [
            noted(1.0, Event.FAILED, 1),
            noted(9.0, Event.FAILED, 1),
            noted(1.5, Event.BEGUN, 2),
            noted(9.5, Event.BEGUN, 2),
        ]
        self.assertEqual([0.5], retries.seconds(seen))


class CountersTest(testtools.TestCase):
    def test_what_an_idle_cloud_does_is_no_builds(self) -> None:
        start = Counted(0.0, 100, 1000, 500)
        later = Counted(10.0, 120, 1100, 550)
        idle = counters.per_second(start, later)
        self.assertEqual(Rates(2.0, 10.0, 5.0), idle)
        built = Counted(20.0, 240, 1600, 800)
        self.assertEqual(Rates(10.0, 40.0, 20.0), counters.per_build(later, built, idle, 10))


class FiguresTest(testtools.TestCase):
    def test_medians_of_rounds_and_percentiles_of_single_times(self) -> None:
        rounds = [
            cluster.Round([0.1, 0.3], [0.05]),
            cluster.Round([0.2, 0.9], [0.05, 0.04]),
        ]
        cost, idle = Rates(9.04, 28.0, 27.0), Rates(1.0, 2.0, 3.0)
        found = cluster.figures([3.0, 5.0], rounds, cost, idle)
        self.assertEqual(
            {
                "builds_per_s": 4.0,
                "retry_p50_ms": 200.0,
                "retry_p95_ms": 900.0,
                "claim_p50_ms": 50.0,
                "retry_in_claims": 4.0,
                "retries": 4,
                "messages_per_build": 9.0,
                "statements_per_build": 28.0,
            },
            {key: found[key] for key in (*EXPECTED, "retry_in_claims", "retries")},
        )
