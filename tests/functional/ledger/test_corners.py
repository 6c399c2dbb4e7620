"""What the design takes for granted about Placement, asked of Placement itself.

If one of these fails after an upgrade of Placement, the ledger's promises rest
on something that is no longer so.
"""

from __future__ import annotations

from typing import Any

from tests.functional.ledger import subject
from tests.functional.ledger.subject import OWNER, new_uuid, request, wanted
from understudy.ledger import api

CONCURRENT = api.CONCURRENT_UPDATE


class CornersTest(subject.OnPlacement):
    def put(self, consumer: str, body: dict[str, Any]) -> api.Outcome:
        return self.placement.api.write("PUT", f"/allocations/{consumer}", body)

    def body(self, host: str | None, generation: int | None, vcpus: int = 1) -> dict[str, Any]:
        allocations = {} if host is None else {host: {"resources": {"VCPU": vcpus}}}
        return {
            "allocations": allocations,
            "project_id": OWNER.project_id,
            "user_id": OWNER.user_id,
            "consumer_type": OWNER.consumer_type,
            "consumer_generation": generation,
        }

    def code(self, consumer: str, body: dict[str, Any]) -> str:
        outcome = self.put(consumer, body)
        assert isinstance(outcome, api.Conflict), outcome
        return outcome.code

    def test_a_write_answers_without_a_body(self) -> None:
        host, vm = self.host("a", {"VCPU": 9}), new_uuid()
        self.assertEqual(api.Done({}), self.put(vm, self.body(host, None)))
        response = self.placement.adapter.put(
            f"/allocations/{vm}", json=self.body(host, 1), raise_exc=False
        )
        self.assertEqual((204, b""), (response.status_code, response.content))

    def test_the_generation_is_the_one_sent_plus_1(self) -> None:
        host, vm = self.host("a", {"VCPU": 9}), new_uuid()
        for sent, found in ((None, 1), (1, 2), (2, 3)):
            self.put(vm, self.body(host, sent))
            self.assertEqual(found, self.claims.read_back(vm).generation)

    def test_project_user_and_type_are_required(self) -> None:
        host = self.host("a", {"VCPU": 9})
        for field in ("project_id", "user_id", "consumer_type", "consumer_generation"):
            body = self.body(host, None)
            del body[field]
            self.assertIsInstance(self.put(new_uuid(), body), api.Refused)

    def test_the_codes_of_conflicts(self) -> None:
        host, vm = self.host("a", {"VCPU": 2}), new_uuid()
        self.assertEqual(api.NO_ROOM, self.code(vm, self.body(host, None, 3)))
        self.assertEqual(CONCURRENT, self.code(vm, self.body(host, 1)))
        self.put(vm, self.body(host, None))
        self.assertEqual(CONCURRENT, self.code(vm, self.body(host, None)))
        self.assertEqual(CONCURRENT, self.code(vm, self.body(host, 2)))
        self.assertEqual(api.NO_ROOM, self.code(vm, self.body(host, 1, 3)))

    def test_a_refused_claim_leaves_no_consumer(self) -> None:
        host, vm = self.host("a", {"VCPU": 2}), new_uuid()
        self.code(vm, self.body(host, None, 3))
        self.assertEqual(api.Done({}), self.put(vm, self.body(host, None)))

    def test_a_consumer_left_behind_refuses_null_and_takes_0(self) -> None:
        """This path leaves one for ever; a worker killed in a first write leaves the same."""
        host, vm = self.host("a", {"VCPU": 9}), new_uuid()
        self.assertIsInstance(self.put(vm, self.body(new_uuid(), None)), api.Refused)
        self.assertIsNone(self.claims.read_back(vm).generation)
        self.assertEqual(CONCURRENT, self.code(vm, self.body(host, None)))
        self.assertEqual(api.Done({}), self.put(vm, self.body(host, 0)))
        self.assertEqual(1, self.claims.read_back(vm).generation)

    def test_an_empty_write_on_null_leaves_a_consumer_behind(self) -> None:
        host, vm = self.host("a", {"VCPU": 9}), new_uuid()
        self.put(vm, self.body(None, None))
        self.assertEqual(CONCURRENT, self.code(vm, self.body(host, None)))

    def test_an_empty_write_on_a_claim_deletes_the_consumer(self) -> None:
        host, vm = self.host("a", {"VCPU": 9}), new_uuid()
        self.put(vm, self.body(host, None))
        self.put(vm, self.body(None, 1))
        self.assertEqual(CONCURRENT, self.code(vm, self.body(host, 2)))
        self.assertEqual(api.Done({}), self.put(vm, self.body(host, None)))

    def test_many_claims_are_written_all_or_none(self) -> None:
        host, small = self.host("a", {"VCPU": 9}), self.host("b", {"VCPU": 1})
        vms = [new_uuid(), new_uuid()]
        bodies = {vms[0]: self.body(host, None), vms[1]: self.body(small, None, 2)}
        self.assertIsInstance(
            self.placement.api.write("POST", "/allocations", bodies), api.Conflict
        )
        self.assertIsNone(self.claims.read_back(vms[0]).generation)

    def test_full_hosts_are_absent_from_the_summaries(self) -> None:
        full, free = self.host("a", {"VCPU": 1}), self.host("b", {"VCPU": 1})
        self.claims.claim_many([wanted(new_uuid(), {full: {"VCPU": 1}})])
        found = self.candidates.find(request({"VCPU": 1}), 9)
        self.assertEqual({free}, found.summaries.keys())


class EconomyTest(subject.OnPlacement):
    """How many requests things take."""

    def setUp(self) -> None:
        super().setUp()
        self.asked: list[str] = []
        self.faults.hook = self.asked.append

    def test_a_batch_that_fits_is_one_request(self) -> None:
        host = self.host("a", {"VCPU": 99})
        del self.asked[:]
        self.claims.claim_many([wanted(new_uuid(), {host: {"VCPU": 1}}) for _ in range(20)])
        self.assertEqual(["POST /allocations"], self.asked)

    def test_the_same_tree_again_is_only_read(self) -> None:
        tree = self.gpu_host("a", 2, "CUSTOM_GPU_T4", VCPU=4)
        del self.asked[:]
        self.put_tree(tree)
        self.assertEqual([], [one for one in self.asked if not one.startswith("GET")])
        self.assertEqual(1 + 3 * len(tree), len(self.asked))

    def test_a_new_tree_reads_nothing_of_its_providers(self) -> None:
        tree = self.gpu_host("a", 2, "CUSTOM_GPU_T4", VCPU=4)
        provider_reads = [
            one
            for one in self.asked
            for provider in tree
            if one.startswith(f"GET /resource_providers/{provider.uuid}")
        ]
        self.assertEqual([], provider_reads)

    def test_names_that_are_known_are_not_asked_for_again(self) -> None:
        self.vocabulary.unknown_traits(["HW_CPU_X86_AVX2"])
        del self.asked[:]
        self.vocabulary.unknown_traits(["HW_CPU_X86_AVX2"])
        self.assertEqual([], self.asked)
