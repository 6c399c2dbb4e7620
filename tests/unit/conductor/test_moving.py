"""A failed build goes to its understudy: one write, and whatever happens to it."""

from __future__ import annotations

from tests.fakes.faults import Fault
from tests.unit.conductor.base import CloudTest
from tests.unit.conductor.cloud import broken
from understudy.conductor import faults
from understudy.objects.fields import Blame


class MoveTest(CloudTest):
    def test_one_write_moves_the_claim(self) -> None:
        self.fails_on("one-a")
        uuid = self.started()
        before = self.ledger.writes
        self.agents.work()
        self.assertEqual(1, self.ledger.writes - before)
        self.assertEqual({"one-b"}, self.cloud.hosts_of_claim(uuid))
        self.assertEnded("ACTIVE", uuid)
        self.assertEqual(
            [(1, "one-a", "FAILED"), (2, "one-b", "SUCCEEDED")], self.cloud.timeline(uuid)
        )

    def test_a_claim_that_is_lost_spends_an_alternate_and_no_attempt(self) -> None:
        self.allow(attempts=2, spare=1)
        self.fails_on("one-a")
        uuid = self.started()
        self.fill("one-b")
        self.assertEnded("ACTIVE", uuid)
        self.assertEqual(
            [(1, "one-a", "FAILED"), (2, "one-b", "LOST_CLAIM"), (2, "one-c", "SUCCEEDED")],
            self.cloud.timeline(uuid),
        )

    def test_without_room_anywhere_it_ends_in_error(self) -> None:
        self.fails_on("one-a")
        uuid = self.started()
        self.fill("one-b", "one-c")
        self.assertEnded("ERROR", uuid)
        fault = self.cloud.shown(uuid).fault
        assert fault is not None
        self.assertEqual(faults.ALTERNATES_EXHAUSTED, fault.code)

    def test_a_fault_of_the_request_ends_it_at_once(self) -> None:
        self.agents.fault = lambda *_: broken("no-such-image", Blame.REQUEST)
        uuid = self.active()
        self.assertEnded("ERROR", uuid)
        self.assertEqual([(1, "one-a", "FAILED")], self.cloud.timeline(uuid))

    def test_the_claim_stays_until_the_host_is_clean(self) -> None:
        self.fails_on("one-a")
        self.agents.untidy = {"one-a"}
        uuid = self.started()
        self.agents.work()
        self.assertEqual({"one-a"}, self.cloud.hosts_of_claim(uuid))
        self.agents.work()
        self.assertEqual({"one-b"}, self.cloud.hosts_of_claim(uuid))
        self.assertEnded("ACTIVE", uuid)

    def test_a_silent_ledger_is_waited_for(self) -> None:
        self.fails_on("one-a")
        uuid = self.started()
        self.ledger.faults.writes = Fault.REFUSED
        self.agents.work()
        self.assertState("MOVING", uuid)
        self.cloud.round()
        self.assertState("MOVING", uuid)
        self.ledger.faults.writes = Fault.NONE
        self.assertEnded("ACTIVE", uuid)

    def test_a_swap_that_landed_without_an_answer_is_adopted(self) -> None:
        self.fails_on("one-a")
        uuid = self.started()
        self.ledger.faults.next_writes(Fault.LOST_AFTER)
        self.ledger.faults.next_reads(*[Fault.LOST_AFTER] * 3)
        self.agents.work()
        self.assertState("MOVING", uuid)
        self.assertEqual({"one-b"}, self.cloud.hosts_of_claim(uuid))
        self.ledger.faults.forget_plan()
        self.assertEnded("ACTIVE", uuid)
        self.assertEqual(2, self.cloud.shown(uuid).attempt)

    def test_a_swap_that_lands_late_on_a_target_given_up_is_moved_on(self) -> None:
        self.allow(attempts=2, spare=1)
        self.fails_on("one-a")
        uuid = self.started()
        self.ledger.faults.next_writes(Fault.LATE)
        self.ledger.faults.next_reads(*[Fault.LOST_AFTER] * 3)
        self.agents.work()
        self.assertState("MOVING", uuid)
        self.ledger.faults.forget_plan()
        cell = self.cloud.cell("one")
        self.cloud.expire_leases()
        record = self.cloud.row(uuid)
        taken = self.cloud.store().take(record, "me", 60.0)
        # The target has no room for now, and is given up; then the late write lands.
        self.cloud.store().retarget(taken, taken.alternates[0], taken.alternates[1:])
        self.ledger.faults.land()
        self.assertEqual({"one-b"}, self.cloud.hosts_of_claim(uuid))
        self.cloud.expire_leases()
        cell.recovery.sweep()
        self.assertEqual({"one-c"}, self.cloud.hosts_of_claim(uuid))
        self.assertEnded("ACTIVE", uuid)

    def test_a_delete_that_races_the_swap_leaves_nothing(self) -> None:
        self.fails_on("one-a")
        uuid = self.started()
        self.ledger.faults.hook = lambda operation: self._delete_once(uuid, operation)
        self.agents.work()
        self.assertEnded("DELETED", uuid)
        self.assertEqual({}, self.ledger.holding)

    def _delete_once(self, uuid: str, operation: str) -> None:
        self.ledger.faults.hook = lambda operation: None
        self.cloud.super.api.begin_deleting(uuid)

    def test_a_delete_between_the_swap_and_its_note_unclaims_what_was_swapped(self) -> None:
        self.fails_on("one-a")
        uuid = self.started()
        self.ledger.faults.next_writes(Fault.LOST_AFTER)
        self.ledger.faults.next_reads(*[Fault.LOST_AFTER] * 3)
        self.agents.work()
        self.ledger.faults.forget_plan()
        self.cloud.delete(uuid)
        self.assertEnded("DELETED", uuid)
        self.assertEqual({}, self.ledger.holding)

    def test_a_claim_that_somebody_took_away_ends_the_build(self) -> None:
        self.fails_on("one-a")
        uuid = self.started()
        held = self.ledger.read_back(uuid)
        assert held.generation is not None
        assert held.owner is not None
        self.ledger.unclaim(uuid, held.owner, held.generation)
        self.assertEnded("ERROR", uuid)
        fault = self.cloud.shown(uuid).fault
        assert fault is not None
        self.assertEqual(faults.CLAIM_GONE, fault.code)

    def test_the_deadline_ends_a_move_that_does_not_come_off(self) -> None:
        self.fails_on("one-a")
        uuid = self.started()
        self.ledger.faults.writes = Fault.REFUSED
        self.agents.work()
        self.cloud.pass_deadline()
        self.cloud.round()
        self.assertState("FAILING", uuid)
        self.ledger.faults.writes = Fault.NONE
        self.assertEnded("ERROR", uuid)
