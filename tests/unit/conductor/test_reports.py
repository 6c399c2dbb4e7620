"""What hosts say is taken once, and a superseded attempt is refused."""

from __future__ import annotations

from tests.fakes.ledger import allocation_request
from tests.unit.conductor.base import CloudTest
from tests.unit.conductor.cloud import broken, uuid_of
from understudy.ledger import protocols
from understudy.rpcapi import errors as wire


class ReportTest(CloudTest):
    def test_an_unknown_instance_is_not_found(self) -> None:
        cell = self.cloud.cell("one")
        for call in (cell.build_started, cell.build_succeeded):
            self.assertRaises(wire.InstanceNotFound, call, "one-a", "no-uuid", 1)
        self.assertRaises(
            wire.InstanceNotFound, cell.build_failed, "one-a", "no-uuid", 1, broken(), True
        )
        cell.torn_down("one-a", "no-uuid", 1)

    def test_an_older_attempt_is_superseded_and_named(self) -> None:
        self.fails_on("one-a")
        uuid = self.active()
        cell = self.cloud.cell("one")
        for call in (cell.build_started, cell.build_succeeded):
            error = self.assertRaises(wire.Superseded, call, "one-a", uuid, 1)
            self.assertEqual((1, 2), (error.attempt, error.current_attempt))

    def test_every_report_may_come_twice(self) -> None:
        self.fails_on("one-a")
        uuid = self.started()
        cell = self.cloud.cell("one")
        cell.build_failed("one-a", uuid, 1, broken(), True)
        self.assertRaises(
            wire.Superseded, cell.build_failed, "one-a", uuid, 1, broken("another"), True
        )
        self.assertEnded("ACTIVE", uuid)
        cell.build_succeeded("one-b", uuid, 2)
        self.assertEqual(2, self.cloud.shown(uuid).attempt)

    def test_a_superseded_host_that_is_clean_lets_the_delete_go_on_at_once(self) -> None:
        self.fails_on("one-a")
        uuid = self.started()
        self.agents.deaf = 10
        self.cloud.delete(uuid)
        self.assertEqual("DELETING", self.cloud.row(uuid).state)
        cell = self.cloud.cell("one")
        self.assertRaises(wire.Superseded, cell.build_failed, "one-a", uuid, 1, broken(), True)
        self.assertEqual("DELETED", self.cloud.row(uuid).state)
        self.assertEqual({}, self.ledger.holding)

    def test_a_delete_ends_as_soon_as_the_host_has_torn_down(self) -> None:
        uuid = self.active()
        self.cloud.delete(uuid)
        self.assertEqual({"one-a"}, self.cloud.hosts_of_claim(uuid))
        self.agents.work()
        self.assertEqual("DELETED", self.cloud.row(uuid).state)
        self.assertEqual(set(), self.cloud.hosts_of_claim(uuid))

    def test_a_host_that_forgot_that_it_built_is_told_so(self) -> None:
        uuid = self.active()
        cell = self.cloud.cell("one")
        self.assertRaises(wire.AlreadyBuilt, cell.build_started, "one-a", uuid, 1)
        for host, attempt in (("one-b", 1), ("one-a", 2)):
            self.assertRaises(wire.Superseded, cell.build_started, host, uuid, attempt)
        self.assertState("ACTIVE", uuid)

    def test_what_a_host_was_never_sent_it_cannot_end(self) -> None:
        uuid = self.started()
        self.cloud.delete(uuid)
        self.cloud.cell("one").torn_down("one-b", uuid, 9)
        self.assertState("DELETING", uuid)
        self.assertEqual({"one-a"}, self.cloud.hosts_of_claim(uuid))
        self.settle()

    def test_a_cast_that_was_lost_is_cast_again_under_its_number(self) -> None:
        self.agents.deaf = 1
        uuid = self.cast()
        self.assertEqual({}, self.agents.journal)
        self.assertEnded("ACTIVE", uuid)
        self.assertEqual([(1, "one-a", "SUCCEEDED")], self.cloud.timeline(uuid))

    def test_an_agent_that_does_not_listen_yet_gets_its_build_later(self) -> None:
        self.agents.unreachable = 1
        uuid = self.cast()
        self.assertEnded("ACTIVE", uuid)
        self.assertEqual(1, self.cloud.shown(uuid).attempt)

    def test_a_row_whose_claim_is_elsewhere_builds_no_more(self) -> None:
        self.agents.deaf = 1
        uuid = self.cast()
        moved = self._wanted(uuid, "two-a")
        self.ledger.swap(moved)
        for _ in range(4):
            self.cloud.round()
        self.assertEqual("HANDED_OVER", self.cloud.row(uuid).state)
        self.assertEqual([], self.agents.built)
        self.assertEqual({"two-a"}, self.cloud.hosts_of_claim(uuid))

    def test_a_claim_that_was_adopted_once_more_is_still_the_rows(self) -> None:
        self.agents.deaf = 1
        uuid = self.cast()
        self.ledger.swap(self._wanted(uuid, "one-a"))
        self.assertEnded("ACTIVE", uuid)

    def _wanted(self, uuid: str, host: str) -> protocols.WantedClaim:
        held = self.ledger.read_back(uuid)
        assert held.owner is not None
        text = allocation_request({uuid_of(host): {"VCPU": 1}})
        return protocols.WantedClaim(uuid, held.owner, text, held.generation)
