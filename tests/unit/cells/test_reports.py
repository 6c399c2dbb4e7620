"""What a cast and the host's reports change."""

from __future__ import annotations

import functools
from collections.abc import Callable

from tests.unit.cells.base import LONG, ME, OVER, SOMEONE, CellTest, fault, host_of, uuid
from understudy.cells import errors
from understudy.cells.records import AttemptRecord, InstanceRecord


class ReportsTest(CellTest):
    def newest(self, record: InstanceRecord) -> AttemptRecord:
        return self.cell.attempts(record.uuid)[-1]

    def refused(self, instance_uuid: str, report: Callable[[], object]) -> None:
        """LostRace tells what is there, and that is still there."""
        before = (self.cell.instance(instance_uuid).state, self.cell.attempts(instance_uuid))
        error = self.assertRaises(errors.LostRace, report)
        now = self.cell.instance(instance_uuid)
        self.assertEqual((now.state, now.attempt), (error.found_state, error.found_attempt))
        self.assertEqual(before, (now.state, self.cell.attempts(instance_uuid)))


class CastTest(ReportsTest):
    def test_it_is_noted_and_the_lease_given_back(self) -> None:
        record = self.cell.take(self.insert(), ME, LONG)
        self.assertIsNone(self.cell.mark_cast(record).lease_owner)
        newest = self.newest(record)
        self.assertEqual("CAST", newest.state)
        self.assertAlmostEqual(self.cell.clock(), newest.cast_at or 0, delta=5)

    def test_a_host_that_was_faster_stays_started(self) -> None:
        record = self.insert("h1")
        self.cell.start(record.uuid, 1, "h1")
        self.cell.mark_cast(record)
        self.assertEqual("STARTED", self.newest(record).state)
        self.assertIsNotNone(self.newest(record).cast_at)

    def test_a_host_that_failed_already_stays_failed(self) -> None:
        record = self.insert("h1")
        self.cell.fail(record.uuid, 1, "h1", fault(), cleaned=True)
        self.cell.mark_cast(record)
        self.assertEqual("FAILED", self.newest(record).state)

    def test_casting_again_begins_the_count_of_missed_beats_again(self) -> None:
        self.register("h1")
        record = self.building("h1")
        for _ in range(2):
            self.cell.beat("agent", {"h1": []})
        self.assertEqual(2, self.newest(record).missed)
        self.cell.mark_cast(self.cell.take(record, ME, LONG))
        self.assertEqual(("CAST", 0), (self.newest(record).state, self.newest(record).missed))

    def test_what_moved_on_is_a_lost_race(self) -> None:
        record = self.insert("h1")
        self.cell.succeed(record.uuid, 1, "h1")
        self.refused(record.uuid, lambda: self.cell.mark_cast(record))

    def test_what_another_has_leased_is_a_lost_race(self) -> None:
        record = self.insert()
        self.cell.take(record, SOMEONE, LONG)
        self.refused(record.uuid, lambda: self.cell.mark_cast(record))
        self.assertEqual(SOMEONE, self.cell.instance(record.uuid).lease_owner)


