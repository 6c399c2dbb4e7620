"""An exhausted build goes to another cell, with its claim, or ends in one place."""

from __future__ import annotations

import json

from tests.fakes.ledger import allocation_request
from tests.unit.conductor.base import CloudTest
from tests.unit.conductor.cloud import request, uuid_of
from understudy.cells import errors as cell_errors
from understudy.cells.records import InstanceRecord
from understudy.conductor import faults
from understudy.conductor.bounds import RetryBounds
from understudy.conductor.cell_access import CellAccess
from understudy.ledger.protocols import WantedClaim
from understudy.objects.build_request import Affinity
from understudy.objects.fields import AffinityPolicy
from understudy.rpcapi import errors as wire


class TakeoverTest(CloudTest):
    def test_another_cell_takes_it_with_the_next_number_and_the_claim(self) -> None:
        uuid = self.exhausted()
        self.assertEqual({"one-a"}, self.cloud.hosts_of_claim(uuid))
        self.cloud.super.sweep()
        self.assertEqual({"two-a"}, self.cloud.hosts_of_claim(uuid))
        self.assertEqual("HANDED_OVER", self.cloud.row(uuid).state)
        self.assertEnded("ACTIVE", uuid)
        self.assertEqual(
            [(1, "one-a", "FAILED"), (2, "two-a", "SUCCEEDED")], self.cloud.timeline(uuid)
        )

    def test_no_other_cell_ends_it_with_what_happened(self) -> None:
        uuid = self.exhausted()
        self.fill("two-a", "two-b")
        self.assertEnded("ERROR", uuid)
        fault = self.cloud.shown(uuid).fault
        assert fault is not None
        self.assertEqual(faults.NO_OTHER_CELL, fault.code)
        self.assertIn("disk-broken", fault.message)

    def test_what_no_other_cell_takes_is_settled_without_waiting_for_a_lease(self) -> None:
        uuid = self.exhausted()
        self.fill("two-a", "two-b")
        self.cloud.super.sweep()
        self.cloud.super.sweep()
        self.assertState("ERROR", uuid)
        self.assertEqual("MAPPED", self.cloud.api.mapping(uuid).state)

    def test_a_scheduler_that_does_not_answer_is_asked_again(self) -> None:
        uuid = self.exhausted()
        self.cloud.scheduler.failing = [wire.ServiceUnavailable("scheduler", "gone")] * 2
        self.cloud.super.sweep()
        self.assertEqual("HANDING_OVER", self.cloud.row(uuid).state)
        self.assertEnded("ACTIVE", uuid)

    def test_a_claim_that_was_moved_without_an_answer_is_not_left_behind(self) -> None:
        uuid = self.exhausted()
        self.cloud.scheduler.unanswered = 1
        self.cloud.super.sweep()
        self.assertEqual({"two-a"}, self.cloud.hosts_of_claim(uuid))
        self.cloud.scheduler.failing = [wire.LedgerRefusedRequest("it is not on a host of ours")]
        self.assertEnded("ERROR", uuid)
        self.assertEqual({}, self.ledger.holding)

    def test_the_deadline_ends_what_nobody_takes_over(self) -> None:
        uuid = self.exhausted()
        self.cloud.pass_deadline()
        self.cloud.cell("one").recovery.sweep()
        self.assertState("ERROR", uuid)
        self.assertEqual({}, self.ledger.holding)

    def test_the_deadline_ends_a_takeover_in_one_cell(self) -> None:
        uuid = self.exhausted()
        self.cloud.scheduler.unanswered = 1
        self.cloud.super.sweep()
        self.cloud.pass_deadline()
        self.cloud.round()
        self.assertEnded("ERROR", uuid)
        self.assertRaises(cell_errors.InstanceUnknown, self.cloud.row, uuid, "two")

    def test_the_deadline_ends_what_was_mapped_and_not_inserted(self) -> None:
        uuid = self.exhausted()
        access, record = self._exhausted(uuid)
        access.store.begin_hand_over(record, "dead", 60.0)
        self.cloud.api.begin_hand_over(uuid, 1, "dead", 60.0)
        held = self.ledger.read_back(uuid)
        answer = self.cloud.scheduler.select_destinations(
            None,
            uuid_of("hand-over"),
            request(ignore_cells=[self._uuid("one")], consumer_type="UNDERSTUDY"),
            [uuid],
            0,
            {uuid: held.generation or 0},
        )
        pick = json.dumps(answer.obj_to_wire())
        self.cloud.api.hand_over(uuid, "dead", self._uuid("two"), 2, pick)
        self.assertEqual("HANDING_OVER", self.cloud.row(uuid).state)
        self.cloud.pass_deadline()
        self.assertEnded("ERROR", uuid)
        self.assertEqual("HANDED_OVER", self.cloud.row(uuid).state)

    def test_a_cell_that_does_not_answer_is_no_reason_to_give_up(self) -> None:
        uuid = self.exhausted()
        self.fill("two-a", "two-b")
        self._break("two")
        self.cloud.super.sweep()
        self.assertEqual("HANDING_OVER", self.cloud.row(uuid).state)

    def test_a_third_cell_does_not_insert_for_a_row_that_was_left_in_the_first(self) -> None:
        uuid = self.exhausted()
        access, record = self._exhausted(uuid)
        taken = access.store.begin_hand_over(record, "dead", 60.0)
        self.cloud.api.begin_hand_over(uuid, 1, "dead", 60.0)
        self.cloud.api.hand_over(uuid, "dead", self._uuid("two"), 2, "{}")
        self.cloud.api.begin_hand_over(uuid, 2, "dead", 60.0)
        self.cloud.api.hand_over(uuid, "dead", self._uuid("two"), 3, "{}")
        self.cloud.expire_leases()
        self.cloud.super.sweep()
        self.assertEqual("HANDED_OVER", self.cloud.row(taken.uuid).state)
        self.assertRaises(cell_errors.InstanceUnknown, self.cloud.row, uuid, "two")

    def test_an_affinity_group_stays_where_it_is(self) -> None:
        group = Affinity(group_uuid=uuid_of("group"), policy=AffinityPolicy.AFFINITY)
        first = self.active(affinity=group)
        self.cloud.bounds = RetryBounds(max_attempts=1, spare_alternates=0, max_cells=2)
        self.cloud.kill_again()
        self.fails_on("one-a")
        second = self.active(request_id=uuid_of("another"), affinity=group)
        self.assertEnded("ERROR", second)
        self.assertState("ACTIVE", first)

    def test_a_claim_of_another_owner_is_left(self) -> None:
        uuid = self.exhausted()
        held = self.ledger.read_back(uuid)
        assert held.owner is not None
        text = allocation_request({uuid_of("two-b"): {"VCPU": 1}})
        self.ledger.swap(WantedClaim(uuid, held.owner, text, held.generation))
        self.cloud.pass_deadline()
        self.cloud.cell("one").recovery.sweep()
        self.assertState("ERROR", uuid)
        self.assertEqual({"two-b"}, self.cloud.hosts_of_claim(uuid))

    def _exhausted(self, uuid: str) -> tuple[CellAccess, InstanceRecord]:
        return self.cloud.super.cells.get(self._uuid("one")), self.cloud.row(uuid)

    def _uuid(self, cell: str) -> str:
        return self.cloud.databases.records[cell].uuid

    def _break(self, cell: str) -> None:
        self.cloud.break_cell(cell)
