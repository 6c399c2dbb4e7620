"""Row 8: who can write one cell's database makes no other cell build what it says."""

from __future__ import annotations

import logging

import fixtures
import hypothesis
import testtools
from hypothesis import strategies

from tests.unit.conductor.base import CloudTest
from tests.unit.conductor.cloud import Cloud, request, uuid_of
from understudy.cells import errors as cell_errors
from understudy.cells import primitives, tables_cell
from understudy.cells.records import MappingRecord
from understudy.conductor import faults, hearsay
from understudy.conductor.authority import OPERATOR
from understudy.ledger.protocols import Owner
from understudy.objects.build_request import BuildRequest

HERE, THERE = uuid_of("here"), uuid_of("there")


def mapped(attempt: int, cell: str | None = HERE) -> MappingRecord:
    return MappingRecord(
        instance_uuid=uuid_of("instance"),
        request_id=uuid_of("request"),
        name="instance",
        project_id="project",
        user_id="user",
        state="MAPPED",
        attempt=attempt,
        cell_uuid=cell,
        pick=None,
        fault=None,
        created_at=0.0,
        updated_at=0.0,
    )


class HearsayTest(testtools.TestCase):
    @hypothesis.given(
        strategies.integers(1, 4),
        strategies.integers(1, 4),
        strategies.integers(-2, 20),
        strategies.integers(1, 8),
    )
    def test_an_attempt_that_the_request_allows_the_cell(
        self, each: int, cells: int, attempt: int, since: int
    ) -> None:
        wanted = request(max_attempts=each, max_cells=cells)
        allowed = [n for n in range(since, since + each) if n <= each * cells]
        believed = hearsay.may_give_up(mapped(since), wanted, HERE, attempt)
        self.assertEqual(attempt in allowed, believed)

    @hypothesis.given(strategies.integers(-2, 9), strategies.integers(1, 8))
    def test_what_has_left_the_cell_was_at_an_older_attempt(self, attempt: int, now: int) -> None:
        wanted = request(max_attempts=9, max_cells=9)
        believed = hearsay.may_give_up(mapped(now, THERE), wanted, HERE, attempt)
        self.assertEqual(1 <= attempt < now, believed)
        self.assertFalse(hearsay.may_give_up(mapped(now, None), wanted, HERE, attempt))

    @hypothesis.given(strategies.integers(1, 9), strategies.integers(-(2**31), 2**31))
    def test_a_cell_can_only_take_cells_away(self, cells: int, said: int) -> None:
        left = hearsay.cells_left(request(max_cells=cells), said)
        self.assertLessEqual(left, max(cells - 2, 0))
        self.assertLessEqual(left, max(said - 1, 0))
        self.assertGreaterEqual(left, 0)


