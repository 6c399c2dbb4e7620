from __future__ import annotations

import testtools
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.compute.scene import VM
from understudy.compute.fault_plan import FaultPlan, flaky, host_broken, image_broken
from understudy.compute.tags import Tag

TAGS = [Tag(f"host-{number % 10}", VM, number) for number in range(1000)]


class FaultPlanTest(testtools.TestCase):
    """Only the seed and the attempt decide."""

    def test_nothing_goes_wrong_by_itself(self) -> None:
        plan = FaultPlan()
        self.assertEqual({None}, {plan.fault_of(tag, "img") for tag in TAGS})
        self.assertEqual({0.0}, {plan.delay_of(tag) for tag in TAGS})
        self.assertFalse(plan.destroy_fails(TAGS[0], 0))

    def test_a_rate_is_met_and_repeatable(self) -> None:
        plan = FaultPlan(seed=3, rate=0.2)
        faults = [plan.fault_of(tag, None) for tag in TAGS]
        self.assertTrue(150 < faults.count(flaky()) < 250, faults.count(flaky()))
        again = [FaultPlan(seed=3, rate=0.2).fault_of(tag, None) for tag in reversed(TAGS)]
        self.assertEqual(faults, again[::-1])

    def test_another_seed_fails_others(self) -> None:
        of = [
            [FaultPlan(seed=seed, rate=0.2).fault_of(tag, None) for tag in TAGS] for seed in (1, 2)
        ]
        self.assertNotEqual(*of)

    @given(st.integers(), st.text(), st.text(), st.integers(1, 99))
    def test_rates_of_none_and_all(self, seed: int, host: str, vm: str, attempt: int) -> None:
        tag = Tag(host, vm, attempt)
        self.assertIsNone(FaultPlan(seed=seed, rate=0.0).fault_of(tag, None))
        self.assertEqual(flaky(), FaultPlan(seed=seed, rate=1.0).fault_of(tag, None))

    def test_a_host_may_have_a_rate_of_its_own(self) -> None:
        plan = FaultPlan(host_rates={"host-1": 1.0})
        failed = {tag.host for tag in TAGS if plan.fault_of(tag, None)}
        self.assertEqual({"host-1"}, failed)

    def test_a_broken_host_fails_always_and_an_image_before_that(self) -> None:
        plan = FaultPlan(hosts={"host-1": host_broken()}, images={"bad": image_broken()})
        self.assertEqual(host_broken(), plan.fault_of(Tag("host-1", VM, 1), "good"))
        self.assertEqual(image_broken(), plan.fault_of(Tag("host-1", VM, 1), "bad"))
        self.assertEqual(image_broken(), plan.fault_of(Tag("host-2", VM, 1), "bad"))
        self.assertIsNone(plan.fault_of(Tag("host-2", VM, 1), None))

    def test_delays_are_spread(self) -> None:
        plan = FaultPlan(delay_seconds=2.0, delay_spread_seconds=3.0, host_delays={"host-1": 9.0})
        delays = {tag: plan.delay_of(tag) for tag in TAGS}
        slow = [delay for tag, delay in delays.items() if tag.host == "host-1"]
        rest = [delay for tag, delay in delays.items() if tag.host != "host-1"]
        self.assertTrue(min(rest) >= 2.0 and max(rest) < 5.0)
        self.assertTrue(min(slow) >= 9.0 and max(slow) < 12.0)

    def test_destroying_fails_so_many_times(self) -> None:
        plan = FaultPlan(destroy_failures=2, destroy_hosts=frozenset({"host-1"}))
        fails = [plan.destroy_fails(Tag("host-1", VM, 1), before) for before in range(3)]
        self.assertEqual([True, True, False], fails)
        self.assertFalse(plan.destroy_fails(Tag("host-2", VM, 1), 0))
