"""Builds that fail: on to the alternates, or to an ERROR that says why."""

from __future__ import annotations

from tests.functional.cloud.case import CloudTestCase
from tests.functional.support.waiting import wait_for
from understudy.compute import fault_plan
from understudy.conductor import faults
from understudy.objects import states
from understudy.objects.instance import Instance
from understudy.objects.states import AttemptState

FAILED, SUCCEEDED = AttemptState.FAILED, AttemptState.SUCCEEDED


class Failing(CloudTestCase):
    def test_an_alternate_steps_in(self) -> None:
        self.open({"one": {"a": 3, "b": 3, "c": 3}, "two": {"d": 1}})
        (instance,) = self.break_first(fault_plan.host_broken(), 2)
        first, second = instance.attempts
        assert first.fault is not None
        self.assertEqual((1, FAILED), (first.number, first.state))
        self.assertEqual("host-broken", first.fault.code)
        self.assertEqual((2, SUCCEEDED), (second.number, second.state))
        self.assertNotEqual(first.service_host, second.service_host)
        self.assertEqual(second.service_host, instance.service_host)

    def test_the_network_is_to_blame(self) -> None:
        self.open({"one": {"a": 3, "b": 3}})
        (instance,) = self.break_first(fault_plan.network_broken())
        self.assertEqual([FAILED, SUCCEEDED], [each.state for each in instance.attempts])

    def test_alternates_run_out(self) -> None:
        self.open({"one": {"a": 3, "b": 3}, "two": {"c": 1}})
        for host in ("a", "b"):
            self.cloud.builds.break_host(host, fault_plan.host_broken(f"{host} is on fire"))
        (instance,) = self.build_and_wait(2)
        self.check_ended_with(faults.ALTERNATES_EXHAUSTED, instance)
        self.assertEqual([1, 2], [each.number for each in instance.attempts])
        self.assertEqual({FAILED}, {each.state for each in instance.attempts})
        self.assertIn("is on fire", str(instance.fault))

    def test_attempts_run_out(self) -> None:
        self.open({"one": {"a": 3, "b": 3, "c": 3, "d": 3}})
        for host in ("a", "b", "c", "d"):
            self.cloud.builds.break_host(host, fault_plan.host_broken())
        (instance,) = self.build_and_wait(max_attempts=2)
        self.check_ended_with(faults.ATTEMPTS_EXHAUSTED, instance)
        self.assertEqual(2, len(instance.attempts))

    def test_the_request_is_to_blame(self) -> None:
        self.open({"one": {"a": 3, "b": 3, "c": 3}})
        self.cloud.builds.break_image("bad", fault_plan.image_broken())
        instances = self.build_and_wait(count=2, image="bad")
        for instance in instances:
            self.check_ended_with("image-broken", instance)
            self.assertEqual(1, len(instance.attempts))

    def test_many_fail_together(self) -> None:
        """All move off the two hosts that break, to the two that were kept back."""
        self.open({"one": {"a": 4, "b": 4, "c": 4, "d": 4}})
        kept_back = [self.occupy(host, 2) for host in ("c", "d")]
        instances = self.break_first(fault_plan.host_broken(), count=4)
        self.assert_ended_as(states.ACTIVE, [*instances, *kept_back])
        for instance in instances:
            self.assertIn(instance.attempts[0].service_host, ("a", "b"))
            self.assertIn(instance.service_host, ("c", "d"))

    def test_a_lost_claim_spends_an_alternate_and_no_attempt(self) -> None:
        self.open({"one": {"a": 9, "b": 9, "c": 9}})
        self.occupy("c", 5)
        self.cloud.builds.hold("a", "b")
        accepted = self.build(max_attempts=2)
        first = self.begun(accepted)[0].host
        second = "b" if first == "a" else "a"
        self.cloud.builds.let_go(second)
        self.occupy(second, 9)
        self.cloud.builds.break_host(first, fault_plan.host_broken())
        self.cloud.builds.let_go()
        (instance,) = self.ended(accepted)
        self.assertEqual(
            [(1, first, FAILED), (2, second, AttemptState.LOST_CLAIM), (2, "c", SUCCEEDED)],
            self.timeline(instance),
        )

    def test_a_retry_is_one_write_to_the_ledger(self) -> None:
        """Counted on the way to Placement: one for the first claim, one swap for each retry."""
        self.open({"one": {"a": 4, "b": 4, "c": 4}})
        self.occupy("c", 2)
        for host in ("a", "b"):
            self.cloud.builds.break_host(host, fault_plan.host_broken())
        asked: list[str] = []
        self.cloud.placement.hook = asked.append
        (instance,) = self.build_and_wait()
        self.assert_ended_as(states.ACTIVE, [instance])
        writes = [one for one in asked if not one.startswith("GET") and "/allocations" in one]
        one_each = [f"PUT /allocations/{instance.uuid}" for _attempt in instance.attempts]
        self.assertEqual(one_each, writes)
        self.assertEqual("c", instance.service_host)

    def test_a_claim_stays_while_the_host_holds_something(self) -> None:
        self.open({"one": {"a": 1}})
        self.cloud.builds.break_host("a", fault_plan.host_broken())
        self.cloud.builds.stick("a")
        accepted = self.build(max_attempts=1)
        wait_for(lambda: self.cloud.builds.refused_to_destroy("a"), "a is asked to destroy")
        (other,) = self.build_and_wait()
        self.check_ended_with(faults.NO_VALID_HOST, other)
        self.assertNotIn(self.show(accepted.instance_uuids[0]).state, states.ENDED)
        self.cloud.builds.unstick("a")
        (instance,) = self.ended(accepted)
        self.assert_ended_as(states.ERROR, [instance])

    def check_ended_with(self, code: str, instance: Instance) -> None:
        """Is it an ERROR with this fault?"""
        fault = instance.fault
        assert fault is not None, f"{instance.state} without a fault"
        self.assertEqual((states.ERROR, code), (instance.state, fault.code), fault.message)
