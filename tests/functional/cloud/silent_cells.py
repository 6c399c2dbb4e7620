"""A cell does not answer: the others go on, and it is named."""

from __future__ import annotations

from tests.functional.cloud.case import CloudTestCase
from tests.functional.support.waiting import wait_for
from understudy.objects import states
from understudy.objects.instance import InstancePage
from understudy.rpcapi import errors


class SilentCells(CloudTestCase):
    def test_a_build_there_waits_and_others_do_not(self) -> None:
        self.open({"one": {"a": 3}, "two": {"b": 3}})
        self.cloud.cut_off("two")
        waiting = self.build(only_hosts=["b"])
        wait_for(lambda: self.unanswered(waiting.request_id), "the cell is found silent")
        (other,) = self.build_and_wait(only_hosts=["a"])
        self.assert_ended_as(states.ACTIVE, [other])
        refused = self.assertRaises(errors.CellUnavailable, self.show, waiting.instance_uuids[0])
        self.assertEqual("two", refused.cell)
        self.cloud.reconnect("two")
        self.assert_ended_as(states.ACTIVE, self.ended(waiting))

    def test_half_of_a_request_waits(self) -> None:
        self.open({"one": {"a": 2}, "two": {"b": 2}})
        self.cloud.cut_off("two")
        accepted = self.build(count=4)

        def half() -> bool:
            result = self.cloud.client.result(self.cloud.context, accepted.request_id)
            built = [each for each in result.instances if each.state == states.ACTIVE]
            return result.cells_unanswered == ["two"] and len(built) == 2

        wait_for(half, "the half in the other cell is built")
        self.cloud.reconnect("two")
        self.assert_ended_as(states.ACTIVE, self.ended(accepted))

    def test_builds_there_end_without_the_api_level(self) -> None:
        self.open({"one": {"a": 2, "b": 2}})
        self.cloud.builds.hold()
        accepted = self.build(count=4)
        self.begun(accepted)
        self.cloud.cut_off("one")
        self.cloud.builds.let_go()
        wait_for(lambda: len(self.cloud.held("a")) == len(self.cloud.held("b")) == 2, "built")
        self.cloud.reconnect("one")
        self.assert_ended_as(states.ACTIVE, self.ended(accepted))

    def test_a_delete_is_not_forgotten(self) -> None:
        self.open({"one": {"a": 1}, "two": {"b": 1}})
        (instance,) = self.build_and_wait(only_hosts=["b"])
        self.cloud.cut_off("two")
        self.delete(instance.uuid)
        result = self.cloud.client.result(self.cloud.context, instance.request_id)
        self.assertEqual([states.DELETING], [each.state for each in result.instances])
        self.cloud.reconnect("two")
        self.reaches(instance.uuid, states.DELETED)

    def test_a_delete_comes_before_the_insert(self) -> None:
        """The tombstone stops the build that could not be inserted."""
        self.open({"one": {"a": 1}})
        self.cloud.cut_off("one")
        accepted = self.build()
        wait_for(lambda: self.unanswered(accepted.request_id), "the cell is found silent")
        self.delete(accepted.instance_uuids[0])
        self.cloud.reconnect("one")
        self.reaches(accepted.instance_uuids[0], states.DELETED)
        self.assertEqual([], self.cloud.builds.begun())

    def test_a_listing_names_it(self) -> None:
        self.open({"one": {"a": 3}, "two": {"b": 3}})
        ones = self.build_and_wait(count=3, only_hosts=["a"])
        twos = self.build_and_wait(count=3, only_hosts=["b"])
        everything = {each.uuid for each in (*ones, *twos)}
        first, second = self.page(4, None), self.page(4, self.page(4, None).marker)
        self.assertEqual((4, 2), (len(first.instances), len(second.instances)))
        self.assertEqual(everything, {i.uuid for i in (*first.instances, *second.instances)})
        self.cloud.cut_off("two")
        first = self.page(2, None)
        second = self.page(2, first.marker)
        self.assertEqual(["two"], first.cells_unanswered)
        self.assertEqual(["two"], second.cells_unanswered)
        self.assertIsNone(second.marker)
        seen = [each.uuid for each in (*first.instances, *second.instances)]
        self.assertEqual(sorted(each.uuid for each in ones), seen)
        self.assertRaises(errors.CellUnavailable, self.page, 2, twos[0].uuid)
        self.cloud.reconnect("two")
        self.assertEqual([], self.page(2, None).cells_unanswered)

    def test_operators_see_which(self) -> None:
        self.open({"one": {"a": 3}, "two": {"b": 3}})
        client, context = self.cloud.client, self.cloud.context
        self.cloud.cut_off("two")
        hosts = client.list_hosts(context, None)
        self.assertEqual((["a"], ["two"]), ([h.name for h in hosts.hosts], hosts.cells_unanswered))
        self.assertEqual(["two"], client.list_services(context).cells_unanswered)
        answers = {cell.name: cell.answers for cell in client.list_cells(context)}
        self.assertEqual({"one": True, "two": False}, answers)
        refused = self.assertRaises(
            (errors.CellUnavailable, errors.ServiceUnavailable),
            client.set_host,
            context,
            "b",
            "disabled",
            None,
        )
        self.assertIn("planned", str(refused))
        self.cloud.reconnect("two")
        self.assertEqual([], client.list_hosts(context, None).cells_unanswered)

    def unanswered(self, request_id: str) -> list[str]:
        return self.cloud.client.result(self.cloud.context, request_id).cells_unanswered

    def page(self, limit: int, marker: str | None) -> InstancePage:
        """Return a page of a listing by uuid."""
        return self.cloud.client.list_instances(
            self.cloud.context, {}, ["uuid"], ["asc"], limit, marker
        )
