"""A claim that lands after its instance has ended is given back."""

from __future__ import annotations

from tests.fakes.ledger import allocation_request
from tests.unit.conductor.base import CloudTest
from tests.unit.conductor.cloud import broken, request, uuid_of
from understudy.ledger.protocols import Owner, WantedClaim


class AftercareTest(CloudTest):
    def claim_late(self, uuid: str, consumer_type: str = "UNDERSTUDY") -> None:
        """Let a copy of its selection claim once more, as if for the first time."""
        owner = Owner("project", "user", consumer_type)
        wanted = WantedClaim(
            uuid, owner, allocation_request({uuid_of("one-c"): {"VCPU": 1}}), None
        )
        self.ledger.claim_many([wanted])
        self.assertEqual({"one-c"}, self.cloud.hosts_of_claim(uuid))

    def test_of_what_failed_in_its_cell(self) -> None:
        self.cloud.agents.fault = lambda host, uuid, attempt: broken()
        (uuid,) = self.cloud.build(request())
        self.assertEnded("ERROR", uuid)
        self.claim_late(uuid)
        self.cloud.super.aftercare.sweep()
        self.assertEqual({}, self.ledger.holding)

    def test_of_what_no_cell_took(self) -> None:
        (uuid,) = self.cloud.build(request(resources={"VCPU": 99}))
        self.assertEnded("ERROR", uuid)
        self.claim_late(uuid)
        self.cloud.super.aftercare.sweep()
        self.assertEqual({}, self.ledger.holding)

    def test_of_what_was_deleted(self) -> None:
        (uuid,) = self.cloud.build(request())
        self.assertEnded("ACTIVE", uuid)
        self.cloud.delete(uuid)
        self.assertEnded("DELETED", uuid)
        self.claim_late(uuid)
        self.cloud.super.aftercare.sweep()
        self.assertEqual({}, self.ledger.holding)

    def test_what_is_there_keeps_its_claim(self) -> None:
        (uuid,) = self.cloud.build(request())
        self.assertEnded("ACTIVE", uuid)
        self.cloud.super.aftercare.sweep()
        self.assertEqual({"one-a"}, self.cloud.hosts_of_claim(uuid))

    def test_what_is_being_built_keeps_its_claim(self) -> None:
        (uuid,) = self.cloud.build(request())
        self.cloud.super.aftercare.sweep()
        self.assertEqual({"one-a"}, self.cloud.hosts_of_claim(uuid))

    def test_a_claim_of_others_is_left_alone(self) -> None:
        (uuid,) = self.cloud.build(request(resources={"VCPU": 99}))
        self.assertEnded("ERROR", uuid)
        self.claim_late(uuid, "INSTANCE")
        self.cloud.super.aftercare.sweep()
        self.assertEqual({"one-c"}, self.cloud.hosts_of_claim(uuid))

    def test_a_cell_that_does_not_answer_keeps_no_other_waiting(self) -> None:
        self.cloud.agents.fault = lambda host, uuid, attempt: broken()
        (uuid,) = self.cloud.build(request())
        self.assertEnded("ERROR", uuid)
        (other,) = self.cloud.build(request(request_id=uuid_of("other"), resources={"VCPU": 99}))
        self.assertEnded("ERROR", other)
        self.claim_late(uuid)
        self.claim_late(other)
        self.cloud.break_cell("one")
        self.cloud.super.aftercare.sweep()
        self.assertEqual({uuid}, set(self.ledger.holding))
        self.cloud.mend_cell("one")
        self.cloud.super.aftercare.sweep()
        self.assertEqual({}, self.ledger.holding)
