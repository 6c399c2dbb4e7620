"""Build requests in the API database."""

from __future__ import annotations

from oslo_db import exception as db_errors

from tests.unit.cells.base import LONG, ME, OVER, SOMEONE, StoreTest, request, together, uuid
from understudy.cells import errors, mapping_states
from understudy.cells.records import RequestRecord
from understudy.objects.build_request import BuildRequest


class RequestsTest(StoreTest):
    def accept(self, wanted: BuildRequest | None = None, seconds: float = LONG) -> RequestRecord:
        wanted = wanted or request()
        return self.api.accept(wanted, [(uuid(), "a"), (uuid(), "b")], seconds)

    def taken(self) -> RequestRecord:
        return self.api.take_request(self.accept().request_id, ME, LONG)


class AcceptTest(RequestsTest):
    def test_the_request_is_pending_and_comes_back_whole(self) -> None:
        wanted = request(resources={"VCPU": 2}, required_traits=["HW_A"], count=2)
        record = self.accept(wanted)
        self.assertEqual("PENDING", record.state)
        self.assertEqual(wanted, record.request)
        self.assertEqual(record.request, self.api.request(record.request_id).request)
        self.assertIsNone(record.answer)
        self.assertIsNone(record.lease_owner)
        self.assertTrue(LONG - 5 < record.seconds_left <= LONG)
        self.assertAlmostEqual(self.api.clock(), record.created_at, delta=5)

    def test_its_instances_are_accepted_in_order(self) -> None:
        instances = [(uuid(), f"name-{number}") for number in range(5)]
        record = self.api.accept(request(), instances, LONG)
        mappings = self.api.mappings_of(record.request_id)
        self.assertEqual(instances, [(one.instance_uuid, one.name) for one in mappings])
        self.assertEqual(
            {(mapping_states.ACCEPTED, 0, None, "a-project", "a-user")},
            {(m.state, m.attempt, m.cell_uuid, m.project_id, m.user_id) for m in mappings},
        )

    def test_the_same_request_again_is_what_was_accepted_first(self) -> None:
        wanted = request()
        first = self.accept(wanted)
        again = self.accept(wanted.obj_clone(), seconds=1.0)
        self.assertEqual(first.created_at, again.created_at)
        self.assertTrue(again.seconds_left > 1.0)
        self.assertEqual(2, len(self.api.mappings_of(first.request_id)))

    def test_the_same_id_with_another_body_is_refused(self) -> None:
        wanted = self.accept().request
        other = wanted.obj_clone()
        other.name = "another"
        error = self.assertRaises(errors.RequestIdTaken, self.accept, other)
        self.assertEqual(wanted.request_id, error.request_id)

    def test_the_body_that_counts_is_what_the_client_sent(self) -> None:
        asked = request()
        whole = asked.obj_clone()
        whole.max_attempts = 3
        first = self.api.accept(whole, [(uuid(), "a")], LONG, asked)
        whole.max_attempts = 5
        again = self.api.accept(whole, [(uuid(), "a")], LONG, asked)
        self.assertEqual(first.created_at, again.created_at)
        self.assertEqual(3, self.api.repeated(asked).request.max_attempts)
        self.assertRaises(errors.RequestIdTaken, self.api.repeated, whole)
        self.assertRaises(errors.RequestUnknown, self.api.repeated, request())

    def test_a_body_is_the_same_from_a_peer_that_does_not_know_an_empty_field(self) -> None:
        said = request()
        primitive = said.obj_to_wire()
        for field in ("image", "required_traits"):
            del primitive["understudy_object.data"][field]
        self.accept(said)
        self.accept(BuildRequest.obj_from_primitive(primitive))

    def test_eight_at_once_accept_one_request(self) -> None:
        wanted = request()
        outcomes = together(8, lambda _: self.accept(wanted.obj_clone()))
        self.assertEqual([], [outcome for outcome in outcomes if isinstance(outcome, Exception)])
        made = {outcome.created_at for outcome in outcomes if isinstance(outcome, RequestRecord)}
        self.assertEqual(1, len(made))
        self.assertEqual(2, len(self.api.mappings_of(wanted.request_id)))

    def test_an_unknown_request_is_an_error(self) -> None:
        self.assertRaises(errors.RequestUnknown, self.api.request, uuid())
        self.assertEqual([], self.api.mappings_of(uuid()))

    def test_an_instance_of_another_request_is_not_taken_over(self) -> None:
        instance = uuid()
        self.api.accept(request(), [(instance, "a")], LONG)
        late = request()
        self.assertRaises(
            db_errors.DBDuplicateEntry, self.api.accept, late, [(instance, "a")], LONG
        )
        self.assertRaises(errors.RequestUnknown, self.api.request, late.request_id)


