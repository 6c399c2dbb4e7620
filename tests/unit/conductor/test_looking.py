"""What clients and operators see, also while a cell is silent."""

from __future__ import annotations

from tests.unit.conductor.base import CloudTest
from tests.unit.conductor.cloud import broken, request, uuid_of
from understudy.cells import tables_cell
from understudy.conductor.authority import OPERATOR, Caller
from understudy.conductor.fleet import Fleet
from understudy.conductor.super import SuperConductor, where_members_are
from understudy.objects.build_request import Affinity
from understudy.objects.fields import AffinityPolicy
from understudy.rpcapi import errors as wire


class LookTest(CloudTest):
    def test_a_result_has_each_instance_as_its_cell_has_it(self) -> None:
        self.fails_on("one-a")
        uuids = self.cloud.build(request(count=2))
        self.settle()
        result = self.cloud.super.lookout.result(OPERATOR, request().request_id)
        self.assertEqual(uuids, [instance.uuid for instance in result.instances])
        self.assertTrue(result.ended)

    def test_a_silent_cell_is_named_and_its_instances_shown_as_last_known(self) -> None:
        uuid = self.active()
        self.cloud.break_cell("one")
        result = self.cloud.super.lookout.result(OPERATOR, request().request_id)
        self.assertEqual(["one"], result.cells_unanswered)
        self.assertEqual([("one", "BUILDING")], [(i.cell_name, i.state) for i in result.instances])
        self.assertRaises(wire.CellUnavailable, self.cloud.shown, uuid)

    def test_a_delete_that_its_cell_has_not_heard_of_is_one(self) -> None:
        uuid = self.active()
        self.cloud.api.begin_deleting(uuid)
        self.assertState("DELETING", uuid)

    def test_the_timeline_goes_across_cells(self) -> None:
        self.allow(attempts=1, cells=2)
        self.agents.fault = lambda host, uuid, attempt: broken() if attempt == 1 else None
        uuid = self.cast()
        self.settle()
        shown = self.cloud.shown(uuid)
        self.assertEqual(["one", "two"], [attempt.cell_name for attempt in shown.attempts])
        self.assertEqual(("two", 2), (shown.cell_name, shown.attempt))

    def test_pages_are_merged_and_go_on_after_a_marker(self) -> None:
        uuids = self.cloud.build(request(count=6, resources={"VCPU": 4}, name="vm"))
        seen: list[str] = []
        marker: str | None = None
        while True:
            page = self.cloud.super.lookout.list_instances(
                OPERATOR, {}, ["name"], ["desc"], 2, marker
            )
            seen += [instance.name for instance in page.instances]
            marker = page.marker
            if marker is None:
                break
        self.assertEqual([f"vm-{number}" for number in range(6, 0, -1)], seen)
        self.assertEqual(6, len(uuids))

    def test_a_bad_query_is_said_to_be_one(self) -> None:
        look = self.cloud.super.lookout.list_instances
        self.active()
        self.assertRaises(wire.BadQuery, look, OPERATOR, {}, ["colour"], ["asc"], 10, None)
        self.assertRaises(
            wire.BadQuery, look, OPERATOR, {"colour": "red"}, ["name"], ["asc"], 10, None
        )
        self.assertRaises(
            wire.InstanceNotFound, look, OPERATOR, {}, ["name"], ["asc"], 10, uuid_of("no")
        )

    def test_what_is_not_there_is_not_found(self) -> None:
        self.assertRaises(wire.InstanceNotFound, self.cloud.shown, uuid_of("no"))
        self.assertRaises(
            wire.RequestNotFound, self.cloud.super.lookout.result, OPERATOR, uuid_of("no request")
        )


