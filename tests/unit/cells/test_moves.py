"""A failed build's way to the next alternate, to the super conductor, and to its end."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

from tests.unit.cells.base import (
    LONG,
    ME,
    OVER,
    SOMEONE,
    CellTest,
    fault,
    host_of,
    hosts_of,
    selection,
    together,
    uuid,
)
from understudy.cells import errors
from understudy.cells.records import InstanceRecord
from understudy.objects import states
from understudy.objects.errors import IllegalMove


class MovesTest(CellTest):
    def lost(self, record: InstanceRecord, change: Callable[[], object]) -> None:
        """LostRace tells what is there, and that is still there."""
        before = self.seen(record.uuid)
        error = self.assertRaises(errors.LostRace, change)
        self.assertEqual(f"{record.state}/{record.attempt}", error.expected)
        now = self.cell.instance(record.uuid)
        self.assertEqual((now.state, now.attempt), (error.found_state, error.found_attempt))
        self.assertEqual(before, self.seen(record.uuid))

    def seen(self, instance_uuid: str) -> tuple[Any, ...]:
        now = self.cell.instance(instance_uuid)
        return (
            now.state,
            now.attempt,
            now.selection,
            now.generation,
            now.lease_owner,
            self.states_of_attempts(instance_uuid),
        )


class NextAttemptTest(MovesTest):
    def test_the_next_attempt_and_its_target_are_written_down(self) -> None:
        record = self.failed("h1", "h2", "h3")
        target, *rest = record.alternates
        moving = self.cell.next_attempt(record, target, rest, ME, LONG)
        self.assertEqual(
            ("MOVING", 2, record.attempts_left - 1, record.generation, ME),
            (
                moving.state,
                moving.attempt,
                moving.attempts_left,
                moving.generation,
                moving.lease_owner,
            ),
        )
        self.assertEqual("h2", host_of(moving))
        self.assertEqual(["h3"], hosts_of(moving.alternates))
        self.assertEqual(
            [(1, 0, "FAILED"), (2, 0, "INTENDED")], self.states_of_attempts(record.uuid)
        )

    def test_an_attempt_that_did_not_end_is_superseded(self) -> None:
        record = self.building("h1", "h2")
        self.cell.next_attempt(record, record.alternates[0], [], ME, LONG)
        old = self.cell.attempts(record.uuid)[0]
        self.assertEqual("SUPERSEDED", old.state)
        self.assertIsNotNone(old.ended_at)
        self.assertEqual([old], self.cell.uncleaned(record.uuid))

    def test_the_lease_of_another_stops_it(self) -> None:
        record = self.failed()
        self.cell.take(record, SOMEONE, LONG)
        self.assertRaises(
            errors.LeaseHeld, self.cell.next_attempt, record, selection("h2"), [], ME, LONG
        )
        self.assertEqual("BUILDING", self.cell.instance(record.uuid).state)

    def test_a_move_that_came_first_is_a_lost_race(self) -> None:
        record = self.failed()
        self.cell.next_attempt(record, selection("h2"), [], SOMEONE, LONG)
        self.lost(
            record,
            lambda: self.cell.next_attempt(record, selection("h3"), [], ME, LONG),
        )

    def test_of_eight_at_once_one_moves_it(self) -> None:
        record = self.failed()
        outcomes = together(
            8,
            lambda number: self.cell.next_attempt(
                record, selection(f"h{number}"), [], str(number), LONG
            ),
        )
        self.assertEqual(1, sum(isinstance(outcome, InstanceRecord) for outcome in outcomes))
        self.assertEqual(7, sum(isinstance(outcome, errors.LostRace) for outcome in outcomes))
        self.assertEqual(2, len(self.cell.attempts(record.uuid)))


class RetargetTest(MovesTest):
    def test_the_last_target_lost_its_claim(self) -> None:
        record = self.moving("h1", "h2", "h3", "h4")
        for expected in ("h3", "h4"):
            target, *rest = record.alternates
            record = self.cell.retarget(record, target, rest)
            self.assertEqual((expected, ME), (host_of(record), record.lease_owner))
        self.assertEqual(("MOVING", 2, ()), (record.state, record.attempt, record.alternates))
        self.assertEqual(
            [(1, 0, "FAILED"), (2, 0, "LOST_CLAIM"), (2, 1, "LOST_CLAIM"), (2, 2, "INTENDED")],
            self.states_of_attempts(record.uuid),
        )
        self.assertEqual([], self.cell.uncleaned(record.uuid))

    def test_another_target_than_the_known_one_is_a_lost_race(self) -> None:
        record = self.moving("h1", "h2", "h3")
        self.cell.retarget(record, selection("h3"), [])
        self.lost(record, lambda: self.cell.retarget(record, selection("h4"), []))
        self.lost(record, lambda: self.cell.claimed(record, 2))


class ClaimedTest(MovesTest):
    def test_the_swap_is_confirmed_and_the_lease_kept(self) -> None:
        record = self.cell.claimed(self.moving("h1", "h2"), 5)
        self.assertEqual(
            ("BUILDING", 2, 5, ME),
            (record.state, record.attempt, record.generation, record.lease_owner),
        )
        self.assertEqual(
            [(1, 0, "FAILED"), (2, 0, "CLAIMED")], self.states_of_attempts(record.uuid)
        )
        self.cell.mark_cast(record)
        self.cell.start(record.uuid, 2, "h2")
        self.assertEqual("ACTIVE", self.cell.succeed(record.uuid, 2, "h2").state)

    def test_a_delete_that_came_first_wins(self) -> None:
        record = self.moving()
        self.delete(record.uuid)
        self.lost(record, lambda: self.cell.claimed(record, 5))
        noted = self.cell.set_generation(self.cell.instance(record.uuid), 5)
        self.assertEqual(("DELETING", 5), (noted.state, noted.generation))

    def test_a_generation_is_noted_only_where_the_row_was_seen(self) -> None:
        record = self.failed()
        self.assertEqual(9, self.cell.set_generation(record, 9).generation)
        self.cell.take(record, SOMEONE, LONG)
        self.lost(record, lambda: self.cell.set_generation(record, 10))


class StaleRecordTest(MovesTest):
    def test_the_same_state_at_a_newer_attempt_is_a_lost_race(self) -> None:
        old = self.failed("h1", "h2")
        moving = self.cell.next_attempt(old, selection("h2"), [], ME, LONG)
        self.cell.release(self.cell.claimed(moving, 2))
        for change in (
            lambda: self.cell.mark_cast(old),
            lambda: self.cell.exhaust(old, fault()),
            lambda: self.cell.begin_failing(old, fault()),
            lambda: self.cell.handed_over(old),
            lambda: self.cell.set_generation(old, 9),
            lambda: self.cell.take(old, ME, LONG),
            lambda: self.cell.next_attempt(old, selection("h3"), [], ME, LONG),
        ):
            self.lost(old, change)


class ExhaustTest(MovesTest):
    def test_the_claim_is_kept_for_the_super_conductor(self) -> None:
        record = self.exhausted("h1", "h2")
        self.assertEqual(
            ("EXHAUSTED", 1, fault(), None, 1),
            (
                record.state,
                record.attempt,
                record.fault,
                record.lease_owner,
                record.generation,
            ),
        )
        self.assertEqual("h1", host_of(record))

    def test_a_target_that_was_only_intended_lost_its_claim(self) -> None:
        record = self.cell.exhaust(self.moving("h1", "h2"), fault())
        self.assertEqual(
            [(1, 0, "FAILED"), (2, 0, "LOST_CLAIM")], self.states_of_attempts(record.uuid)
        )

    def test_an_attempt_under_way_ends_with_the_fault(self) -> None:
        record = self.cell.exhaust(self.building("h1"), fault("host-down"))
        (attempt,) = self.cell.attempts(record.uuid)
        self.assertEqual(("FAILED", fault("host-down")), (attempt.state, attempt.fault))


class HandOverTest(MovesTest):
    def test_one_super_conductor_at_a_time(self) -> None:
        record = self.handing_over()
        self.assertEqual(("HANDING_OVER", ME), (record.state, record.lease_owner))
        self.assertEqual(ME, self.cell.begin_hand_over(record, ME, LONG).lease_owner)
        self.assertRaises(errors.LeaseHeld, self.cell.begin_hand_over, record, SOMEONE, LONG)

    def test_one_that_was_left_is_taken_again(self) -> None:
        record = self.cell.begin_hand_over(self.exhausted(), ME, OVER)
        self.assertEqual(SOMEONE, self.cell.begin_hand_over(record, SOMEONE, LONG).lease_owner)
        self.lost(record, lambda: self.cell.handed_over(record))

    def test_handed_over_it_only_tears_down(self) -> None:
        record = self.handed_over("h1", "h2")
        self.assertEqual(
            ("HANDED_OVER", None, ()), (record.state, record.lease_owner, record.alternates)
        )
        error = self.assertRaises(errors.LostRace, self.delete, record.uuid)
        self.assertEqual("HANDED_OVER", error.found_state)

    def test_a_row_that_is_out_of_date_is_handed_over_where_it_stands(self) -> None:
        for record in (self.building(), self.moving()):
            gone = self.cell.handed_over(record)
            self.assertEqual("HANDED_OVER", gone.state)
            self.assertEqual("SUPERSEDED", self.cell.attempts(gone.uuid)[-1].state)

    def test_exhausted_builds_with_time_left_are_shown_until_they_are_taken(self) -> None:
        waiting = self.exhausted()
        left = self.cell.begin_hand_over(self.exhausted(), SOMEONE, OVER)
        self.exhausted(deadline_seconds=OVER)
        self.handing_over()
        put_off = self.exhausted()
        self.cell.put_off(put_off, LONG)
        shown = [record.uuid for record in self.cell.exhausted(10)]
        self.assertEqual([waiting.uuid, left.uuid], shown)
        self.assertEqual(1, len(self.cell.exhausted(1)))


class EndingTest(MovesTest):
    def test_failing_names_the_fault_and_keeps_the_lease(self) -> None:
        taken = self.cell.take(self.building("h1"), ME, LONG)
        record = self.cell.begin_failing(taken, fault("deadline"))
        self.assertEqual(
            ("FAILING", fault("deadline"), ME), (record.state, record.fault, record.lease_owner)
        )
        (attempt,) = self.cell.attempts(record.uuid)
        self.assertEqual(("FAILED", fault("deadline")), (attempt.state, attempt.fault))

    def test_an_attempt_that_failed_keeps_its_own_fault(self) -> None:
        record = self.cell.begin_failing(self.failed(), fault("deadline"))
        self.assertEqual([fault()], [one.fault for one in self.cell.attempts(record.uuid)])

    def test_a_target_that_was_only_intended_needs_no_cleaning(self) -> None:
        for record in (
            self.cell.begin_failing(self.moving("h1", "h2"), fault()),
            self.delete(self.moving("h1", "h2").uuid),
        ):
            newest = self.cell.attempts(record.uuid)[-1]
            self.assertEqual(("SUPERSEDED", None), (newest.state, newest.fault))
            self.assertEqual([], self.cell.uncleaned(record.uuid))

    def test_the_end_clears_what_nobody_needs_any_more(self) -> None:
        for end, state in ((self.error, "ERROR"), (self.deleted, "DELETED")):
            record = end("h1", "h2")
            self.assertEqual(
                (state, (), None), (record.state, record.alternates, record.lease_owner)
            )
            self.assertEqual("h1", host_of(record))

    def test_it_ends_once(self) -> None:
        record = self.failing()
        self.cell.end(record)
        self.lost(record, lambda: self.cell.end(record))


class DeleteTest(MovesTest):
    def test_it_wins_from_everywhere_with_the_next_attempt(self) -> None:
        for record in (
            self.building(),
            self.moving(),
            self.exhausted(),
            self.handing_over(),
            self.failing(),
            self.active(),
            self.error(),
        ):
            deleting = self.delete(record.uuid)
            self.assertEqual(
                ("DELETING", record.attempt + 1, None),
                (deleting.state, deleting.attempt, deleting.lease_owner),
            )

    def test_what_was_under_way_is_superseded_and_what_ended_is_not(self) -> None:
        for record, state in (
            (self.building(), "SUPERSEDED"),
            (self.failed(), "FAILED"),
            (self.active(), "SUCCEEDED"),
        ):
            self.delete(record.uuid)
            self.assertEqual([(1, 0, state)], self.states_of_attempts(record.uuid))

    def test_again_changes_nothing(self) -> None:
        for record in (self.deleting(), self.deleted()):
            again = self.delete(record.uuid)
            self.assertEqual(
                (record.state, record.attempt, record.updated_at),
                (again.state, again.attempt, again.updated_at),
            )

    def test_without_a_row_it_leaves_a_tombstone(self) -> None:
        instance = uuid()
        for _ in range(2):
            record = self.delete(instance)
            self.assertEqual(
                ("DELETING", 1, None, (), None),
                (
                    record.state,
                    record.attempt,
                    record.selection,
                    record.alternates,
                    record.generation,
                ),
            )
        self.assertEqual([instance], [one.uuid for one in self.cell.overdue(10)])
        self.assertEqual("DELETED", self.cell.end(record).state)

    def test_eight_at_once_raise_the_attempt_once(self) -> None:
        for instance in (self.building().uuid, uuid()):
            outcomes = together(8, lambda _, one=instance: self.delete(one))  # type: ignore[misc]
            attempts = {one.attempt for one in outcomes if isinstance(one, InstanceRecord)}
            self.assertEqual(8, sum(isinstance(one, InstanceRecord) for one in outcomes))
            self.assertEqual({self.cell.instance(instance).attempt}, attempts)


class CleanedTest(MovesTest):
    def test_a_host_speaks_for_its_own_attempts_up_to_a_number(self) -> None:
        record = self.building("h1", "h2", "h1")
        for target in record.alternates:
            moving = self.cell.next_attempt(record, target, [], ME, LONG)
            record = self.cell.mark_cast(self.cell.claimed(moving, 2))
        self.assertEqual([1, 2, 3], self._uncleaned(record))
        self.cell.mark_cleaned(record.uuid, 2, "h1")
        self.assertEqual([2, 3], self._uncleaned(record))
        self.cell.mark_cleaned(record.uuid, 3, "h2")
        self.cell.mark_cleaned(record.uuid, 3, "h1")
        self.cell.mark_cleaned(record.uuid, 3, "h1")
        self.assertEqual([], self._uncleaned(record))

    def test_what_nobody_knows_is_no_error(self) -> None:
        self.cell.mark_cleaned(uuid(), 1, "h1")
        self.assertEqual([], self.cell.uncleaned(uuid()))

    def _uncleaned(self, record: InstanceRecord) -> list[int]:
        return [one.number for one in self.cell.uncleaned(record.uuid)]


class IllegalMovesTest(MovesTest):
    """From every state, each change either is in the table of moves or is refused untouched."""

    def changes(
        self, record: InstanceRecord
    ) -> Iterator[tuple[str, tuple[str, ...], Callable[[], InstanceRecord]]]:
        cell, target = self.cell, selection("h9")
        building, moving = states.BUILDING, states.MOVING
        taking = functools.partial(cell.next_attempt, record, target, [], ME, LONG)
        yield "MOVING", (building,), taking
        yield "MOVING", (moving,), functools.partial(cell.retarget, record, target, [])
        yield "BUILDING", (moving,), functools.partial(cell.claimed, record, 2)
        yield "BUILDING", (building,), functools.partial(cell.mark_cast, record)
        yield "EXHAUSTED", (building, moving), functools.partial(cell.exhaust, record, fault())
        yield (
            "HANDING_OVER",
            (states.EXHAUSTED, states.HANDING_OVER),
            functools.partial(cell.begin_hand_over, record, ME, LONG),
        )
        yield (
            "HANDED_OVER",
            (building, moving, states.HANDING_OVER),
            functools.partial(cell.handed_over, record),
        )
        yield (
            "FAILING",
            (building, moving, states.EXHAUSTED, states.HANDING_OVER),
            functools.partial(cell.begin_failing, record, fault()),
        )
        ending = {"FAILING": "ERROR", "DELETING": "DELETED"}
        yield ending.get(record.state, ""), tuple(ending), functools.partial(cell.end, record)

    def test_every_change_from_every_state(self) -> None:
        for reach in (
            self.building,
            self.moving,
            self.exhausted,
            self.handing_over,
            self.handed_over,
            self.failing,
            self.deleting,
            self.active,
            self.error,
            self.deleted,
        ):
            for number in range(len(list(self.changes(self.building())))):
                record = reach("h1", "h2", "h3")
                wanted, sources, change = list(self.changes(record))[number]
                if record.state in sources:
                    self.assertEqual(wanted, change().state)
                else:
                    before = self.seen(record.uuid)
                    self.assertRaises(IllegalMove, change)
                    self.assertEqual(before, self.seen(record.uuid))


class MovesWithoutReturningTest(
    NextAttemptTest, RetargetTest, ClaimedTest, HandOverTest, DeleteTest
):
    """Where a changed row has to be read in a statement of its own."""

    returning = False
