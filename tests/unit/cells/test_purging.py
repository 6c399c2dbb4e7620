"""Only what nobody can see any more is purged, once it is old enough."""

from __future__ import annotations

from tests.unit.conductor.base import CloudTest
from tests.unit.conductor.cloud import request, uuid_of
from understudy.cells import errors
from understudy.cells.api.purging import Purging as ApiPurging
from understudy.cells.cell.purging import Purging as CellPurging

DAY = 86_400.0


class PurgingTest(CloudTest):
    def purge(self, older_than: float = -1.0) -> tuple[int, int]:
        """Purge both databases; how much went from the cell's and from the API's."""
        return (
            CellPurging(self.cloud.store().database).purge_ended(older_than, 100),
            ApiPurging(self.cloud.api.database).purge_ended(older_than, 100),
        )

    def deleted(self) -> str:
        uuid = self.active()
        self.cloud.delete(uuid)
        self.settle()
        return uuid

    def test_forgets_what_was_deleted(self) -> None:
        uuid = self.deleted()
        self.assertEqual((1, 1), self.purge())
        self.assertRaises(errors.InstanceUnknown, self.cloud.store().instance, uuid)
        self.assertRaises(errors.InstanceUnknown, self.cloud.api.mapping, uuid)
        self.assertRaises(errors.RequestUnknown, self.cloud.api.request, uuid_of("request"))
        self.assertEqual((0, 0), self.purge())

    def test_keeps_what_ended_lately(self) -> None:
        self.deleted()
        self.assertEqual((0, 0), self.purge(DAY))

    def test_keeps_what_lives_and_what_failed(self) -> None:
        self.active()
        self.fails_on("one-a", "one-b", "one-c")
        (failed,) = self.cloud.build(request(request_id=uuid_of("other"), name="other"))
        self.settle()
        self.assertState("ERROR", failed)
        self.assertEqual((0, 0), self.purge())

    def test_keeps_what_a_host_may_still_hold(self) -> None:
        uuid = self.active()
        self.cloud.lose_host("one-a")
        self.cloud.delete(uuid)
        self.settle()
        self.assertState("DELETED", uuid)
        self.assertEqual(0, self.purge()[0])