class FleetTest(CloudTest):
    def setUp(self) -> None:
        super().setUp()
        self.fleet = Fleet(self.cloud.api, self.cloud.super.cells, 60.0)

    def test_hosts_of_one_cell_and_of_all(self) -> None:
        self.active()
        found = {host.name: host.instances for host in self.fleet.list_hosts(None).hosts}
        self.assertEqual({"one-a": 1, "one-b": 0, "one-c": 0, "two-a": 0, "two-b": 0}, found)
        only = [host.name for host in self.fleet.list_hosts("two").hosts]
        self.assertEqual(["two-a", "two-b"], only)
        self.assertRaises(wire.CellNotFound, self.fleet.list_hosts, "three")

    def test_cells_with_what_lives_in_them(self) -> None:
        self.cloud.delete(self.active())
        self.settle()
        self.cloud.break_cell("two")
        self.assertEqual(
            [("one", True, 3, 0), ("two", False, 0, 0)],
            [(c.name, c.answers, c.hosts, c.instances) for c in self.fleet.list_cells()],
        )

    def test_services_of_the_api_level_and_of_cells(self) -> None:
        self.cloud.api.beat_service("scheduler", "s")
        self.cloud.store("one").beat_service("cell-conductor", "c")
        self.cloud.break_cell("two")
        page = self.fleet.list_services()
        self.assertEqual(
            [(None, "s", True), ("one", "c", True)],
            [(service.cell_name, service.name, service.alive) for service in page.services],
        )
        self.assertEqual(["two"], page.cells_unanswered)


class CancelTest(CloudTest):
    def test_every_instance_of_the_request_is_deleted(self) -> None:
        uuids = self.cloud.build(request(count=2))
        self.agents.work()
        conductor = self.conductor()
        conductor.cancel(OPERATOR, request().request_id)
        self.assertEnded("DELETED", *uuids)
        self.assertRaises(wire.RequestNotFound, conductor.cancel, OPERATOR, uuid_of("no"))

    def conductor(self) -> SuperConductor:
        process = self.cloud.super
        return SuperConductor(
            process.api,
            process.cells,
            process.acceptance,
            process.deleter,
            process.lookout,
            Fleet(process.api, process.cells, 60.0),
            lambda request_id: None,
        )


class DeleteTest(CloudTest):
    def test_an_unknown_instance_is_not_found(self) -> None:
        self.assertRaises(wire.InstanceNotFound, self.cloud.super.deleter.delete, uuid_of("no"))

    def test_it_waits_for_a_silent_cell_and_others_do_not(self) -> None:
        uuids = self.cloud.build(request(count=6, resources={"VCPU": 4}))
        self.settle()
        self.cloud.break_cell("one")
        for uuid in uuids:
            self.cloud.delete(uuid)
        self.settle()
        self.assertEqual({"DELETED": 1}, self.cloud.store("two").counts())
        self.cloud.mend_cell("one")
        self.assertEnded("DELETED", *uuids)
        self.assertEqual({}, self.ledger.holding)

    def test_a_late_insert_finds_the_tombstone(self) -> None:
        self.cloud.break_cell("one")
        (uuid,) = self.cloud.build()
        self.cloud.delete(uuid)
        self.cloud.mend_cell("one")
        self.cloud.super.deleter.sweep()
        self.assertEnded("DELETED", uuid)
        self.assertEqual({}, self.ledger.holding)
        self.assertEqual([], self.agents.built)

    def test_a_row_that_took_itself_for_superseded_can_be_deleted(self) -> None:
        uuid = self.active()
        with self.cloud.store().database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE instances SET state = 'HANDED_OVER'")
        self.cloud.delete(uuid)
        self.assertEnded("DELETED", uuid)
        self.assertEqual({}, self.ledger.holding)


