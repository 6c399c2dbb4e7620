"""Placement is away, loses answers, or is slow: nothing is lost, nothing is claimed twice."""

from __future__ import annotations

import threading

from tests.fakes.faults import Fault
from tests.functional.cloud.case import CloudTestCase, request
from tests.functional.support.waiting import wait_for
from understudy.compute import fault_plan
from understudy.conductor import faults
from understudy.objects import states
from understudy.objects.errors import InvalidRequest
from understudy.rpcapi import errors

SELECT = "scheduler.select_destinations"


class PlacementDown(CloudTestCase):
    def test_names_cannot_be_checked(self) -> None:
        self.open({"one": {"a": 2}})
        asked = request(required_traits=["CUSTOM_UNHEARD_OF"])
        build = self.cloud.client.build
        self.take_down()
        self.assertRaises(errors.LedgerDown, build, self.cloud.context, asked)
        self.bring_back()
        self.assertRaises(InvalidRequest, build, self.cloud.context, asked)

    def test_a_selection_waits(self) -> None:
        self.open({"one": {"a": 2}})
        self.occupy("a", 1)
        self.take_down()
        before = self.cloud.messages.sent(SELECT)
        accepted = self.build()
        wait_for(lambda: self.cloud.messages.sent(SELECT) > before + 1, "it is tried again")
        self.assertEqual(states.ACCEPTED, self.show(accepted.instance_uuids[0]).state)
        self.bring_back()
        self.assert_ended_as(states.ACTIVE, self.ended(accepted))

    def test_it_answers_with_errors_only(self) -> None:
        self.open({"one": {"a": 2}})
        self.occupy("a", 1)
        self.take_down(Fault.ERROR)
        before = self.cloud.messages.sent(SELECT)
        accepted = self.build()
        wait_for(lambda: self.cloud.messages.sent(SELECT) > before + 1, "it is tried again")
        self.bring_back()
        self.assert_ended_as(states.ACTIVE, self.ended(accepted))

    def test_a_selection_waits_until_the_deadline(self) -> None:
        self.open({"one": {"a": 2}})
        self.occupy("a", 1)
        self.cloud.placement.writes = Fault.REFUSED
        (instance,) = self.build_and_wait(deadline_seconds=1)
        assert instance.fault is not None
        self.assertEqual((states.ERROR, faults.DEADLINE), (instance.state, instance.fault.code))
        self.bring_back()

    def test_a_move_waits(self) -> None:
        self.open({"one": {"a": 2, "b": 2}})
        self.cloud.builds.hold()
        accepted = self.build()
        (tag,) = self.begun(accepted)
        self.cloud.builds.break_host(tag.host, fault_plan.host_broken())
        self.take_down()
        self.cloud.builds.let_go()
        self.reaches(tag.instance_uuid, states.MOVING)
        self.bring_back()
        (instance,) = self.ended(accepted)
        self.assertEqual((states.ACTIVE, 2), (instance.state, instance.attempt))

    def test_an_ending_waits(self) -> None:
        self.open({"one": {"a": 2}})
        instance = self.occupy("a", 1)
        self.take_down()
        self.delete(instance.uuid)
        wait_for(lambda: not self.cloud.held("a"), "it is torn down")
        self.assertEqual(states.DELETING, self.show(instance.uuid).state)
        self.bring_back()
        self.reaches(instance.uuid, states.DELETED)

    def test_answers_are_lost(self) -> None:
        self.open({"one": {"a": 2, "b": 2}})
        for fault in (Fault.LOST_AFTER, Fault.LOST_BEFORE, Fault.ERROR, Fault.CONTENDED):
            self.cloud.placement.next_writes(fault)
            (instance,) = self.build_and_wait()
            self.assert_ended_as(states.ACTIVE, [instance])
            self.cloud.placement.next_writes(fault)
            self.delete(instance.uuid)
            self.reaches(instance.uuid, states.DELETED)

    def test_the_answer_to_a_move_is_lost(self) -> None:
        self.open({"one": {"a": 2, "b": 2}})
        self.cloud.builds.hold()
        accepted = self.build()
        (tag,) = self.begun(accepted)
        self.cloud.builds.break_host(tag.host, fault_plan.host_broken())
        self.cloud.placement.next_writes(Fault.LOST_AFTER)
        self.cloud.builds.let_go()
        (instance,) = self.ended(accepted)
        self.assertEqual((states.ACTIVE, 2), (instance.state, instance.attempt))

    def test_it_is_there_half_of_the_time(self) -> None:
        self.open({"one": {"a": 2, "b": 2}, "two": {"c": 2, "d": 2}})
        self.cloud.builds.hold()
        for _ in range(6):
            self.cloud.placement.next_writes(Fault.LOST_AFTER, Fault.ERROR, Fault.NONE)
        accepted = self.build(count=4)
        for tag in self.begun(accepted)[:2]:
            self.cloud.builds.break_host(tag.host, fault_plan.host_broken())
        self.cloud.builds.let_go()
        self.ended(accepted)
        self.cloud.placement.forget_plan()

    def test_a_claim_lands_after_its_instance_has_ended(self) -> None:
        self.open({"one": {"a": 2}}, settle=3.0)
        self.occupy("a", 1)
        self.cloud.placement.next_writes(Fault.LATE)
        self.cloud.placement.writes = Fault.REFUSED
        (instance,) = self.build_and_wait(deadline_seconds=1)
        self.assert_ended_as(states.ERROR, [instance])
        self.cloud.placement.land()
        self.bring_back()

    def test_a_claim_lands_after_it_was_written_again(self) -> None:
        self.open({"one": {"a": 2, "b": 2}})
        self.cloud.placement.next_writes(Fault.LATE, Fault.LATE)
        (instance,) = self.build_and_wait()
        self.assert_ended_as(states.ACTIVE, [instance])
        self.cloud.placement.land()
        self.delete(instance.uuid)
        self.reaches(instance.uuid, states.DELETED)
        self.cloud.placement.land()

    def test_it_is_so_slow_that_the_request_is_tried_twice(self) -> None:
        self.open({"one": {"a": 2, "b": 2}}, lease=2.0)
        answer = threading.Event()
        self.addCleanup(answer.set)

        def hook(operation: str) -> None:
            if operation.startswith(("POST /allocations", "PUT /allocations")):
                answer.wait(20)

        self.cloud.placement.hook = hook
        accepted = self.build(count=2)
        wait_for(lambda: self.cloud.messages.sent(SELECT) > 1, "it is tried again")
        answer.set()
        self.assert_ended_as(states.ACTIVE, self.ended(accepted))

    def take_down(self, fault: Fault = Fault.REFUSED) -> None:
        """Let Placement refuse all connections, or do worse."""
        self.cloud.placement.reads = self.cloud.placement.writes = fault

    def bring_back(self) -> None:
        """Let Placement answer again."""
        self.cloud.placement.reads = self.cloud.placement.writes = Fault.NONE
