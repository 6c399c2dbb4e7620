"""From a request to casts: selected once, placed once, whatever is in the way."""

from __future__ import annotations

from tests.fakes.faults import Fault
from tests.fakes.ledger import allocation_request
from tests.unit.conductor.base import CloudTest
from tests.unit.conductor.cloud import request, uuid_of
from understudy.conductor import faults
from understudy.conductor.first_claims import owner_of
from understudy.ledger.protocols import WantedClaim
from understudy.objects.build_request import Affinity
from understudy.objects.fields import AffinityPolicy
from understudy.rpcapi import errors as wire

APART = Affinity(group_uuid=uuid_of("group"), policy=AffinityPolicy.ANTI_AFFINITY)


class SelectTest(CloudTest):
    def test_it_is_asked_again_until_the_scheduler_answers(self) -> None:
        self.cloud.scheduler.failing = [
            wire.ServiceUnavailable("scheduler", "gone"),
            wire.LedgerDown("gone"),
            wire.Overloaded("scheduler", 1.0),
        ]
        (uuid,) = self.cloud.build()
        self.assertState("ACCEPTED", uuid)
        self.assertEnded("ACTIVE", uuid)

    def test_an_overloaded_scheduler_is_asked_when_it_said(self) -> None:
        self.cloud.scheduler.failing = [wire.Overloaded("scheduler", 5000.0)]
        self.cloud.build()
        with self.cloud.api.database.engine.begin() as connection:
            until = connection.exec_driver_sql("SELECT lease_until FROM requests").scalar_one()
        self.assertGreater(until - self.cloud.api.clock(), 4000.0)

    def test_no_valid_host_is_an_error_with_reasons(self) -> None:
        (uuid,) = self.cloud.build(request(resources={"VCPU": 99}))
        self.assertState("ERROR", uuid)
        fault = self.cloud.shown(uuid).fault
        assert fault is not None
        self.assertEqual(faults.NO_VALID_HOST, fault.code)
        self.assertEnded("ERROR", uuid)

    def test_an_error_that_no_cell_took_can_be_deleted_at_once(self) -> None:
        (uuid,) = self.cloud.build(request(resources={"VCPU": 99}))
        self.cloud.delete(uuid)
        self.cloud.super.deleter.sweep()
        self.assertState("DELETED", uuid)

    def test_the_deadline_ends_what_was_never_selected(self) -> None:
        self.cloud.scheduler.failing = [wire.ServiceUnavailable("scheduler", "gone")]
        (uuid,) = self.cloud.build()
        self.cloud.pass_deadline()
        self.assertEnded("ERROR", uuid)

    def test_a_claim_that_lands_after_the_ending_is_given_back(self) -> None:
        self.cloud.scheduler.failing = [wire.ServiceUnavailable("scheduler", "gone")]
        (uuid,) = self.cloud.build()
        self.cloud.expire_leases()
        self.ledger.faults.next_writes(Fault.LATE)
        self.ledger.faults.next_reads(Fault.NONE, *[Fault.REFUSED] * 6)
        self.cloud.super.requests.work(request().request_id)
        self.assertState("ACCEPTED", uuid)
        self.ledger.faults.forget_plan()
        self.cloud.pass_deadline()
        self.cloud.round()
        self.assertState("ERROR", uuid)
        self.ledger.faults.land()
        self.assertEqual({"one-a"}, self.cloud.hosts_of_claim(uuid))
        self.assertEnded("ERROR", uuid)
        self.assertEqual({}, self.ledger.holding)

    def test_two_threads_of_one_process_do_not_both_work_on_it(self) -> None:
        asked: list[int] = []
        scheduler = self.cloud.scheduler

        def again(operation: str) -> None:
            if not scheduler.asked:
                return
            self.ledger.faults.hook = lambda operation: None
            self.cloud.super.requests.work(request().request_id)
            asked.append(scheduler.asked)

        self.ledger.faults.hook = again
        self.cloud.build()
        self.assertEqual([1], asked)