class StartTest(ReportsTest):
    def test_the_current_attempt_on_its_host_may_go_on(self) -> None:
        for record in (self.insert("h1"), self.building("h1")):
            for _ in range(2):
                self.assertEqual("BUILDING", self.cell.start(record.uuid, 1, "h1").state)
            self.assertEqual("STARTED", self.newest(record).state)

    def test_the_lease_is_left_alone(self) -> None:
        record = self.cell.take(self.building("h1"), ME, LONG)
        self.assertEqual(ME, self.cell.start(record.uuid, 1, "h1").lease_owner)

    def test_another_host_or_attempt_may_not(self) -> None:
        record = self.building("h1")
        self.refused(record.uuid, lambda: self.cell.start(record.uuid, 1, "h2"))
        self.refused(record.uuid, lambda: self.cell.start(record.uuid, 2, "h1"))
        self.refused(record.uuid, lambda: self.cell.start(record.uuid, 0, "h1"))

    def test_nor_may_one_that_failed_ended_or_is_being_moved(self) -> None:
        for record in (
            self.failed(),
            self.moving(),
            self.exhausted(),
            self.handing_over(),
            self.handed_over(),
            self.failing(),
            self.deleting(),
            self.active(),
            self.error(),
            self.deleted(),
        ):
            for report in (self.cell.start, self.cell.succeed):
                if (record.state, report) == ("ACTIVE", self.cell.succeed):
                    continue
                self.refused(record.uuid, functools.partial(report, record.uuid, 1, "h1"))

    def test_one_that_nobody_knows_is_an_error(self) -> None:
        for report in (self.cell.start, self.cell.succeed):
            self.assertRaises(errors.InstanceUnknown, report, uuid(), 1, "h1")
        self.assertRaises(
            errors.InstanceUnknown, self.cell.fail, uuid(), 1, "h1", fault(), cleaned=True
        )


class SucceedTest(ReportsTest):
    def test_it_ends_the_build_and_every_lease(self) -> None:
        record = self.cell.take(self.building("h1"), SOMEONE, LONG)
        active = self.cell.succeed(record.uuid, 1, "h1")
        self.assertEqual(("ACTIVE", None), (active.state, active.lease_owner))
        newest = self.newest(record)
        self.assertEqual("SUCCEEDED", newest.state)
        self.assertIsNotNone(newest.ended_at)

    def test_again_changes_nothing(self) -> None:
        record = self.active("h1")
        again = self.cell.succeed(record.uuid, 1, "h1")
        self.assertEqual(record.updated_at, again.updated_at)
        self.refused(record.uuid, lambda: self.cell.succeed(record.uuid, 1, "h2"))

    def test_an_attempt_that_was_found_failed_does_not_succeed(self) -> None:
        record = self.failed("h1")
        self.refused(record.uuid, lambda: self.cell.succeed(record.uuid, 1, "h1"))


class FailTest(ReportsTest):
    def test_the_attempt_ends_and_the_instance_waits(self) -> None:
        record = self.building("h1")
        for _ in range(2):
            now = self.cell.fail(record.uuid, 1, "h1", fault(), cleaned=False)
        self.assertEqual(("BUILDING", 1, None), (now.state, now.attempt, now.fault))
        newest = self.newest(record)
        self.assertEqual(("FAILED", fault(), False), (newest.state, newest.fault, newest.cleaned))

    def test_the_first_fault_stays_and_cleaned_only_rises(self) -> None:
        record = self.building("h1")
        self.cell.fail(record.uuid, 1, "h1", fault("first"), cleaned=False)
        ended_at = self.newest(record).ended_at
        self.cell.fail(record.uuid, 1, "h1", fault("second"), cleaned=True)
        self.cell.fail(record.uuid, 1, "h1", fault("third"), cleaned=False)
        newest = self.newest(record)
        self.assertEqual(
            (fault("first"), True, ended_at), (newest.fault, newest.cleaned, newest.ended_at)
        )

    def test_only_the_current_attempt_on_its_host_fails(self) -> None:
        record = self.building("h1")
        for attempt, host in ((1, "h2"), (2, "h1")):
            late = functools.partial(self.cell.fail, record.uuid, attempt, host, fault(), True)
            self.refused(record.uuid, late)

    def test_what_is_not_building_does_not_fail(self) -> None:
        for record in (self.moving("h1", "h2"), self.active("h1"), self.deleting("h1")):
            report = (record.uuid, record.attempt, host_of(record), fault(), True)
            self.refused(record.uuid, functools.partial(self.cell.fail, *report))

    def test_a_lease_does_not_stop_a_report(self) -> None:
        record = self.cell.take(self.building("h1"), SOMEONE, LONG)
        failed = self.cell.fail(record.uuid, 1, "h1", fault(), cleaned=True)
        self.assertEqual(SOMEONE, failed.lease_owner)