class WrittenCellTest(CloudTest):
    """Somebody writes into a cell's database."""

    def setUp(self) -> None:
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger(level=logging.WARNING))

    def write(self, cell: str, statement: str, *values: object) -> None:
        with self.cloud.store(cell).database.engine.begin() as connection:
            connection.exec_driver_sql(statement, values)

    def lie(self, cell: str) -> None:
        """Say of all in the cell that it is somebody else's, and something else."""
        other = request(
            project_id="victim",
            user_id="victim",
            consumer_type="INSTANCE",
            resources={"VCPU": 3},
            image="victims-disk",
            parameters={"user_data": "evil"},
            max_attempts=30,
            max_cells=8,
            deadline_seconds=86400,
        )
        self.write(cell, "UPDATE requests SET body = ?", primitives.dump(other))
        self.write(
            cell,
            "UPDATE instances SET name = 'victim', project_id = 'victim', user_id = 'victim', "
            "consumer_type = 'INSTANCE', cells_left = 1000, deadline = deadline + 100000",
        )

    def body(self, cell: str) -> BuildRequest:
        return self.cloud.store(cell).request_of(request().request_id)

    def test_another_cell_builds_what_the_api_database_says(self) -> None:
        uuid = self.exhausted()
        self.lie("one")
        self.cloud.super.sweep()
        asked = self.cloud.api.request(request().request_id).request
        row = self.cloud.row(uuid, "two")
        self.assertEqual(
            ("instance", "project", "user", "UNDERSTUDY", 2, 0),
            (
                row.name,
                row.project_id,
                row.user_id,
                row.consumer_type,
                row.attempt,
                row.cells_left,
            ),
        )
        self.assertLess(row.seconds_left, 1000)
        self.assertEqual(asked.obj_to_wire(), self.body("two").obj_to_wire())
        self.assertEqual(Owner("project", "user", "UNDERSTUDY"), self.ledger.read_back(uuid).owner)
        self.assertEnded("ACTIVE", uuid)

    def test_another_requests_id_is_not_followed(self) -> None:
        uuid = self.exhausted()
        (other,) = self.cloud.build(request(request_id=uuid_of("rich"), resources={"VCPU": 3}))
        self.write(
            "one", "UPDATE instances SET request_id = ? WHERE uuid = ?", uuid_of("rich"), uuid
        )
        self.cloud.super.sweep()
        self.assertEqual(request().request_id, self.cloud.row(uuid, "two").request_id)
        self.assertEqual({uuid_of("two-a"): {"VCPU": 1}}, self.ledger.holding[uuid])
        self.assertEnded("ACTIVE", uuid)
        self.assertIn(self.cloud.shown(other).state, ("ACTIVE", "ERROR"))

    def test_an_attempt_that_cannot_be_changes_nothing(self) -> None:
        uuid = self.exhausted()
        holding = dict(self.ledger.holding)
        for attempt in (-1, 0, 3, 2**31 - 2):
            self.write("one", "UPDATE instances SET attempt = ?", attempt)
            self.cloud.super.sweep()
            mapping = self.cloud.api.mapping(uuid)
            self.assertEqual(("MAPPED", 1), (mapping.state, mapping.attempt))
            self.assertEqual("EXHAUSTED", self.cloud.row(uuid).state)
            self.assertEqual(holding, self.ledger.holding)
            self.assertRaises(cell_errors.InstanceUnknown, self.cloud.row, uuid, "two")
        self.assertIn("cell one gives up on 1 instances", self.log.output)

    def test_the_cells_that_a_request_allows_are_counted_elsewhere(self) -> None:
        self.allow(attempts=1, cells=1)
        uuid = self.active()
        self.write("one", "UPDATE instances SET state = 'EXHAUSTED', cells_left = 7")
        self.cloud.super.sweep()
        self.assertRaises(cell_errors.InstanceUnknown, self.cloud.row, uuid, "two")
        self.settle()
        fault = self.cloud.shown(uuid).fault
        assert fault is not None
        self.assertEqual(faults.NO_OTHER_CELL, fault.code)

    def test_a_cell_that_hides_whose_it_is_is_one_that_was_tried(self) -> None:
        self.allow(attempts=1, cells=1)
        self.active()
        self.lie("one")
        self.write("one", "UPDATE instances SET state = 'EXHAUSTED'")
        self.cloud.super.sweep()
        self.assertEqual({}, self.cloud.store("two").counts())

    def test_a_third_cell_does_not_spend_the_cells_of_others(self) -> None:
        self.cloud = self.useFixture(
            Cloud({"one": {"one-a": 9}, "two": {"two-a": 4}, "three": {"three-a": 6}})
        )
        self.ledger, self.agents = self.cloud.ledger, self.cloud.agents
        uuid = self.exhausted()
        self.plant(uuid, 1, cell="three", project_id="whoever")
        self.assertEnded("ACTIVE", uuid)
        self.assertEqual("two", self.cloud.shown(uuid).cell_name)

    def test_what_cannot_be_read_in_one_cell_keeps_no_other_from_going_on(self) -> None:
        self.cloud = self.useFixture(
            Cloud({"one": {"one-a": 9}, "two": {"two-a": 4}, "three": {"three-a": 6}})
        )
        self.ledger, self.agents = self.cloud.ledger, self.cloud.agents
        uuid = self.exhausted()
        self.plant(uuid, 1, cell="three", fault="{", name="unreadable")
        self.cloud.super.sweep()
        self.assertEqual("BUILDING", self.cloud.row(uuid, "two").state)
        page = self.cloud.super.lookout.list_instances(OPERATOR, {}, [], [], 10, None)
        self.assertEqual(["three"], page.cells_unanswered)
        self.assertEqual([uuid], [instance.uuid for instance in page.instances])

    def test_the_deadline_is_the_requests(self) -> None:
        uuid = self.exhausted()
        self.cloud.pass_deadline()
        self.lie("one")
        self.cloud.super.sweep()
        self.assertRaises(cell_errors.InstanceUnknown, self.cloud.row, uuid, "two")
        self.settle()
        self.assertState("ERROR", uuid)

    def test_what_is_another_cells_is_not_given_up(self) -> None:
        uuid = self.active()
        for as_uuid, attempt in ((uuid, 1), (uuid, 2), (uuid_of("nobody's"), 1)):
            self.plant(as_uuid, attempt)
            before = self.cloud.api.mapping(uuid), dict(self.ledger.holding)
            self.cloud.super.sweep()
            self.assertEqual(before, (self.cloud.api.mapping(uuid), self.ledger.holding))
            self.assertEqual("EXHAUSTED", self.cloud.row(as_uuid, "two").state)
            self.assertState("ACTIVE", uuid)
            self.write("two", "DELETE FROM instances")
        self.assertEqual(3, self.log.output.count("cell two gives up on 1 instances"))

    def plant(self, uuid: str, attempt: int, cell: str = "two", **changed: object) -> None:
        """Copy cell one's row into another cell, EXHAUSTED and with other values."""
        store = self.cloud.store("one")
        with store.database.engine.connect() as connection:
            rows = connection.execute(tables_cell.instances.select()).mappings().all()
        planted = {**rows[0], "uuid": uuid, "attempt": attempt, "state": "EXHAUSTED", **changed}
        with self.cloud.store(cell).database.engine.begin() as connection:
            connection.execute(
                tables_cell.instances.insert(), {**planted, "cells_left": 5, "lease_until": 0.0}
            )

    def test_settling_gives_back_what_the_api_database_says(self) -> None:
        uuid = self.exhausted()
        self.fill("two-a", "two-b")
        self.cloud.super.takeover.sweep()
        self.assertEqual("HANDING_OVER", self.cloud.api.mapping(uuid).state)
        self.cloud.round()
        self.lie("one")
        self.write("one", "UPDATE instances SET state = 'ERROR', attempt = 900")
        self.cloud.expire_leases()
        self.cloud.super.settler.sweep()
        mapping = self.cloud.api.mapping(uuid)
        self.assertEqual(("MAPPED", 1), (mapping.state, mapping.attempt))
        self.assertEqual({}, self.ledger.holding)
