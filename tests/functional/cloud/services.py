"""Services that stop and start again in the middle of builds, and deadlines."""

from __future__ import annotations

import time

from tests.fakes.faults import Fault
from tests.functional.cloud.case import CloudTestCase
from tests.functional.support.waiting import wait_for
from understudy.compute import fault_plan
from understudy.conductor import faults
from understudy.objects import states

SELECT = "scheduler.select_destinations"


class Services(CloudTestCase):
    def test_the_super_conductor_stops_between_accepting_and_selecting(self) -> None:
        self.open({"one": {"a": 2}, "two": {"b": 2}}, lease=2.0)
        self.cloud.scheduler.stop()
        accepted = self.build(count=3)
        wait_for(lambda: self.cloud.messages.sent(SELECT), "the scheduler is asked")
        self.cloud.super_conductor.stop()
        self.cloud.scheduler.start()
        self.cloud.super_conductor.start()
        self.assert_ended_as(states.ACTIVE, self.ended(accepted))

    def test_the_super_conductor_stops_between_selecting_and_placing(self) -> None:
        self.open({"one": {"a": 2}, "two": {"b": 2}})
        self.cloud.cut_off("one")
        accepted = self.build(count=4)
        wait_for(
            lambda: (
                self.cloud.client.result(self.cloud.context, accepted.request_id).cells_unanswered
            ),
            "what is in the silent cell waits",
        )
        self.cloud.super_conductor.stop()
        self.cloud.reconnect("one")
        self.cloud.super_conductor.start()
        instances = self.ended(accepted)
        self.assert_ended_as(states.ACTIVE, instances)
        self.assertEqual(4, len(self.cloud.builds.begun()))

    def test_the_scheduler_is_away(self) -> None:
        self.open({"one": {"a": 2}, "two": {"b": 2}}, lease=2.0)
        self.cloud.scheduler.stop()
        accepted = self.build(count=3)
        wait_for(lambda: self.cloud.messages.sent(SELECT) > 1, "the scheduler is asked again")
        (uuid, *_) = accepted.instance_uuids
        self.assertEqual(states.ACCEPTED, self.show(uuid).state)
        self.cloud.scheduler.start()
        self.assert_ended_as(states.ACTIVE, self.ended(accepted))

    def test_deleted_while_the_scheduler_is_away(self) -> None:
        self.open({"one": {"a": 2}}, lease=2.0)
        self.cloud.scheduler.stop()
        accepted = self.build()
        wait_for(lambda: self.cloud.messages.sent(SELECT), "the scheduler is asked")
        (uuid,) = accepted.instance_uuids
        self.delete(uuid)
        self.reaches(uuid, states.DELETED)
        self.cloud.scheduler.start()

    def test_a_cell_conductor_is_away_when_builds_end(self) -> None:
        self.open({"one": {"a": 2, "b": 2}})
        self.cloud.builds.hold()
        accepted = self.build(count=2)
        for tag in self.begun(accepted)[:1]:
            self.cloud.builds.break_host(tag.host, fault_plan.host_broken())
        self.cloud.conductors["one"].stop()
        self.cloud.builds.let_go()
        self.cloud.conductors["one"].start()
        self.assert_ended_as(states.ACTIVE, self.ended(accepted))

    def test_a_cell_conductor_stops_in_the_middle_of_a_move(self) -> None:
        self.open({"one": {"a": 2, "b": 2}})
        self.cloud.builds.hold()
        accepted = self.build()
        (tag,) = self.begun(accepted)
        self.cloud.builds.break_host(tag.host, fault_plan.host_broken())
        self.cloud.placement.writes = Fault.LOST_AFTER
        self.cloud.builds.let_go()
        wait_for(
            lambda: self.show(tag.instance_uuid).attempt == 2, "the next attempt is written down"
        )
        self.cloud.conductors["one"].stop()
        self.cloud.placement.writes = Fault.NONE
        self.cloud.conductors["one"].start()
        (instance,) = self.ended(accepted)
        self.assertEqual((states.ACTIVE, 2), (instance.state, instance.attempt))

    def test_one_of_two_is_enough(self) -> None:
        self.open({"one": {"a": 8, "b": 8}}, replicas=2)
        services = (
            self.cloud.super_conductor,
            self.cloud.scheduler,
            self.cloud.conductors["one"],
        )
        for first, second in ((0, 1), (1, 0)):
            for service in services:
                service.each[first].stop()
            self.assert_ended_as(states.ACTIVE, self.build_and_wait(count=2))
            for service in services:
                service.each[first].start()
                service.each[second].stop()
            (instance,) = self.break_first(fault_plan.host_broken())
            self.assert_ended_as(states.ACTIVE, [instance])
            self.cloud.builds.mend()
            for service in services:
                service.start()

    def test_all_stop_and_start(self) -> None:
        self.open({"one": {"a": 2}, "two": {"b": 2}})
        self.cloud.builds.hold()
        accepted = self.build(count=4)
        self.begun(accepted)
        everyone = (
            self.cloud.super_conductor,
            self.cloud.scheduler,
            *self.cloud.conductors.values(),
        )
        for agent in self.cloud.agents.values():
            agent.kill()
        for service in everyone:
            service.stop()
        for service in everyone:
            service.start()
        for agent in self.cloud.agents.values():
            agent.start()
        self.cloud.builds.let_go()
        instances = self.ended(accepted)
        self.assert_ended_as(states.ACTIVE, instances)
        self.assertEqual({1}, {each.attempt for each in instances})


