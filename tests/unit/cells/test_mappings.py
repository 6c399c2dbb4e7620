"""Which cell an instance is in, and its moves between cells."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from tests.unit.cells.base import (
    LONG,
    ME,
    OVER,
    SOMEONE,
    StoreTest,
    fault,
    request,
    together,
    uuid,
)
from understudy.cells import errors
from understudy.cells.records import MappingRecord
from understudy.cells.tables_api import requests


class MappingsTest(StoreTest):
    """Each state, reached the short way."""

    def accepted(self) -> MappingRecord:
        instance = uuid()
        self.api.accept(request(), [(instance, "a")], LONG)
        return self.api.mapping(instance)

    def mapped(self) -> MappingRecord:
        return self.api.map_to_cell(self.accepted().instance_uuid, uuid())

    def handing_over(self) -> MappingRecord:
        return self.api.begin_hand_over(self.mapped().instance_uuid, 3, ME, LONG)

    def failed(self) -> MappingRecord:
        record = self.accepted()
        self.api.fail_unmapped(record.instance_uuid, fault())
        return self.api.mapping(record.instance_uuid)

    def deleting(self) -> MappingRecord:
        return self.api.begin_deleting(self.mapped().instance_uuid)

    def deleted(self) -> MappingRecord:
        record = self.deleting()
        self.api.end_deleting(record.instance_uuid)
        return self.api.mapping(record.instance_uuid)

    def refused(self, record: MappingRecord, change: Callable[[str], object]) -> None:
        """LostRace tells what is there, and that is still there."""
        error = self.assertRaises(errors.LostRace, change, record.instance_uuid)
        self.assertEqual(
            (record.instance_uuid, record.state, record.attempt),
            (error.instance_uuid, error.found_state, error.found_attempt),
        )
        self.assertEqual(record, self.api.mapping(record.instance_uuid))


class MapToCellTest(MappingsTest):
    def test_the_first_mapping_is_attempt_one(self) -> None:
        cell = uuid()
        record = self.api.map_to_cell(self.accepted().instance_uuid, cell)
        self.assertEqual(("MAPPED", 1, cell), (record.state, record.attempt, record.cell_uuid))
        self.assertEqual(record, self.api.mapping(record.instance_uuid))

    def test_again_changes_nothing(self) -> None:
        record = self.mapped()
        self.assertEqual(record, self.api.map_to_cell(record.instance_uuid, str(record.cell_uuid)))

    def test_again_after_a_later_attempt_in_that_cell(self) -> None:
        begun = self.handing_over()
        there = self.api.hand_over(begun.instance_uuid, ME, uuid(), 4, "{}")
        again = self.api.map_to_cell(there.instance_uuid, str(there.cell_uuid))
        self.assertEqual(there, again)

    def test_anything_else_is_a_lost_race(self) -> None:
        for record in (
            self.mapped(),
            self.handing_over(),
            self.failed(),
            self.deleting(),
            self.deleted(),
        ):
            self.refused(record, lambda instance: self.api.map_to_cell(instance, uuid()))

    def test_of_eight_cells_one_gets_it(self) -> None:
        record = self.accepted()
        outcomes = together(
            8, lambda _: self.api.map_to_cell(record.instance_uuid, uuid()).cell_uuid
        )
        cells = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
        self.assertEqual([self.api.mapping(record.instance_uuid).cell_uuid], cells)
        self.assertEqual(7, sum(isinstance(outcome, errors.LostRace) for outcome in outcomes))

    def test_an_unknown_instance_is_an_error(self) -> None:
        for change in (
            lambda: self.api.mapping(uuid()),
            lambda: self.api.map_to_cell(uuid(), uuid()),
            lambda: self.api.fail_unmapped(uuid(), fault()),
            lambda: self.api.begin_deleting(uuid()),
            lambda: self.api.end_deleting(uuid()),
            lambda: self.api.begin_hand_over(uuid(), 1, ME, LONG),
            lambda: self.api.hand_over(uuid(), ME, uuid(), 2, "{}"),
            lambda: self.api.give_up_hand_over(uuid(), ME),
        ):
            self.assertRaises(errors.InstanceUnknown, change)


class WaitingTest(MappingsTest):
    def test_only_those_without_a_cell_wait(self) -> None:
        for reach in (self.mapped, self.handing_over, self.failed, self.deleting, self.deleted):
            reach()
        self.assertEqual(0, self.api.count_waiting(10))
        self.accepted()
        self.accepted()
        self.assertEqual(2, self.api.count_waiting(10))

    def test_it_counts_no_further_than_it_is_told(self) -> None:
        for _ in range(3):
            self.accepted()
        self.assertEqual(2, self.api.count_waiting(2))


class SelectedLatelyTest(MappingsTest):
    def lately(self, seconds: float = LONG) -> set[str]:
        return {one.instance_uuid for one in self.api.selected_lately(seconds)}

    def age_request(self, record: MappingRecord, state: str) -> None:
        """Let its request be in this state, for a long time."""
        row = requests.c
        aged = {"state": state, "updated_at": row.updated_at - 1e6}
        with self.api.database.engine.begin() as connection:
            connection.execute(
                sa.update(requests).where(row.request_id == record.request_id).values(**aged)
            )

    def test_what_was_mapped_failed_or_deleted(self) -> None:
        mapped, failed, deleting = self.mapped(), self.failed(), self.mapped()
        self.handing_over()
        self.accepted()
        self.api.begin_deleting(deleting.instance_uuid)
        changed = {mapped.instance_uuid, failed.instance_uuid}
        self.assertEqual(changed, self.lately())
        self.api.end_deleting(deleting.instance_uuid)
        changed.add(deleting.instance_uuid)
        self.assertEqual(changed, self.lately())

    def test_not_what_changed_long_ago(self) -> None:
        self.mapped()
        self.assertEqual(set(), self.lately(OVER))

    def test_not_what_ends_long_after_its_selection(self) -> None:
        deleted = self.deleted()
        self.age_request(deleted, "SELECTED")
        self.assertEqual({deleted.instance_uuid}, self.lately())
        self.age_request(deleted, "DONE")
        self.assertEqual(set(), self.lately())

    def test_what_was_selected_for_a_hand_over(self) -> None:
        record = self.mapped()
        self.age_request(record, "DONE")
        self.assertEqual(set(), self.lately())
        self.api.begin_hand_over(record.instance_uuid, 3, ME, LONG)
        self.api.give_up_hand_over(record.instance_uuid, ME)
        self.assertEqual({record.instance_uuid}, self.lately())


class FailUnmappedTest(MappingsTest):
    def test_the_fault_is_kept(self) -> None:
        record = self.failed()
        self.assertEqual(("ERROR", fault()), (record.state, record.fault))

    def test_the_first_fault_stays(self) -> None:
        record = self.failed()
        self.api.fail_unmapped(record.instance_uuid, fault("another"))
        self.assertEqual(record, self.api.mapping(record.instance_uuid))

    def test_what_was_mapped_or_deleted_does_not_fail_here(self) -> None:
        for record in (self.mapped(), self.handing_over(), self.deleting(), self.deleted()):
            self.refused(record, lambda instance: self.api.fail_unmapped(instance, fault()))


class DeleteTest(MappingsTest):
    def test_it_wins_from_everywhere_with_the_next_attempt(self) -> None:
        for record in (self.accepted(), self.mapped(), self.handing_over(), self.failed()):
            deleting = self.api.begin_deleting(record.instance_uuid)
            self.assertEqual(("DELETING", record.attempt + 1), (deleting.state, deleting.attempt))
            self.assertEqual(record.cell_uuid, deleting.cell_uuid)

    def test_again_changes_nothing(self) -> None:
        for record in (self.deleting(), self.deleted()):
            self.assertEqual(record, self.api.begin_deleting(record.instance_uuid))

    def test_eight_at_once_raise_the_attempt_once(self) -> None:
        record = self.mapped()
        together(8, lambda _: self.api.begin_deleting(record.instance_uuid))
        self.assertEqual(2, self.api.mapping(record.instance_uuid).attempt)

    def test_it_ends_once(self) -> None:
        record = self.deleted()
        self.assertEqual("DELETED", record.state)
        self.api.end_deleting(record.instance_uuid)
        self.assertEqual(record, self.api.mapping(record.instance_uuid))

    def test_only_what_is_being_deleted_ends(self) -> None:
        for record in (self.accepted(), self.mapped(), self.handing_over(), self.failed()):
            self.refused(record, self.api.end_deleting)

    def test_what_is_being_deleted_is_listed_oldest_first(self) -> None:
        first, second = self.deleting(), self.deleting()
        self.deleted()
        self.mapped()
        self.assertEqual([first, second], self.api.deleting(10))
        self.assertEqual([first], self.api.deleting(1))


class HandOverTest(MappingsTest):
    def test_it_takes_the_cells_attempt_over(self) -> None:
        record = self.handing_over()
        self.assertEqual(("HANDING_OVER", 3), (record.state, record.attempt))

    def test_one_owner_at_a_time(self) -> None:
        record = self.handing_over()
        again = self.api.begin_hand_over(record.instance_uuid, 3, ME, LONG)
        self.assertEqual("HANDING_OVER", again.state)
        error = self.assertRaises(
            errors.LeaseHeld, self.api.begin_hand_over, record.instance_uuid, 3, SOMEONE, LONG
        )
        self.assertEqual(ME, error.owner)

    def test_a_lease_that_ran_out_is_taken_over(self) -> None:
        record = self.mapped()
        self.api.begin_hand_over(record.instance_uuid, 1, ME, OVER)
        self.assertEqual([record.instance_uuid], self._waiting())
        self.api.begin_hand_over(record.instance_uuid, 1, SOMEONE, LONG)
        self.assertEqual([], self._waiting())
        self.assertRaises(
            errors.LeaseHeld, self.api.hand_over, record.instance_uuid, ME, uuid(), 2, "{}"
        )

    def test_an_older_attempt_than_the_recorded_one_is_refused(self) -> None:
        begun = self.handing_over()
        there = self.api.hand_over(begun.instance_uuid, ME, uuid(), 4, "{}")
        self.refused(there, lambda instance: self.api.begin_hand_over(instance, 3, ME, LONG))

    def test_only_what_is_mapped_is_handed_over(self) -> None:
        for record in (self.accepted(), self.failed(), self.deleting(), self.deleted()):
            self.refused(record, lambda instance: self.api.begin_hand_over(instance, 9, ME, LONG))

    def test_the_new_cell_gets_the_next_attempt_and_the_pick(self) -> None:
        begun, cell = self.handing_over(), uuid()
        there = self.api.hand_over(begun.instance_uuid, ME, cell, 4, '{"pick": 1}')
        self.assertEqual(
            ("MAPPED", 4, cell, '{"pick": 1}'),
            (there.state, there.attempt, there.cell_uuid, there.pick),
        )
        self.assertEqual([], self._waiting())

    def test_handing_over_again_changes_nothing(self) -> None:
        begun, cell = self.handing_over(), uuid()
        there = self.api.hand_over(begun.instance_uuid, ME, cell, 4, "{}")
        self.assertEqual(there, self.api.hand_over(begun.instance_uuid, ME, cell, 4, "{}"))
        self.refused(there, lambda one: self.api.hand_over(one, ME, uuid(), 4, "{}"))

    def test_the_attempt_must_rise(self) -> None:
        begun = self.handing_over()
        self.refused(begun, lambda one: self.api.hand_over(one, ME, uuid(), 3, "{}"))

    def test_giving_up_leaves_it_in_its_cell(self) -> None:
        begun = self.handing_over()
        self.assertRaises(
            errors.LeaseHeld, self.api.give_up_hand_over, begun.instance_uuid, SOMEONE
        )
        self.api.give_up_hand_over(begun.instance_uuid, ME)
        there = self.api.mapping(begun.instance_uuid)
        self.assertEqual(
            ("MAPPED", 3, begun.cell_uuid), (there.state, there.attempt, there.cell_uuid)
        )
        self.refused(there, lambda one: self.api.give_up_hand_over(one, ME))

    def test_what_is_put_back_may_be_taken_at_once(self) -> None:
        begun = self.handing_over()
        self.assertEqual([], self.api.handing_over(10))
        self.assertRaises(
            errors.LeaseHeld, self.api.put_back_hand_over, begun.instance_uuid, SOMEONE
        )
        there = self.api.put_back_hand_over(begun.instance_uuid, ME)
        self.assertEqual(("HANDING_OVER", 3), (there.state, there.attempt))
        self.assertEqual([there], self.api.handing_over(10))
        self.refused(self.mapped(), lambda one: self.api.put_back_hand_over(one, ME))

    def test_a_delete_that_came_first_wins(self) -> None:
        begun = self.handing_over()
        deleting = self.api.begin_deleting(begun.instance_uuid)
        self.refused(deleting, lambda one: self.api.hand_over(one, ME, uuid(), 4, "{}"))
        self.refused(deleting, lambda one: self.api.give_up_hand_over(one, ME))
        self.refused(deleting, lambda one: self.api.begin_hand_over(one, 9, ME, LONG))

    def test_of_eight_at_once_one_gets_it(self) -> None:
        record = self.mapped()
        outcomes = together(
            8,
            lambda number: self.api.begin_hand_over(record.instance_uuid, 1, str(number), LONG),
        )
        self.assertEqual(1, sum(isinstance(outcome, MappingRecord) for outcome in outcomes))
        self.assertEqual(7, sum(isinstance(outcome, errors.LeaseHeld) for outcome in outcomes))

    def _waiting(self) -> list[str]:
        return [one.instance_uuid for one in self.api.handing_over(10)]


class MappingsWithoutReturningTest(HandOverTest, DeleteTest, MapToCellTest):
    """Where a changed row has to be read in a statement of its own."""

    returning = False