class PlaceTest(CloudTest):
    def test_what_has_moved_on_is_left_alone_when_its_request_is_placed_again(self) -> None:
        self.fails_on("one-a")
        asked = request(count=2)
        first, second = self.cloud.build(asked)
        self.settle()
        self.cloud.delete(first)
        self._forget_done(asked.request_id)
        claims = self.ledger.holding
        self.cloud.super.requests.work(asked.request_id)
        self.assertEqual(claims, self.ledger.holding)
        self.assertEnded("DELETED", first)
        self.assertEnded("ACTIVE", second)

    def test_what_is_exhausted_keeps_its_claim_when_its_request_is_placed_again(self) -> None:
        uuid = self.exhausted()
        self.cloud.api.begin_hand_over(uuid, 1, "someone", 60.0)
        self._forget_done(request().request_id)
        self.cloud.super.requests.work(request().request_id)
        self.assertEqual({"one-a"}, self.cloud.hosts_of_claim(uuid))
        self.assertEnded("ACTIVE", uuid)

    def test_a_silent_cell_does_not_keep_the_others_waiting(self) -> None:
        self.cloud.break_cell("one")
        # Cell one can take five of them.
        uuids = self.cloud.build(request(count=6, resources={"VCPU": 4}))
        self.assertEqual({"BUILDING": 1}, self.cloud.store("two").counts())
        self.cloud.mend_cell("one")
        self.assertEnded("ACTIVE", *uuids)

    def test_what_comes_to_its_cell_too_late_is_not_built(self) -> None:
        self.cloud.break_cell("one")
        (uuid,) = self.cloud.build()
        self.cloud.pass_deadline()
        self.cloud.mend_cell("one")
        self.assertEnded("ERROR", uuid)
        self.assertEqual([], self.agents.built)

    def test_group_members_that_meet_on_a_host_are_kept_apart(self) -> None:
        self.active(affinity=APART)
        self.agents.silent.clear()
        # The scheduler does not know of the first one yet.
        self.cloud.super.requests._enrich = lambda request: request
        uuid = self.active(request_id=uuid_of("another"), affinity=APART)
        self.assertEnded("ACTIVE", uuid)
        self.assertEqual({"one-b"}, self.cloud.hosts_of_claim(uuid))

    def test_a_claim_that_a_copy_of_the_selection_made_anew_is_swapped_all_the_same(self) -> None:
        self.active(affinity=APART)
        self.agents.silent.clear()
        self.cloud.super.requests._enrich = lambda request: request
        self.cloud.break_cell("one")
        wanted = request(request_id=uuid_of("another"), affinity=APART)
        (uuid,) = self.cloud.build(wanted)
        held = self.ledger.read_back(uuid)
        same = allocation_request(held.allocations)
        self.ledger.swap(WantedClaim(uuid, owner_of(wanted), same, held.generation))
        self.cloud.mend_cell("one")
        self.assertEnded("ACTIVE", uuid)
        self.assertEqual({"one-b"}, self.cloud.hosts_of_claim(uuid))

    def test_without_a_host_of_its_own_a_member_fails_and_nothing_was_cast(self) -> None:
        self.active(affinity=APART)
        self.allow(attempts=1)
        self.cloud.super.requests._enrich = lambda request: request
        uuid = self.cast(request_id=uuid_of("another"), affinity=APART)
        self.assertEnded("ERROR", uuid)
        self.assertEqual([], [tag for tag in self.agents.built if tag.uuid == uuid])
        fault = self.cloud.shown(uuid).fault
        assert fault is not None
        self.assertEqual(faults.GROUP_HOST_TAKEN, fault.code)

    def _forget_done(self, request_id: str) -> None:
        """As if the super conductor had died before it noted that all was placed."""
        with self.cloud.api.database.engine.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE requests SET state = 'SELECTED' WHERE request_id = ?", (request_id,)
            )