class HearsayTest(CloudTest):
    """Row 8: what a cell says of instances that are not its own is not shown."""

    def setUp(self) -> None:
        super().setUp()
        self.uuid = self.active()
        (self.other,) = self.cloud.build(request(request_id=uuid_of("two"), only_hosts=["two-a"]))
        self.settle()
        self.client = Caller("project", "user")

    def write(self, cell: str, statement: str, *values: object) -> None:
        """Let somebody write into the cell's database."""
        with self.cloud.store(cell).database.engine.begin() as connection:
            connection.exec_driver_sql(statement, values)

    def copy(self, as_uuid: str, **changed: str) -> None:
        """Let cell two have a row like the one that it has, with other values."""
        columns = [column.name for column in tables_cell.instances.c]
        changed = {"uuid": as_uuid, **changed}
        picked = [f"'{changed[name]}'" if name in changed else name for name in columns]
        self.write(
            "two",
            f"INSERT INTO instances ({', '.join(columns)}) "
            f"SELECT {', '.join(picked)} FROM instances WHERE uuid = ?",
            self.other,
        )

    def listed(self, limit: int = 100, **filters: str) -> list[str]:
        found: list[str] = []
        marker: str | None = None
        while True:
            page = self.cloud.super.lookout.list_instances(
                self.client, filters, ["name"], ["asc"], limit, marker
            )
            self.assertEqual([], page.cells_unanswered)
            found += [instance.uuid for instance in page.instances]
            marker = page.marker
            if marker is None:
                return found

    def test_a_row_that_nothing_is_mapped_to_is_not_listed(self) -> None:
        self.copy(uuid_of("made up"), name="aaa")
        self.assertEqual({self.uuid, self.other}, set(self.listed()))
        self.assertEqual({self.uuid, self.other}, set(self.listed(limit=1)))

    def test_a_row_of_another_cells_instance_is_not_listed(self) -> None:
        self.copy(self.uuid, request_id=request().request_id, state="ERROR")
        self.assertEqual({self.uuid, self.other}, set(self.listed()))
        self.assertEqual([], self.listed(state="ERROR"))
        self.assertState("ACTIVE", self.uuid)

    def test_a_row_that_was_put_into_another_project_is_shown_to_nobody_there(self) -> None:
        self.write("two", "UPDATE instances SET project_id = 'other', user_id = 'other'")
        look = self.cloud.super.lookout
        stranger = Caller("other", "other")
        for query in ({}, {"project_id": "other"}):
            page = look.list_instances(stranger, query, ["name"], ["asc"], 10, None)
            self.assertEqual([], page.instances)
        self.assertRaises(wire.InstanceNotFound, look.show, stranger, self.other)
        shown = look.show(self.client, self.other)
        self.assertEqual(("project", "user"), (shown.project_id, shown.user_id))
        (one,) = look.result(self.client, uuid_of("two")).instances
        self.assertEqual(("project", "user"), (one.project_id, one.user_id))

    def test_a_cell_that_lists_little_else_is_as_one_that_is_silent(self) -> None:
        for number in range(30):
            self.copy(uuid_of(f"made up {number}"), name="aaa")
        page = self.cloud.super.lookout.list_instances(self.client, {}, ["name"], ["asc"], 1, None)
        self.assertEqual([self.uuid], [instance.uuid for instance in page.instances])
        self.assertEqual(["two"], page.cells_unanswered)

    def test_attempts_are_shown_of_cells_that_had_it(self) -> None:
        self.copy(self.uuid, request_id=request().request_id, state="HANDED_OVER")
        self.write("two", "UPDATE attempts SET instance_uuid = ?", self.uuid)
        shown = self.cloud.shown(self.uuid)
        self.assertEqual(["one"], [attempt.cell_name for attempt in shown.attempts])

    def test_of_its_own_hosts_a_cell_says_which_hold_a_group(self) -> None:
        group = Affinity(group_uuid=uuid_of("group"), policy=AffinityPolicy.ANTI_AFFINITY)
        (first,) = self.cloud.build(
            request(request_id=uuid_of("first"), affinity=group, only_hosts=["two-a"])
        )
        self.settle()
        asked = request(affinity=group)

        def where() -> list[str]:
            found = where_members_are(self.cloud.api, self.cloud.super.cells, asked)
            assert found.affinity is not None
            return list(found.affinity.hosts)

        self.assertEqual(["two-a"], where())
        self.write("two", "UPDATE instances SET service_host = 'one-a' WHERE uuid = ?", first)
        self.assertEqual([], where())
