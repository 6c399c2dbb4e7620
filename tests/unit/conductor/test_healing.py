"""Healing gives back what has ended, leaves what may live, and says both."""

from __future__ import annotations

from tests.fakes.ledger import allocation_request
from tests.unit.conductor.base import CloudTest
from tests.unit.conductor.cloud import uuid_of
from understudy.conductor.healing import Healed, Healer
from understudy.ledger.protocols import HeldClaim, Owner, WantedClaim

OURS = Owner("project", "user", "UNDERSTUDY")


class HealingTest(CloudTest):
    def heal(self, *, write: bool = True) -> Healed:
        return Healer(
            self.cloud.api, self.cloud.super.cells, self.ledger, self.ledger, "UNDERSTUDY"
        ).run(write=write)

    def claim(self, uuid: str, host: str, owner: Owner = OURS) -> None:
        held = self.ledger.read_back(uuid)
        text = allocation_request({uuid_of(host): {"VCPU": 1}})
        self.ledger.claim_many([WantedClaim(uuid, owner, text, held.generation)])

    def ended(self) -> str:
        """An instance that was deleted, and of which a claim came back."""
        uuid = self.active()
        self.cloud.delete(uuid)
        self.settle()
        self.claim(uuid, "one-b")
        return uuid

    def test_leaves_a_cloud_in_order(self) -> None:
        uuid = self.active()
        self.assertEqual(Healed(), self.heal())
        self.assertEqual({"one-a"}, self.cloud.hosts_of_claim(uuid))

    def test_gives_back_what_has_ended(self) -> None:
        uuid = self.ended()
        (line,) = self.heal().mended
        self.assertIn(uuid, line)
        self.assertIn("1 VCPU", line)
        self.assertEqual(set(), self.cloud.hosts_of_claim(uuid))
        self.assertEqual(Healed(), self.heal())

    def test_only_says_so_unless_it_is_to_write(self) -> None:
        uuid = self.ended()
        self.assertEqual(1, len(self.heal(write=False).mended))
        self.assertEqual({"one-b"}, self.cloud.hosts_of_claim(uuid))

    def test_leaves_what_no_record_knows(self) -> None:
        self.claim(uuid_of("nobody"), "one-b")
        (line,) = self.heal().left
        self.assertIn("no record of ours knows it", line)
        self.assertEqual({"one-b"}, self.cloud.hosts_of_claim(uuid_of("nobody")))

    def test_does_not_see_what_is_not_ours(self) -> None:
        self.claim(uuid_of("nova's"), "one-b", Owner("project", "user", "INSTANCE"))
        self.assertEqual(Healed(), self.heal())

    def test_leaves_what_is_in_flight(self) -> None:
        uuid = self.cast()
        self.claim(uuid, "one-b")
        self.assertEqual(Healed(), self.heal())
        self.assertEqual({"one-b"}, self.cloud.hosts_of_claim(uuid))

    def test_leaves_what_is_between_two_cells(self) -> None:
        uuid = self.exhausted()
        before = self.cloud.hosts_of_claim(uuid)
        self.assertEqual(Healed(), self.heal())
        self.assertEqual(before, self.cloud.hosts_of_claim(uuid))

    def test_leaves_what_a_silent_cell_may_own(self) -> None:
        uuid = self.active()
        self.cloud.break_cell("one")
        healed = self.heal()
        self.assertEqual(["one"], healed.silent)
        self.assertEqual([], healed.mended)
        self.assertIn("one", "".join(healed.left))
        self.assertEqual({"one-a"}, self.cloud.hosts_of_claim(uuid))

    def test_leaves_a_claim_that_changes_meanwhile(self) -> None:
        uuid = self.ended()
        read_back = self.ledger.read_back
        seen: list[str] = []

        def read_and_lose(consumer: str) -> HeldClaim:
            held = read_back(consumer)
            seen.append(consumer)
            if len(seen) == 1:
                self.claim(uuid, "one-c")
            return held

        self.patch(self.ledger, "read_back", read_and_lose)
        (line,) = self.heal().left
        self.assertIn("changed meanwhile", line)
        self.assertEqual({"one-c"}, self.cloud.hosts_of_claim(uuid))
