"""The cells, and which of them each host belongs to."""

from __future__ import annotations

import dataclasses

from tests.unit.cells.base import StoreTest, node_of, request, together, uuid
from understudy.cells import errors
from understudy.cells.records import CellRecord, HostMapping


class CellsTest(StoreTest):
    def setUp(self) -> None:
        super().setUp()
        self.one = self.databases.records["one"]
        self.two = CellRecord(uuid(), "two", "rabbit://two", "mysql://two", enabled=False)

    def test_a_cell_is_found_by_name_and_uuid(self) -> None:
        self.api.add_cell(self.two)
        self.assertEqual([self.one, self.two], self.api.cells())
        self.assertEqual(self.two, self.api.cell("two"))
        self.assertEqual(self.two, self.api.cell_by_uuid(self.two.uuid))

    def test_neither_name_nor_uuid_is_used_twice(self) -> None:
        for taken in (
            dataclasses.replace(self.two, name="one"),
            dataclasses.replace(self.two, uuid=self.one.uuid),
        ):
            self.assertRaises(errors.DuplicateCell, self.api.add_cell, taken)

    def test_everything_but_the_uuid_can_change(self) -> None:
        changed = dataclasses.replace(self.two, uuid=self.one.uuid, name="new")
        self.api.update_cell(changed)
        self.assertEqual([changed], self.api.cells())

    def test_a_taken_name_is_refused(self) -> None:
        self.api.add_cell(self.two)
        renamed = dataclasses.replace(self.two, name="one")
        self.assertRaises(errors.DuplicateCell, self.api.update_cell, renamed)

    def test_an_unknown_cell_is_an_error(self) -> None:
        self.assertRaises(errors.CellUnknown, self.api.update_cell, self.two)
        for find in (self.api.cell, self.api.cell_by_uuid, self.api.remove_cell):
            self.assertRaises(errors.CellUnknown, find, "two")

    def test_an_empty_cell_is_removed(self) -> None:
        self.api.remove_cell("one")
        self.assertEqual([], self.api.cells())

    def test_a_cell_with_hosts_or_instances_stays(self) -> None:
        instances = [uuid(), uuid()]
        self.api.accept(request(), [(one, "a") for one in instances], 60.0)
        for one in instances:
            self.api.map_to_cell(one, self.one.uuid)
        self.api.begin_deleting(instances[0])
        self.api.end_deleting(instances[0])
        self.api.put_host_mappings(
            [HostMapping("h1", "h1", node_of("h1"), self.one.uuid, None, None)]
        )
        error = self.assertRaises(errors.CellInUse, self.api.remove_cell, "one")
        self.assertEqual((1, 1), (error.hosts, error.instances))


class HostMappingsTest(StoreTest):
    def setUp(self) -> None:
        super().setUp()
        self.one = self.databases.records["one"].uuid
        self.two = uuid()
        self.api.add_cell(CellRecord(self.two, "two", "", "", enabled=True))

    def mapping(self, host: str, cell: str | None = None, node: str | None = None) -> HostMapping:
        return HostMapping(host, host, node or node_of(host), cell or self.one, "zone", "rack")

    def test_they_are_kept_by_host(self) -> None:
        mappings = [self.mapping("h2"), self.mapping("h1", self.two)]
        self.api.put_host_mappings(mappings)
        self.assertEqual(mappings[::-1], self.api.host_mappings())

    def test_the_version_rises_with_every_change_and_only_then(self) -> None:
        versions = [self.api.hosts_version()]

        def put(*mappings: HostMapping) -> None:
            self.api.put_host_mappings(mappings)
            versions.append(self.api.hosts_version())

        put()
        put(self.mapping("h1"), self.mapping("h2"))
        put(self.mapping("h2"))
        put(dataclasses.replace(self.mapping("h2"), availability_zone=None))
        self.api.remove_host_mapping("h1")
        versions.append(self.api.hosts_version())
        self.assertEqual([0, 0, 1, 1, 2, 3], versions)

    def test_a_host_is_in_one_cell_only(self) -> None:
        self.api.put_host_mappings([self.mapping("h1")])
        error = self._refused(self.mapping("h0"), self.mapping("h1", self.two, uuid()))
        self.assertEqual(("h1", "two", "one"), (error.host, error.cell, error.other_cell))

    def test_a_compute_node_is_in_one_cell_only(self) -> None:
        self.api.put_host_mappings([self.mapping("h1")])
        error = self._refused(self.mapping("h0"), self.mapping("h2", self.two, node_of("h1")))
        self.assertEqual(("h2", "two", "one"), (error.host, error.cell, error.other_cell))

    def test_nor_can_one_write_say_both(self) -> None:
        self._refused(self.mapping("h1"), self.mapping("h1", self.two, uuid()))

    def test_a_compute_node_may_change_its_hosts_name(self) -> None:
        self.api.put_host_mappings([self.mapping("h1")])
        renamed = self.mapping("h2", node=node_of("h1"))
        self.api.put_host_mappings([renamed])
        self.assertEqual([renamed], self.api.host_mappings())

    def test_a_host_that_was_removed_may_go_to_another_cell(self) -> None:
        self.api.put_host_mappings([self.mapping("h1")])
        self.api.remove_host_mapping("h1")
        self.api.put_host_mappings([self.mapping("h1", self.two)])
        self.assertRaises(errors.HostUnknown, self.api.remove_host_mapping, "h2")

    def test_more_than_fit_into_one_statement(self) -> None:
        mappings = [self.mapping(f"h{number:04}") for number in range(1200)]
        self.api.put_host_mappings(mappings)
        self.api.put_host_mappings([*mappings, self.mapping("last")])
        self.assertEqual(1201, len(self.api.host_mappings()))
        self.assertEqual(2, self.api.hosts_version())

    def test_eight_at_once_lose_no_version(self) -> None:
        outcomes = together(
            8, lambda number: self.api.put_host_mappings([self.mapping(f"h{number}")])
        )
        self.assertEqual([None] * 8, outcomes)
        self.assertEqual(8, self.api.hosts_version())

    def test_of_two_cells_at_once_one_gets_the_host(self) -> None:
        outcomes = together(
            8,
            lambda number: self.api.put_host_mappings(
                [self.mapping("h1", self.two if number % 2 else self.one)]
            ),
        )
        lost = sum(isinstance(outcome, errors.HostInTwoCells) for outcome in outcomes)
        self.assertEqual((4, 4), (outcomes.count(None), lost))
        self.assertEqual(1, self.api.hosts_version())

    def _refused(self, *mappings: HostMapping) -> errors.HostInTwoCells:
        before = (self.api.host_mappings(), self.api.hosts_version())
        error: errors.HostInTwoCells = self.assertRaises(
            errors.HostInTwoCells, self.api.put_host_mappings, mappings
        )
        self.assertEqual(before, (self.api.host_mappings(), self.api.hosts_version()))
        return error
