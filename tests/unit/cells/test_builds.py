"""How an instance comes into its cell."""

from __future__ import annotations

import dataclasses

from tests.unit.cells.base import (
    LONG,
    ME,
    CellTest,
    apart,
    fault,
    new_build,
    request,
    selection,
    together,
    uuid,
)
from understudy.cells import errors
from understudy.cells.records import InstanceRecord


class InsertTest(CellTest):
    def test_it_comes_back_whole(self) -> None:
        build = new_build("h1", "h2", "h3")
        record = self.cell.insert_build(build)
        self.assertEqual(
            ("BUILDING", 1, 2, 1, 1, "UNDERSTUDY"),
            (
                record.state,
                record.attempt,
                record.attempts_left,
                record.cells_left,
                record.generation,
                record.consumer_type,
            ),
        )
        self.assertEqual(build.selection, record.selection)
        self.assertEqual(tuple(build.alternates), record.alternates)
        self.assertTrue(LONG - 5 < record.seconds_left <= LONG)
        self.assertTrue(record.lease_left <= 0)
        self.assertEqual(build.request, self.cell.request_of(record.request_id))
        (attempt,) = self.cell.attempts(record.uuid)
        self.assertEqual(
            (1, 0, "CLAIMED", build.selection, False, 0, None, None, None),
            (
                attempt.number,
                attempt.position,
                attempt.state,
                attempt.selection,
                attempt.cleaned,
                attempt.missed,
                attempt.fault,
                attempt.cast_at,
                attempt.ended_at,
            ),
        )

    def test_with_an_owner_it_is_leased_from_the_start(self) -> None:
        record = self.cell.insert_build(new_build(), ME, LONG)
        self.assertEqual(ME, record.lease_owner)
        self.assertEqual([], self.cell.overdue(10))
        self.assertIsNone(self.cell.mark_cast(record).lease_owner)

    def test_again_is_what_is_there(self) -> None:
        build = new_build("h1", "h2")
        self.cell.insert_build(build)
        self.assertEqual("BUILDING", self.cell.insert_build(build).state)
        self.cell.succeed(build.instance_uuid, 1, "h1")
        self.assertEqual("ACTIVE", self.cell.insert_build(build).state)
        self.assertEqual([(1, 0, "SUCCEEDED")], self.states_of_attempts(build.instance_uuid))

    def test_a_tombstone_stops_it(self) -> None:
        build = new_build()
        self.delete(build.instance_uuid)
        self.assertRaises(errors.Tombstoned, self.cell.insert_build, build)
        self.cell.end(self.cell.instance(build.instance_uuid))
        self.assertRaises(errors.Tombstoned, self.cell.insert_build, build)

    def test_another_attempt_is_a_lost_race(self) -> None:
        record = self.moving()
        for attempt in (1, 3):
            late = new_build(instance_uuid=record.uuid, attempt=attempt)
            error = self.assertRaises(errors.LostRace, self.cell.insert_build, late)
            self.assertEqual(("MOVING", 2), (error.found_state, error.found_attempt))

    def test_one_that_was_handed_over_may_come_back(self) -> None:
        gone = self.handed_over("h1", "h2")
        back = new_build("h8", "h9", instance_uuid=gone.uuid, attempt=3, generation=7)
        self.cell.insert_build(back)
        record = self.cell.insert_build(back)
        self.assertEqual(("BUILDING", 3, 7), (record.state, record.attempt, record.generation))
        self.assertEqual((back.selection, None), (record.selection, record.fault))
        self.assertEqual([(1, 0, "FAILED"), (3, 0, "CLAIMED")], self.states_of_attempts(gone.uuid))
        self.assertEqual(gone.created_at, record.created_at)

    def test_but_not_with_an_attempt_that_is_over(self) -> None:
        gone = self.handed_over()
        same = new_build(instance_uuid=gone.uuid, attempt=1)
        self.assertEqual("HANDED_OVER", self.cell.insert_build(same).state)

    def test_instances_of_one_request_share_it(self) -> None:
        wanted = request()
        for _ in range(3):
            self.cell.insert_build(new_build(request=wanted))
        self.assertEqual(wanted, self.cell.request_of(wanted.request_id))

    def test_eight_at_once_insert_one_row(self) -> None:
        build = new_build()
        outcomes = together(8, lambda _: self.cell.insert_build(build))
        self.assertEqual(
            [build.instance_uuid] * 8,
            [outcome.uuid for outcome in outcomes if isinstance(outcome, InstanceRecord)],
        )
        self.assertEqual([(1, 0, "CLAIMED")], self.states_of_attempts(build.instance_uuid))

    def test_what_nobody_knows_is_an_error(self) -> None:
        self.assertRaises(errors.InstanceUnknown, self.cell.instance, uuid())
        self.assertRaises(errors.RequestUnknown, self.cell.request_of, uuid())
        self.assertEqual([], self.cell.attempts(uuid()))