class LeaseTest(CellTest):
    def test_one_owner_at_a_time(self) -> None:
        record = self.cell.take(self.building(), ME, LONG)
        self.assertEqual(ME, record.lease_owner)
        self.assertTrue(LONG - 5 < record.lease_left <= LONG)
        self.assertEqual(ME, self.cell.take(record, ME, LONG).lease_owner)
        error = self.assertRaises(errors.LeaseHeld, self.cell.take, record, SOMEONE, LONG)
        self.assertEqual(ME, error.owner)

    def test_one_that_ran_out_is_taken_over_and_lost_by_its_owner(self) -> None:
        mine = self.cell.take(self.moving(), ME, OVER)
        self.cell.take(mine, SOMEONE, LONG)
        error = self.assertRaises(errors.LostRace, self.cell.claimed, mine, 2)
        self.assertEqual(("MOVING", 2), (error.found_state, error.found_attempt))
        self.assertIn(SOMEONE, str(error))

    def test_one_that_ran_out_is_mine_until_then(self) -> None:
        mine = self.cell.take(self.moving(), ME, OVER)
        self.assertEqual("BUILDING", self.cell.claimed(mine, 2).state)

    def test_what_moved_on_is_a_lost_race(self) -> None:
        record = self.failed()
        target, *rest = record.alternates
        self.cell.next_attempt(record, target, rest, ME, OVER)
        error = self.assertRaises(errors.LostRace, self.cell.take, record, SOMEONE, LONG)
        self.assertEqual(("BUILDING/1", "MOVING"), (error.expected, error.found_state))

    def test_released_it_is_free_wherever_the_row_is(self) -> None:
        taken = self.cell.take(self.failed(), ME, LONG)
        target, *rest = taken.alternates
        self.cell.next_attempt(taken, target, rest, ME, LONG)
        self.cell.release(taken)
        self.assertIsNone(self.cell.instance(taken.uuid).lease_owner)

    def test_only_its_owner_releases_or_puts_off(self) -> None:
        stale = self.cell.take(self.building(), ME, OVER)
        self.cell.take(stale, SOMEONE, LONG)
        self.cell.release(stale)
        self.cell.put_off(stale, LONG)
        self.assertEqual(SOMEONE, self.cell.instance(stale.uuid).lease_owner)

    def test_put_off_it_is_nobodys_until_then(self) -> None:
        record = self.cell.take(self.building(), ME, LONG)
        self.cell.put_off(record, LONG)
        now = self.cell.instance(record.uuid)
        self.assertIsNone(now.lease_owner)
        self.assertTrue(now.lease_left > 0)
        for owner in (ME, SOMEONE):
            self.assertRaises(errors.LeaseHeld, self.cell.take, now, owner, LONG)

    def test_put_off_it_can_still_change(self) -> None:
        record = self.insert("h1")
        self.cell.put_off(record, LONG)
        self.cell.mark_cast(record)
        self.assertTrue(self.cell.instance(record.uuid).lease_left <= 0)

    def test_without_a_lease_only_what_did_not_move_is_put_off(self) -> None:
        record = self.building("h1")
        self.cell.succeed(record.uuid, 1, "h1")
        self.cell.put_off(record, LONG)
        self.assertTrue(self.cell.instance(record.uuid).lease_left <= 0)

    def test_an_unknown_instance_is_an_error(self) -> None:
        gone = self.building()
        with self.cell.database.engine.begin() as connection:
            for table in ("attempts", "instances"):
                connection.exec_driver_sql(f"DELETE FROM {table}")
        self.assertRaises(errors.InstanceUnknown, self.cell.take, gone, ME, LONG)


class ReportsWithoutReturningTest(CastTest, SucceedTest, FailTest):
    """Where a changed row has to be read in a statement of its own."""

    returning = False
