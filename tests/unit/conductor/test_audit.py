"""The audit finds what was put wrong on purpose, and nothing else."""

from __future__ import annotations

import dataclasses
from typing import Any

from tests.fakes.ledger import allocation_request
from tests.unit.conductor.base import CloudTest
from tests.unit.conductor.cloud import uuid_of
from understudy.conductor.audit import Audit
from understudy.conductor.healing import Healed, Healer
from understudy.ledger.protocols import Claims, HeldClaim, Owner, WantedClaim

OURS = Owner("project", "user", "UNDERSTUDY")


class Untyped:
    """A ledger that does not say whose a claim is, as Placement did before it knew types."""

    def __init__(self, claims: Claims) -> None:
        self._claims = claims

    def __getattr__(self, name: str) -> Any:
        return getattr(self._claims, name)

    def read_back(self, consumer: str) -> HeldClaim:
        return dataclasses.replace(self._claims.read_back(consumer), owner=None)


class AuditTest(CloudTest):
    def claim(self, uuid: str, amounts: dict[str, int], owner: Owner = OURS) -> None:
        held = self.ledger.read_back(uuid)
        text = allocation_request(
            {uuid_of(host): {"VCPU": amount} for host, amount in amounts.items()}
        )
        self.ledger.claim_many([WantedClaim(uuid, owner, text, held.generation)])

    def test_a_cloud_in_order_is_clean(self) -> None:
        self.active()
        self.assertTrue(self.cloud.audit().clean)

    def test_a_claim_of_ours_without_an_instance_is_leaked(self) -> None:
        self.claim(uuid_of("nobody"), {"one-a": 1})
        (line,) = self.cloud.audit().leaked
        self.assertIn(uuid_of("nobody"), line)

    def test_a_claim_of_any_other_type_on_our_hosts_is_foreign(self) -> None:
        """Row 6: claims of a foreign consumer type passed the audit, unbounded."""
        kinds = ("INSTANCE", "MIGRATION", "unknown", "", "understudy", "UNDERSTUDY_")
        for kind in kinds:
            self.claim(uuid_of(kind), {"one-a": 1}, Owner("project", "user", kind))
        report = self.cloud.audit()
        self.assertFalse(report.clean)
        self.assertEqual(
            {
                f"{uuid_of(kind)} (of type {kind!r}) holds 1 VCPU of {uuid_of('one-a')}"
                for kind in kinds
            },
            set(report.foreign),
        )
        self.assertEqual([], report.leaked)

    def test_a_claim_without_a_type_is_foreign(self) -> None:
        self.claim(uuid_of("untyped"), {"one-a": 1})
        audit = Audit(self.cloud.super.cells, self.ledger, Untyped(self.ledger), "UNDERSTUDY")
        (line,) = audit.run().foreign
        self.assertIn(f"{uuid_of('untyped')} (of no type) holds 1 VCPU", line)

    def test_healing_leaves_what_is_foreign(self) -> None:
        self.claim(uuid_of("nova's"), {"one-a": 1}, Owner("project", "user", "INSTANCE"))
        before = dict(self.ledger.holding)
        healer = Healer(
            self.cloud.api, self.cloud.super.cells, self.ledger, self.ledger, "UNDERSTUDY"
        )
        self.assertEqual(Healed(), healer.run(write=True))
        self.assertEqual(before, self.ledger.holding)

    def test_a_claim_of_what_has_ended_is_leaked(self) -> None:
        uuid = self.active()
        self.cloud.delete(uuid)
        self.settle()
        self.claim(uuid, {"one-b": 1})
        self.assertEqual(1, len(self.cloud.audit().leaked))

    def test_a_claim_on_two_hosts_is_doubled(self) -> None:
        uuid = self.active()
        self.claim(uuid, {"one-a": 1, "one-b": 1})
        self.assertEqual(1, len(self.cloud.audit().doubled))

    def test_a_claim_on_the_wrong_host_is_doubled(self) -> None:
        uuid = self.active()
        self.claim(uuid, {"one-b": 1})
        self.assertEqual(1, len(self.cloud.audit().doubled))

    def test_an_instance_without_its_claim_is_missing_one(self) -> None:
        uuid = self.active()
        held = self.ledger.read_back(uuid)
        assert held.generation is not None
        self.ledger.unclaim(uuid, OURS, held.generation)
        self.assertEqual(1, len(self.cloud.audit().missing))

    def test_a_usage_that_is_not_the_sum_is_miscounted(self) -> None:
        self.active()
        self.cloud.provider("one-b").take({"VCPU": 1})
        self.assertEqual(1, len(self.cloud.audit().miscounted))

    def test_what_a_sharing_provider_gives_is_not_missed(self) -> None:
        uuid = self.active()
        with self.cloud.store().database.engine.begin() as connection:
            connection.exec_driver_sql(
                "DELETE FROM hosts WHERE name IN ('one-b', 'one-c')",
            )
        self.assertTrue(self.cloud.audit().clean, uuid)

    def test_what_lives_in_two_cells_is_doubled(self) -> None:
        uuid = self.taken_over()
        self.restore(uuid, "BUILDING")
        self.assertIn(f"{uuid} lives in one and two", self.cloud.audit().doubled)

    def test_what_failed_in_a_restored_cell_and_lives_in_another_is_no_finding(
        self,
    ) -> None:
        uuid = self.taken_over()
        self.restore(uuid, "EXHAUSTED")
        self.cloud.pass_deadline()
        self.cloud.cell("one").recovery.sweep()
        self.assertEqual("ERROR", self.cloud.row(uuid).state)
        self.assertState("ACTIVE", uuid)
        self.assertTrue(self.cloud.audit().clean)

    def taken_over(self) -> str:
        """Return an instance that cell two took over from cell one and built."""
        uuid = self.exhausted()
        self.cloud.super.sweep()
        self.assertEnded("ACTIVE", uuid)
        return uuid

    def restore(self, uuid: str, state: str) -> None:
        """Let cell one be as it was before the hand-over."""
        self.assertEqual("HANDED_OVER", self.cloud.row(uuid).state)
        with self.cloud.store().database.engine.begin() as connection:
            connection.exec_driver_sql(f"UPDATE instances SET state = '{state}'")
