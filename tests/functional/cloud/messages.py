"""Messages that are lost, doubled, or late."""

from __future__ import annotations

from tests.functional.cloud.case import CloudTestCase
from tests.functional.support.cloud import ALL, Mishap
from tests.functional.support.waiting import wait_for
from understudy.compute import fault_plan
from understudy.objects import states
from understudy.objects.states import AttemptState

FAILED, SUCCEEDED = AttemptState.FAILED, AttemptState.SUCCEEDED


class Messages(CloudTestCase):
    def test_a_cast_is_lost(self) -> None:
        """The host does not name it in its heartbeats, so it is cast again."""
        self.open({"one": {"a": 2, "b": 2}})
        self.cloud.messages.plan("compute.build", Mishap.LOST, 1)
        (instance,) = self.build_and_wait()
        self.assertEqual([(1, SUCCEEDED)], [(a.number, a.state) for a in instance.attempts])
        self.assertEqual(2, self.cloud.messages.sent("compute.build"))

    def test_the_cast_of_a_move_is_lost(self) -> None:
        self.open({"one": {"a": 2, "b": 2}})
        self.cloud.builds.hold()
        accepted = self.build()
        (tag,) = self.begun(accepted)
        self.cloud.builds.break_host(tag.host, fault_plan.host_broken())
        self.cloud.messages.plan("compute.build", Mishap.LOST, 1)
        self.cloud.builds.let_go()
        (instance,) = self.ended(accepted)
        self.assertEqual((states.ACTIVE, 2), (instance.state, instance.attempt))

    def test_a_teardown_is_lost(self) -> None:
        self.open({"one": {"a": 2}})
        instance = self.occupy("a", 1)
        self.cloud.messages.plan("compute.tear_down", Mishap.LOST, 2)
        self.delete(instance.uuid)
        self.reaches(instance.uuid, states.DELETED)

    def test_a_cast_comes_twice(self) -> None:
        self.open({"one": {"a": 3, "b": 3}})
        self.cloud.messages.plan("compute.build", Mishap.TWICE)
        self.assert_ended_as(states.ACTIVE, self.build_and_wait(count=3))
        self.assertEqual(3, len(self.cloud.builds.begun()))

    def test_a_cast_comes_again_while_it_builds_and_later(self) -> None:
        self.open({"one": {"a": 3}})
        self.cloud.messages.plan("compute.build", Mishap.COPIED, 1)
        self.cloud.builds.hold()
        accepted = self.build()
        self.begun(accepted)
        self.cloud.messages.plan("compute.build", Mishap.COPIED, 1)
        self.assertEqual(1, self.cloud.messages.replay())
        self.cloud.builds.let_go()
        self.assert_ended_as(states.ACTIVE, [*self.ended(accepted), self.occupy("a", 1)])
        self.assertEqual(1, self.cloud.messages.replay())
        self.occupy("a", 1)
        self.assertEqual(3, len(self.cloud.builds.begun()))

    def test_a_host_answers_twice(self) -> None:
        self.open({"one": {"a": 3, "b": 3, "c": 3}})
        for method in ("build_started", "build_succeeded", "build_failed", "torn_down"):
            self.cloud.messages.plan(f"conductor.{method}", Mishap.TWICE)
        (instance,) = self.break_first(fault_plan.host_broken())
        self.assertEqual(
            [(1, FAILED), (2, SUCCEEDED)], [(a.number, a.state) for a in instance.attempts]
        )
        self.assertEqual(2, len(self.cloud.builds.begun()))

    def test_the_answers_to_a_host_are_lost(self) -> None:
        self.open({"one": {"a": 3, "b": 3, "c": 3}})
        for method in ("build_started", "build_succeeded", "build_failed", "torn_down"):
            self.cloud.messages.plan(f"conductor.{method}", Mishap.ANSWER_LOST, 2)
        (instance,) = self.break_first(fault_plan.host_broken())
        self.assertEqual(
            [(1, FAILED), (2, SUCCEEDED)], [(a.number, a.state) for a in instance.attempts]
        )

    def test_the_answer_of_the_scheduler_is_lost(self) -> None:
        """What it claimed is adopted, not claimed again."""
        self.open({"one": {"a": 2}, "two": {"b": 2}})
        self.cloud.messages.plan("scheduler.select_destinations", Mishap.ANSWER_LOST, 1)
        instances = self.build_and_wait(count=4)
        self.assert_ended_as(states.ACTIVE, instances)
        self.assertEqual({1}, {each.attempt for each in instances})

    def test_everything_comes_twice(self) -> None:
        self.open({"one": {"a": 2, "b": 2}, "two": {"c": 4, "d": 4}})
        self.cloud.messages.plan(ALL, Mishap.TWICE)
        instances = self.break_first(fault_plan.host_broken(), count=2, max_cells=2)
        self.assert_ended_as(states.ACTIVE, instances)
        for instance in instances:
            self.delete(instance.uuid)
            self.reaches(instance.uuid, states.DELETED)

    def test_a_stale_attempt_is_refused(self) -> None:
        """Its host has forgotten it, so that only the cell can tell."""
        self.open({"one": {"a": 2, "b": 2}})
        self.cloud.messages.plan("compute.build", Mishap.COPIED, 1)
        (instance,) = self.break_first(fault_plan.host_broken())
        first = instance.attempts[0].service_host
        self.cloud.builds.mend()
        self.cloud.agents[first].stop()
        self.cloud.agents[first].lose_disk()
        self.cloud.agents[first].start()
        asked = self.cloud.messages.sent("conductor.build_started")
        self.assertEqual(1, self.cloud.messages.replay())
        wait_for(
            lambda: self.cloud.messages.sent("conductor.build_started") > asked, "the host asks"
        )
        self.assertEqual(self.timeline(instance), self.timeline(self.show(instance.uuid)))
        self.occupy(first, 2)
        self.assertEqual(3, len(self.cloud.builds.begun()))

    def test_late_copies_of_what_a_host_said(self) -> None:
        self.open({"one": {"a": 2, "b": 2}})
        said = ("conductor.build_started", "conductor.build_failed", "conductor.build_succeeded")
        for method in said:
            self.cloud.messages.plan(method, Mishap.COPIED)
        (instance,) = self.break_first(fault_plan.host_broken())
        self.cloud.messages.forget_plan()
        self.assertEqual(4, self.cloud.messages.replay())
        self.assertEqual(self.timeline(instance), self.timeline(self.show(instance.uuid)))
        self.delete(instance.uuid)
        self.reaches(instance.uuid, states.DELETED)

    def test_a_late_success_does_not_bring_the_deleted_back(self) -> None:
        self.open({"one": {"a": 2}})
        self.cloud.messages.plan("conductor.build_succeeded", Mishap.COPIED)
        self.cloud.messages.plan("compute.build", Mishap.COPIED)
        instance = self.occupy("a", 1)
        self.delete(instance.uuid)
        self.reaches(instance.uuid, states.DELETED)
        self.cloud.messages.forget_plan()
        self.assertEqual(2, self.cloud.messages.replay())
        self.occupy("a", 1)
        self.assertEqual(2, len(self.cloud.builds.begun()))
        self.assertEqual(states.DELETED, self.show(instance.uuid).state)