class Deadlines(CloudTestCase):
    def test_passes_while_it_builds(self) -> None:
        self.open({"one": {"a": 2, "b": 2}})
        self.cloud.builds.hold()
        accepted = self.build(deadline_seconds=2)
        (tag,) = self.begun(accepted)
        self.reaches(tag.instance_uuid, states.FAILING)
        self.cloud.builds.let_go()
        self.check_deadline(accepted.instance_uuids[0], attempts=1)

    def test_passes_between_two_attempts(self) -> None:
        """The history names the fault of the first."""
        self.open({"one": {"a": 2, "b": 2}})
        self.cloud.builds.hold()
        accepted = self.build(deadline_seconds=2)
        (tag,) = self.begun(accepted)
        self.cloud.builds.break_host(tag.host, fault_plan.host_broken("it burns"))
        self.cloud.placement.writes = Fault.REFUSED
        self.cloud.builds.let_go()
        self.reaches(tag.instance_uuid, states.FAILING)
        self.cloud.placement.writes = Fault.NONE
        self.check_deadline(accepted.instance_uuids[0], attempts=2, said="it burns")

    def test_passes_before_it_is_selected(self) -> None:
        self.open({"one": {"a": 2}}, lease=2.0)
        self.cloud.scheduler.stop()
        accepted = self.build(deadline_seconds=1)
        self.check_deadline(accepted.instance_uuids[0], attempts=0)
        self.cloud.scheduler.start()

    def test_passes_before_it_is_placed(self) -> None:
        self.open({"one": {"a": 2}})
        self.cloud.cut_off("one")
        accepted = self.build(deadline_seconds=2)
        passed = time.monotonic() + 2
        (uuid,) = accepted.instance_uuids

        def mapped() -> bool:
            result = self.cloud.client.result(self.cloud.context, accepted.request_id)
            return result.instances[0].state == states.BUILDING

        wait_for(mapped, "it is mapped")
        wait_for(lambda: time.monotonic() > passed, "the deadline passes")
        self.cloud.reconnect("one")
        self.check_deadline(uuid, attempts=1)
        self.assertEqual([], self.cloud.builds.begun())

    def check_deadline(self, uuid: str, attempts: int, said: str = "deadline") -> None:
        instance = self.reaches(uuid, states.ERROR)
        assert instance.fault is not None
        self.assertEqual(faults.DEADLINE, instance.fault.code)
        self.assertIn(said, instance.fault.message)
        self.assertEqual(attempts, len(instance.attempts))
