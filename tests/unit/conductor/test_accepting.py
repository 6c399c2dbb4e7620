"""The door: what passes is written down once, and repeats are recognized."""

from __future__ import annotations

from tests.fakes.faults import Fault
from tests.unit.conductor.base import CloudTest
from tests.unit.conductor.cloud import request
from understudy.conductor.bounds import RetryBounds
from understudy.objects.errors import InvalidRequest
from understudy.objects.limits import RequestLimits
from understudy.rpcapi import errors as wire


class AcceptTest(CloudTest):
    def accept(self, **fields: object) -> list[str]:
        return self.cloud.super.acceptance.accept(request(**fields)).instance_uuids

    def test_again_gives_the_same_answer_whatever_the_options_became(self) -> None:
        first = self.accept(count=2, max_attempts=5)
        self.cloud.bounds = RetryBounds(max_cells=2, deadline=5, highest_max_attempts=4)
        self.cloud.kill_again()
        self.assertEqual(first, self.accept(count=2, max_attempts=5))

    def test_again_needs_no_ledger(self) -> None:
        first = self.accept()
        self.ledger.faults.reads = Fault.REFUSED
        self.assertEqual(first, self.accept())

    def test_another_body_is_refused(self) -> None:
        self.accept()
        self.assertRaises(wire.RequestIdTaken, self.accept, count=2)

    def test_the_options_fill_in_what_was_not_asked(self) -> None:
        self.accept()
        written = self.cloud.api.request(request().request_id).request
        self.assertEqual((2, 0, 1), (written.max_attempts, written.spare_alternates, 1))
        self.assertEqual("UNDERSTUDY", written.consumer_type)

    def test_more_than_the_operator_allows_is_refused(self) -> None:
        for field in ("max_attempts", "spare_alternates", "max_cells", "deadline_seconds"):
            error = self.assertRaises(InvalidRequest, self.accept, **{field: 100_000})
            self.assertEqual(field, error.field)

    def test_more_than_the_limits_is_refused_unless_it_was_accepted_before(self) -> None:
        ignored = [f"host-{number}" for number in range(100_000)]
        error = self.assertRaises(InvalidRequest, self.accept, ignore_hosts=ignored)
        self.assertEqual(
            "ignore_hosts: 100000 are too many; give at most 1000, or send several requests",
            str(error),
        )
        first = self.accept(ignore_hosts=["a", "b"])
        self.cloud.bounds = RetryBounds(limits=RequestLimits(hosts=1))
        self.cloud.kill_again()
        self.assertEqual(first, self.accept(ignore_hosts=["a", "b"]))

    def test_unknown_names_are_refused_with_their_place(self) -> None:
        error = self.assertRaises(InvalidRequest, self.accept, resources={"CUSTOM_NO": 1})
        self.assertEqual("resources.CUSTOM_NO", error.field)
        error = self.assertRaises(InvalidRequest, self.accept, required_traits=["CUSTOM_NO"])
        self.assertEqual("required_traits.CUSTOM_NO", error.field)

    def test_a_silent_ledger_is_no_answer(self) -> None:
        self.ledger.faults.reads = Fault.REFUSED
        self.assertRaises(wire.LedgerDown, self.accept)

    def test_many_have_numbered_names_that_fit(self) -> None:
        self.accept(count=2, name="x" * 255)
        names = [m.name for m in self.cloud.api.mappings_of(request().request_id)]
        self.assertEqual([f"{'x' * 253}-1", f"{'x' * 253}-2"], names)