class LeaseTest(RequestsTest):
    def test_one_owner_at_a_time(self) -> None:
        record = self.taken()
        self.assertEqual(ME, record.lease_owner)
        error = self.assertRaises(
            errors.LeaseHeld, self.api.take_request, record.request_id, SOMEONE, LONG
        )
        self.assertEqual(ME, error.owner)

    def test_mine_can_be_prolonged(self) -> None:
        record = self.taken()
        self.assertEqual(ME, self.api.take_request(record.request_id, ME, LONG).lease_owner)

    def test_one_that_ran_out_is_taken_over(self) -> None:
        record = self.accept()
        self.api.take_request(record.request_id, ME, OVER)
        taken = self.api.take_request(record.request_id, SOMEONE, LONG)
        self.assertEqual(SOMEONE, taken.lease_owner)

    def test_one_that_is_done_is_held_for_ever(self) -> None:
        record = self.taken()
        self.api.finish_request(record.request_id, ME)
        self.assertRaises(errors.LeaseHeld, self.api.take_request, record.request_id, ME, LONG)

    def test_one_that_was_put_off_is_nobodys_until_then(self) -> None:
        record = self.taken()
        self.api.put_off_request(record.request_id, ME, LONG)
        for owner in (ME, SOMEONE):
            self.assertRaises(
                errors.LeaseHeld, self.api.take_request, record.request_id, owner, LONG
            )
        self.assertEqual([], self.api.waiting_requests(10))

    def test_it_may_be_taken_when_that_time_has_passed(self) -> None:
        record = self.taken()
        self.api.put_off_request(record.request_id, ME, OVER)
        self.assertEqual([record.request_id], self.api.waiting_requests(10))
        self.api.take_request(record.request_id, SOMEONE, LONG)

    def test_an_unknown_request_is_an_error(self) -> None:
        self.assertRaises(errors.RequestUnknown, self.api.take_request, uuid(), ME, LONG)
        self.assertRaises(errors.RequestUnknown, self.api.finish_request, uuid(), ME)

    def test_of_eight_at_once_one_gets_it(self) -> None:
        record = self.accept()
        outcomes = together(
            8, lambda number: self.api.take_request(record.request_id, str(number), LONG)
        )
        winners = [outcome for outcome in outcomes if isinstance(outcome, RequestRecord)]
        losers = [outcome for outcome in outcomes if isinstance(outcome, errors.LeaseHeld)]
        self.assertEqual((1, 7), (len(winners), len(losers)))
        self.assertEqual({winners[0].lease_owner}, {loser.owner for loser in losers})


class AnswerTest(RequestsTest):
    def test_an_answer_is_recorded(self) -> None:
        record = self.taken()
        self.api.record_answer(record.request_id, ME, "{}")
        selected = self.api.request(record.request_id)
        self.assertEqual(("SELECTED", "{}"), (selected.state, selected.answer))

    def test_a_recorded_answer_is_not_overwritten(self) -> None:
        record = self.taken()
        self.api.record_answer(record.request_id, ME, "first")
        error = self.assertRaises(
            errors.LostRace, self.api.record_answer, record.request_id, ME, "second"
        )
        self.assertEqual("SELECTED", error.found_state)
        self.assertEqual("first", self.api.request(record.request_id).answer)

    def test_only_the_owner_of_the_lease_changes_it(self) -> None:
        record = self.taken()
        for change in (
            lambda: self.api.record_answer(record.request_id, SOMEONE, "{}"),
            lambda: self.api.finish_request(record.request_id, SOMEONE),
            lambda: self.api.put_off_request(record.request_id, SOMEONE, 1.0),
        ):
            self.assertRaises(errors.LeaseHeld, change)
        self.assertEqual(record, self._now(record))

    def test_a_lease_that_ran_out_is_mine_until_another_takes_it(self) -> None:
        record = self.accept()
        self.api.take_request(record.request_id, ME, OVER)
        self.api.record_answer(record.request_id, ME, "mine")
        self.api.take_request(record.request_id, SOMEONE, LONG)
        self.assertRaises(errors.LeaseHeld, self.api.finish_request, record.request_id, ME)

    def test_done_is_the_end(self) -> None:
        record = self.taken()
        self.api.finish_request(record.request_id, ME)
        done = self.api.request(record.request_id)
        self.assertEqual(("DONE", None), (done.state, done.lease_owner))
        for change in (
            lambda: self.api.record_answer(record.request_id, ME, "{}"),
            lambda: self.api.finish_request(record.request_id, ME),
        ):
            self.assertRaises(errors.LostRace, change)

    def _now(self, record: RequestRecord) -> RequestRecord:
        now = self.api.request(record.request_id)
        self.assertTrue(now.seconds_left <= record.seconds_left)
        return RequestRecord(
            now.request_id,
            now.request,
            now.state,
            now.answer,
            record.seconds_left,
            now.lease_owner,
            now.created_at,
        )


class WaitingTest(RequestsTest):
    def test_what_is_free_and_not_done_waits_oldest_first(self) -> None:
        first, second, third, fourth = (self.accept().request_id for _ in range(4))
        self.api.take_request(first, ME, OVER)
        self.api.record_answer(first, ME, "{}")
        self.api.take_request(second, ME, LONG)
        self.api.take_request(third, ME, LONG)
        self.api.finish_request(third, ME)
        self.assertEqual([first, fourth], self.api.waiting_requests(10))
        self.assertEqual([first], self.api.waiting_requests(1))
