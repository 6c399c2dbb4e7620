"""Hosts come and go, and claims leave them only when that is safe."""

from __future__ import annotations

from tests.fakes.agents import Tag
from tests.fakes.faults import Fault
from tests.unit.conductor.base import CloudTest
from understudy.ledger.errors import LedgerUnavailable
from understudy.objects.fields import AdminState
from understudy.rpcapi import errors as wire


class DeadHostTest(CloudTest):
    def test_a_claim_leaves_when_the_ledger_keeps_new_builds_away(self) -> None:
        uuid = self.cast()
        self.cloud.lose_host("one-a")
        self.ledger.faults.writes = Fault.REFUSED
        self.cloud.round()
        self.assertEqual({"one-a"}, self.cloud.hosts_of_claim(uuid))
        self.assertState("BUILDING", uuid)
        self.ledger.faults.writes = Fault.NONE
        self.cloud.round()
        self.assertFalse(self.cloud.schedulable("one-a"))
        self.assertEqual({"one-b"}, self.cloud.hosts_of_claim(uuid))
        self.settle()
        self.assertState("ACTIVE", uuid)

    def test_a_host_that_returns_is_schedulable_once_it_holds_nothing_superseded(self) -> None:
        uuid = self.started()
        self.cloud.lose_host("one-a")
        self.settle()
        self.agents.silent.clear()
        self.cloud.register("one-a")
        self.assertFalse(self.cloud.schedulable("one-a"))
        self.assertIn(Tag("one-a", uuid, 1), self.agents.held)
        self.assertEnded("ACTIVE", uuid)
        self.assertTrue(self.cloud.schedulable("one-a"))

    def test_a_host_with_strays_of_its_last_life_is_closed_even_if_it_was_never_down(self) -> None:
        uuid = self.started()
        self.agents.held.add(Tag("one-a", uuid, 0))
        self.cloud.register("one-a")
        self.assertFalse(self.cloud.schedulable("one-a"))
        self.settle()
        self.assertTrue(self.cloud.schedulable("one-a"))

    def test_what_no_row_knows_is_left_alone(self) -> None:
        stranger = Tag("one-a", "11111111-1111-4111-8111-111111111111", 1)
        self.agents.held.add(stranger)
        self.cloud.register("one-a")
        self.assertTrue(self.cloud.schedulable("one-a"))
        self.assertIn(stranger, self.agents.held)

    def test_an_active_instance_stays_where_it_is(self) -> None:
        uuid = self.active()
        self.cloud.lose_host("one-a")
        self.settle()
        self.assertState("ACTIVE", uuid)
        self.assertEqual({"one-a"}, self.cloud.hosts_of_claim(uuid))

    def test_a_registration_that_was_cut_off_does_not_hide_an_open_host(self) -> None:
        # The ledger lets builds in, the cell has not noted it; then the host dies.
        uuid = self.cast()
        self.cloud.store().register_host(self.cloud.host("one-a"))
        self.assertTrue(self.cloud.schedulable("one-a"))
        self.cloud.lose_host("one-a")
        self.ledger.faults.writes = Fault.REFUSED
        self.cloud.round()
        self.assertEqual({"one-a"}, self.cloud.hosts_of_claim(uuid))


class AdminTest(CloudTest):
    def set(self, host: str, state: str) -> None:
        self.cloud.cell("one").keeper.set_admin_state(host, state, "a test")

    def test_disabling_is_at_once_and_enabling_at_the_next_heartbeat(self) -> None:
        self.set("one-a", AdminState.DISABLED)
        self.assertFalse(self.cloud.schedulable("one-a"))
        self.cloud.beat()
        self.assertFalse(self.cloud.schedulable("one-a"))
        self.set("one-a", AdminState.ENABLED)
        self.assertFalse(self.cloud.schedulable("one-a"))
        self.cloud.beat()
        self.assertTrue(self.cloud.schedulable("one-a"))

    def test_a_disabled_host_stays_closed_when_it_registers(self) -> None:
        self.set("one-a", AdminState.DISABLED)
        self.ledger.set_schedulable(self.cloud.provider("one-a").uuid, True)
        self.cloud.register("one-a")
        self.assertFalse(self.cloud.schedulable("one-a"))

    def test_disabling_while_the_ledger_is_silent_is_told_later(self) -> None:
        self.ledger.faults.writes = Fault.REFUSED
        self.assertRaises(LedgerUnavailable, self.set, "one-a", AdminState.DISABLED)
        self.ledger.faults.writes = Fault.NONE
        self.cloud.round()
        self.assertFalse(self.cloud.schedulable("one-a"))

    def test_draining_moves_what_has_not_started(self) -> None:
        uuid = self.cast()
        self.set("one-a", AdminState.DRAINING)
        self.assertEnded("ACTIVE", uuid)
        self.assertEqual({"one-b"}, self.cloud.hosts_of_claim(uuid))
        self.assertEqual([], [tag for tag in self.agents.built if tag.host == "one-a"])

    def test_draining_lets_finish_what_has_started(self) -> None:
        uuid = self.started()
        self.set("one-a", AdminState.DRAINING)
        self.assertEnded("ACTIVE", uuid)
        self.assertEqual({"one-a"}, self.cloud.hosts_of_claim(uuid))

    def test_a_draining_host_is_told_what_nobody_knows(self) -> None:
        self.set("one-a", AdminState.DRAINING)
        self.assertRaises(
            wire.InstanceNotFound, self.cloud.cell("one").build_started, "one-a", "no-uuid", 1
        )

    def test_an_unknown_host_cannot_be_set(self) -> None:
        self.assertRaises(wire.HostNotFound, self.set, "nowhere", AdminState.DISABLED)