class InsertFailedTest(CellTest):
    def test_it_fails_with_its_claim_and_nothing_to_clean(self) -> None:
        record = self.cell.insert_failed(new_build("h1"), fault())
        self.assertEqual(("FAILING", 1, fault()), (record.state, record.generation, record.fault))
        (attempt,) = self.cell.attempts(record.uuid)
        self.assertEqual(("FAILED", fault()), (attempt.state, attempt.fault))
        self.assertEqual([], self.cell.uncleaned(record.uuid))
        self.assertEqual([record.uuid], [one.uuid for one in self.cell.overdue(10)])
        self.assertEqual("ERROR", self.cell.end(record).state)

    def test_it_holds_no_host_of_its_group(self) -> None:
        group = apart(uuid())
        self.cell.insert_build(new_build("h1", request=group))
        record = self.cell.insert_failed(new_build("h1", request=group), fault())
        self.assertEqual("FAILING", record.state)

    def test_again_is_what_is_there(self) -> None:
        build = new_build("h1")
        first = self.cell.insert_failed(build, fault())
        again = self.cell.insert_failed(build, fault("another"))
        self.assertEqual((first.state, first.fault), (again.state, again.fault))

    def test_a_tombstone_stops_it(self) -> None:
        build = new_build()
        self.delete(build.instance_uuid)
        self.assertRaises(errors.Tombstoned, self.cell.insert_failed, build, fault())


class GroupTest(CellTest):
    def setUp(self) -> None:
        super().setUp()
        self.group = uuid()
        self.wanted = apart(self.group)

    def member(self, *hosts: str) -> InstanceRecord:
        return self.cell.insert_build(new_build(*hosts, request=self.wanted))

    def test_no_two_members_are_on_one_host(self) -> None:
        self.member("h1")
        late = new_build("h1", request=self.wanted)
        error = self.assertRaises(errors.GroupHostTaken, self.cell.insert_build, late)
        self.assertEqual((self.group, "h1"), (error.group_uuid, error.host))
        self.assertRaises(errors.InstanceUnknown, self.cell.instance, late.instance_uuid)
        self.cell.insert_build(dataclasses.replace(late, selection=selection("h2")))
        self.assertEqual(["h1", "h2"], self.cell.group_hosts(self.group))

    def test_other_groups_and_instances_do_not_mind(self) -> None:
        self.member("h1")
        self.cell.insert_build(new_build("h1", request=apart(uuid())))
        self.cell.insert_build(new_build("h1"))

    def test_of_eight_members_at_once_one_gets_the_host(self) -> None:
        outcomes = together(8, lambda _: self.member("h1"))
        self.assertEqual(1, sum(isinstance(outcome, InstanceRecord) for outcome in outcomes))
        self.assertEqual(
            7, sum(isinstance(outcome, errors.GroupHostTaken) for outcome in outcomes)
        )

    def test_a_move_takes_the_new_host_and_frees_the_old_one(self) -> None:
        record = self.moving("h1", "h2", request=self.wanted)
        self.assertEqual(["h2"], self.cell.group_hosts(self.group))
        self.member("h1")
        late = new_build("h2", request=self.wanted)
        self.assertRaises(errors.GroupHostTaken, self.cell.insert_build, late)
        self.assertEqual("MOVING", self.cell.instance(record.uuid).state)

    def test_a_move_to_a_taken_host_changes_nothing(self) -> None:
        self.member("h2")
        record = self.failed("h1", "h2", "h3", request=self.wanted)
        target, *rest = record.alternates
        self.assertRaises(
            errors.GroupHostTaken, self.cell.next_attempt, record, target, rest, ME, LONG
        )
        self._unchanged(record)
        moving = self.cell.next_attempt(record, rest[0], [], ME, LONG)
        self.assertRaises(errors.GroupHostTaken, self.cell.retarget, moving, target, [])
        self._unchanged(moving)

    def test_an_ended_member_frees_its_host(self) -> None:
        for end in (self.error, self.deleted, self.handed_over):
            record = end("h1", "h2", request=self.wanted)
            self.assertEqual([], self.cell.group_hosts(self.group), record.state)

    def test_members_that_are_active_or_not_ended_count(self) -> None:
        self.active("h1", request=self.wanted)
        self.failing("h2", request=self.wanted)
        self.deleting("h3", request=self.wanted)
        self.assertEqual(["h1", "h2", "h3"], self.cell.group_hosts(self.group))

    def test_one_that_comes_back_takes_its_host_again(self) -> None:
        gone = self.handed_over("h1", request=self.wanted)
        self.cell.insert_build(
            new_build("h1", instance_uuid=gone.uuid, attempt=2, request=self.wanted)
        )
        self.assertRaises(
            errors.GroupHostTaken, self.cell.insert_build, new_build("h1", request=self.wanted)
        )

    def _unchanged(self, record: InstanceRecord) -> None:
        now = self.cell.instance(record.uuid)
        self.assertEqual(
            (record.state, record.attempt, record.selection, record.alternates),
            (now.state, now.attempt, now.selection, now.alternates),
        )


class BuildsWithoutReturningTest(InsertTest, GroupTest):
    """Where a changed row has to be read in a statement of its own."""

    returning = False
