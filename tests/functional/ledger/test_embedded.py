"""The Placement in our own process: one, safe to use from many threads, and as new when told."""

from __future__ import annotations

from concurrent import futures

from tests.functional.ledger import subject
from tests.functional.ledger.subject import new_uuid, wanted
from understudy.ledger import embedded
from understudy.ledger.vocabulary import PlacementVocabulary


class EmbeddedTest(subject.OnPlacement):
    def test_it_is_mounted_once(self) -> None:
        self.assertIs(embedded.mount(), embedded.mount(""))
        self.assertRaises(RuntimeError, embedded.mount, "elsewhere.sqlite")

    def test_reset_forgets_all_but_the_standard_names(self) -> None:
        self.gpu_host("a", 2, "CUSTOM_GPU_T4", VCPU=4)
        embedded.mount().reset()
        vocabulary = PlacementVocabulary(self.placement.api)
        names = ["VCPU", "CUSTOM_GPU_MILLI"]
        self.assertEqual(["CUSTOM_GPU_MILLI"], vocabulary.unknown_resource_classes(names))
        self.assertEqual(["CUSTOM_GPU_T4"], vocabulary.unknown_traits(["CUSTOM_GPU_T4"]))
        # The same names and what was cached of them do no harm.
        self.gpu_host("a", 2, "CUSTOM_GPU_T4", VCPU=4)

    def test_threads_that_race_for_one_host_get_what_it_has(self) -> None:
        host = self.host("a", {"VCPU": 10})

        def claim(index: int) -> int:
            batch = [wanted(new_uuid(), {host: {"VCPU": 1}}) for _ in range(1 + index % 2)]
            return len(self.claims.claim_many(batch).claimed)

        with futures.ThreadPoolExecutor(8) as pool:
            claimed = sum(pool.map(claim, range(16)))
        self.assertEqual(10, claimed)
        self.assertEqual({"VCPU": 10}, self.books.usages(host))
