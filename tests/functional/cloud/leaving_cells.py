"""A cell has no host left, and another one may step in."""

from __future__ import annotations

import time

from tests.functional.cloud.case import CloudTestCase
from tests.functional.support.cloud import Mishap
from tests.functional.support.waiting import wait_for, wait_for_none
from understudy.compute import fault_plan
from understudy.conductor import faults
from understudy.objects import states
from understudy.objects.states import AttemptState

SELECT = "scheduler.select_destinations"
FAILED, SUCCEEDED = AttemptState.FAILED, AttemptState.SUCCEEDED


class LeavingCells(CloudTestCase):
    def test_another_cell_takes_it(self) -> None:
        self.open({"one": {"a": 2, "b": 2}, "two": {"c": 4}})
        self.occupy("c", 2)
        self.break_hosts("a", "b")
        (instance,) = self.build_and_wait(max_cells=2)
        self.assert_ended_as(states.ACTIVE, [instance])
        self.assertEqual(("two", "c", 3), (instance.cell_name, instance.service_host, 3))
        self.assertEqual(
            [(1, FAILED), (2, FAILED), (3, SUCCEEDED)],
            [(each.number, each.state) for each in instance.attempts],
        )
        self.assertEqual(["one", "one", "two"], [each.cell_name for each in instance.attempts])

    def test_many_leave_together(self) -> None:
        self.open({"one": {"a": 2}, "two": {"c": 4, "d": 4}})
        for host in ("c", "d"):
            self.occupy(host, 3)
        self.break_hosts("a")
        instances = self.build_and_wait(count=2, max_cells=2)
        self.assert_ended_as(states.ACTIVE, instances)
        self.assertEqual({"two"}, {each.cell_name for each in instances})
        self.assertEqual({2}, {each.attempt for each in instances})

    def test_it_was_not_allowed(self) -> None:
        self.open({"one": {"a": 2}, "two": {"b": 4}})
        self.occupy("b", 3)
        self.break_hosts("a")
        self.check_error(faults.ALTERNATES_EXHAUSTED, attempts=1, max_cells=1)

    def test_the_other_cell_fails_too(self) -> None:
        self.open({"one": {"a": 2}, "two": {"b": 4}})
        self.occupy("b", 3)
        self.break_hosts("a", "b")
        self.check_error(faults.ALTERNATES_EXHAUSTED, attempts=2, max_cells=2)

    def test_the_other_cell_is_full(self) -> None:
        """Its mapping is settled once the lease of the search has run out."""
        self.open({"one": {"a": 2}, "two": {"b": 4}}, lease=2.0)
        self.occupy("b", 4)
        self.break_hosts("a")
        self.check_error(faults.NO_OTHER_CELL, attempts=1, max_cells=2)

    def test_the_other_cell_does_not_answer_yet(self) -> None:
        self.open({"one": {"a": 2}, "two": {"b": 4}})
        self.occupy("b", 3)
        self.break_hosts("a")
        self.cloud.builds.hold("a")
        accepted = self.build(max_cells=2)
        self.begun(accepted)
        self.cloud.cut_off("two")
        before = self.cloud.messages.sent(SELECT)
        self.cloud.builds.let_go()
        wait_for(lambda: self.cloud.messages.sent(SELECT) > before, "another cell is looked for")
        self.cloud.reconnect("two")
        (instance,) = self.ended(accepted)
        self.assert_ended_as(states.ACTIVE, [instance])
        self.assertEqual("two", instance.cell_name)

    def test_two_super_conductors_do_not_wait_for_each_other(self) -> None:
        """One of them has begun with it, so it is that one which must come to it again."""
        self.open({"one": {"a": 2}, "two": {"b": 4}}, replicas=2, lease=300.0)
        self.occupy("b", 3)
        self.break_hosts("a")
        self.cloud.builds.hold("a")
        accepted = self.build(max_cells=2)
        self.begun(accepted)
        self.cloud.messages.plan(SELECT, Mishap.LOST)
        before = self.cloud.messages.sent(SELECT)
        self.cloud.builds.let_go()
        wait_for(lambda: self.cloud.messages.sent(SELECT) > before, "another cell is looked for")
        passed = time.monotonic() + 2
        wait_for(lambda: time.monotonic() > passed, "both have swept many times")
        self.cloud.messages.forget_plan()
        self.assert_ended_as(states.ACTIVE, self.ended(accepted))

    def test_deleted_in_the_other_cell(self) -> None:
        self.open({"one": {"a": 2}, "two": {"b": 4}})
        self.occupy("b", 3)
        self.break_hosts("a")
        self.cloud.builds.hold("b")
        accepted = self.build(max_cells=2)
        (tag,) = self.begun(accepted, attempt=2)
        self.delete(tag.instance_uuid)
        self.cloud.builds.let_go()
        self.reaches(tag.instance_uuid, states.DELETED)

    def test_deleted_while_another_cell_is_looked_for(self) -> None:
        self.open({"one": {"a": 2}, "two": {"b": 4}}, lease=2.0)
        self.occupy("b", 3)
        self.break_hosts("a")
        self.cloud.builds.hold("a")
        accepted = self.build(max_cells=2)
        self.begun(accepted)
        self.cloud.scheduler.stop()
        before = self.cloud.messages.sent(SELECT)
        self.cloud.builds.let_go()
        wait_for(lambda: self.cloud.messages.sent(SELECT) > before, "another cell is looked for")
        (uuid,) = accepted.instance_uuids
        self.delete(uuid)
        self.cloud.scheduler.start()
        self.reaches(uuid, states.DELETED)
        self.assertEqual(1, len(self.cloud.builds.begun("b")))

    def test_the_first_cell_comes_back_from_a_backup(self) -> None:
        """Its claim is elsewhere by now, so it only tears down."""
        self.open({"one": {"a": 2}, "two": {"b": 4}})
        self.occupy("b", 3)
        self.cloud.builds.hold("a")
        accepted = self.build(max_cells=2)
        self.begun(accepted)
        restore = self.cloud.back_up("one")
        self.break_hosts("a")
        self.cloud.builds.let_go()
        (instance,) = self.ended(accepted)
        self.assertEqual((states.ACTIVE, "two"), (instance.state, instance.cell_name))
        self.cloud.builds.mend()
        restore()
        wait_for_none(self.cloud.findings, "the first cell finds out")
        self.assertEqual(1, len(self.cloud.builds.begun("a")))
        self.assertEqual("two", self.show(instance.uuid).cell_name)

    def test_no_super_conductor_comes_by_the_deadline(self) -> None:
        self.open({"one": {"a": 2}, "two": {"b": 4}})
        self.occupy("b", 3)
        self.break_hosts("a")
        self.cloud.builds.hold("a")
        accepted = self.build(max_cells=2, deadline_seconds=3)
        self.begun(accepted)
        self.cloud.super_conductor.stop()
        self.cloud.builds.let_go()
        wait_for_none(self.cloud.findings, "the cell ends it alone")
        self.cloud.super_conductor.start()
        (instance,) = self.ended(accepted)
        assert instance.fault is not None
        self.assertEqual((states.ERROR, faults.DEADLINE), (instance.state, instance.fault.code))

    def break_hosts(self, *hosts: str) -> None:
        for host in hosts:
            self.cloud.builds.break_host(host, fault_plan.host_broken())

    def check_error(self, code: str, attempts: int, max_cells: int) -> None:
        (instance,) = self.build_and_wait(max_cells=max_cells)
        assert instance.fault is not None
        self.assertEqual((states.ERROR, code), (instance.state, instance.fault.code))
        self.assertEqual(attempts, len(instance.attempts))
