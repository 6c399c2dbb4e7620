"""Who may speak for a host, which providers are its own, its name, and its end."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from tests.unit.cells.base import CellTest, fault, host, node_of, uuid
from understudy.cells import errors
from understudy.cells.records import UNNAMED, Binding, HostRecord, InstanceRecord
from understudy.objects.host import Host, Provider

AGENT = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
MINE = Binding(AGENT, "agent-user", "here")


class BindingTest(CellTest):
    def beaten(self, who: Binding) -> list[str]:
        """Return the hosts that a heartbeat of these was not taken for."""
        return self.cell.beat("agent", {"h1": []}, who).unknown

    def test_whoever_registers_first_is_who_may_speak(self) -> None:
        self.assertEqual(MINE, self.cell.register_host(host(), MINE).bound)
        self.assertEqual([], self.beaten(MINE))

    def test_nobody_else_beats_for_it(self) -> None:
        self.cell.register_host(host(), MINE)
        others: list[dict[str, Any]] = [
            {"agent_uuid": OTHER},
            {"bus_user": "another"},
            {"bus_user": None},
            {"origin": "elsewhere"},
        ]
        for other in others:
            self.assertEqual(["h1"], self.beaten(dataclasses.replace(MINE, **other)), str(other))
        self.assertEqual(["h1"], self.beaten(UNNAMED))

    def test_what_nobody_has_said_yet_is_bound_by_who_says_it(self) -> None:
        self.assertEqual(UNNAMED, self.cell.register_host(host()).bound)
        self.assertEqual([], self.beaten(MINE))
        self.assertEqual(MINE, self.cell.register_host(host(), MINE).bound)
        self.assertEqual(["h1"], self.beaten(UNNAMED))

    def test_who_was_judged_too_early_does_not_take_it(self) -> None:
        self.cell.register_host(host(), MINE)
        for other in (Binding(OTHER, "agent-user", "here"), Binding(AGENT, "another", "here")):
            self.assertRaises(errors.DuplicateHost, self.cell.register_host, host(), other)
        self.assertEqual(MINE, self.cell.host("h1").bound)

    def test_it_is_bound_anew(self) -> None:
        self.cell.register_host(host(), MINE)
        theirs = Binding(OTHER, "another", "elsewhere")
        self.cell.bind_host("h1", theirs)
        self.assertEqual(theirs, self.cell.host("h1").bound)
        self.assertRaises(errors.HostUnknown, self.cell.bind_host, "nowhere", theirs)

    def test_neither_its_name_nor_its_uuid_goes_to_another(self) -> None:
        self.register("h1", "h2")
        for wrong in (
            host("h1", compute_node_uuid=uuid()),
            host("h3", compute_node_uuid=node_of("h1")),
            host("h1", compute_node_uuid=node_of("h2")),
        ):
            self.assertRaises(errors.DuplicateHost, self.cell.register_host, wrong)
        self.assertEqual(node_of("h1"), self.cell.host("h1").compute_node_uuid)

    def test_hosts_like_this_one(self) -> None:
        self.register("h1", "h2")
        found = self.cell.hosts_like("h1", node_of("h2"))
        self.assertEqual(["h1", "h2"], sorted(each.name for each in found))
        self.assertEqual([], self.cell.hosts_like("h3", uuid()))


class RecordedTest(CellTest):
    def test_what_was_recorded(self) -> None:
        self.cell.register_host(host(), MINE, ["a", "b"])
        self.assertEqual({"a", "b"}, self.cell.recorded_providers(node_of("h1")))
        self.cell.record_providers("h1", ["a"])
        self.assertEqual({"a"}, self.cell.recorded_providers(node_of("h1")))
        self.assertEqual(frozenset(), self.cell.recorded_providers(uuid()))

    def test_of_a_host_of_the_first_release_it_is_what_it_had(self) -> None:
        self.cell.register_host(host(), MINE, ["a", "b"])
        with self.cell.database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE hosts SET recorded = NULL")
        self.assertEqual({node_of("h1")}, self.cell.recorded_providers(node_of("h1")))


class RefusedTest(CellTest):
    def refuse(self, refused: Host, who: Binding = MINE, why: str = "new") -> bool:
        return self.cell.note_refused(refused, who, why, ("it is", "do this"))

    def test_what_was_refused_is_shown_and_changes_no_host(self) -> None:
        self.assertTrue(self.refuse(host("h1")))
        [refused] = self.cell.refused_hosts()
        self.assertEqual(
            ("h1", node_of("h1"), AGENT, "agent-user", "new", "it is", "do this", ""),
            (
                refused.name,
                refused.uuid,
                refused.agent_uuid,
                refused.bus_user,
                refused.why,
                refused.detail,
                refused.remedy,
                refused.approved,
            ),
        )
        self.assertEqual({node_of("h1")}, refused.providers)
        self.assertEqual([], self.cell.hosts())
        self.assertEqual(refused.uuid, self.found(MINE))
        self.assertIsNone(self.found(UNNAMED))

    def found(self, who: Binding) -> str | None:
        refused = self.cell.refused_as(node_of("h1"), who)
        return None if refused is None else refused.uuid

    def test_what_was_approved_stays_so_whatever_comes(self) -> None:
        self.refuse(host("h1"))
        [refused] = self.cell.refused_hosts()
        self.cell.approve_host(refused, "new")
        self.refuse(host("h1"))
        self.refuse(host("h1"), Binding(OTHER, "another", "there"))
        approved = {one.agent_uuid: one.approved for one in self.cell.refused_hosts()}
        self.assertEqual({AGENT: "new", OTHER: ""}, approved)

    def test_an_approval_is_for_the_providers_that_were_seen(self) -> None:
        self.refuse(host("h1"), why="providers")
        [refused] = self.cell.refused_hosts()
        self.cell.approve_host(refused, "providers")
        more = host("h1")
        more.providers.append(Provider(uuid=uuid(), name="more", parent_uuid=node_of("h1")))
        self.refuse(more, why="providers")
        [refused] = self.cell.refused_hosts()
        self.assertEqual(("", 2), (refused.approved, len(refused.providers)))

    def test_what_is_refused_for_something_else_by_now_is_not_approved(self) -> None:
        self.refuse(host("h1"))
        [refused] = self.cell.refused_hosts()
        self.refuse(host("h1"), why="providers")
        self.assertRaises(errors.HostUnknown, self.cell.approve_host, refused, "new")

    def test_it_is_forgotten_once_the_host_was_taken(self) -> None:
        self.refuse(host("h1"))
        self.refuse(host("h1"), UNNAMED)
        self.refuse(host("h2"))
        self.cell.forget_refused(node_of("h1"))
        self.assertEqual(["h2"], [one.name for one in self.cell.refused_hosts()])

    def test_there_are_never_too_many(self) -> None:
        taken = [self.refuse(host(f"h{number}")) for number in range(502)]
        self.assertEqual([*[True] * 500, False, False], taken)
        # What is there is brought up to date all the same.
        self.assertTrue(self.refuse(host("h7"), why="providers"))
        with self.cell.database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE refused_hosts SET seen_at = seen_at - 100000")
        self.assertTrue(self.refuse(host("h501")))
        self.assertEqual(1, len(self.cell.refused_hosts()))


class RenameTest(CellTest):
    def rename(self) -> None:
        self.cell.rename_host("h1", "new")

    def selections(self, record: InstanceRecord) -> list[tuple[str, str]]:
        return [
            (each.selection.service_host, each.selection.compute_node_uuid)
            for each in self.cell.attempts(record.uuid)
        ]

    def test_all_that_it_holds_follows(self) -> None:
        self.register("h1", "h2")
        active, other = self.active("h1"), self.active("h2")
        self.rename()
        self.assertEqual(node_of("h1"), self.cell.host("new").compute_node_uuid)
        self.assertRaises(errors.HostUnknown, self.cell.host, "h1")
        found = self.cell.instance(active.uuid)
        self.assertIsNotNone(found.selection)
        assert found.selection is not None
        self.assertEqual("new", found.selection.service_host)
        self.assertEqual([("new", node_of("h1"))], self.selections(active))
        self.assertEqual([("h2", node_of("h2"))], self.selections(other))
        self.assertEqual({"new": 1, "h2": 1}, self.cell.instances_per_host())

    def test_what_it_says_under_its_new_name_is_heard(self) -> None:
        self.register("h1", "h2")
        building = self.building("h1", "h2")
        self.rename()
        failed = self.cell.fail(building.uuid, 1, "new", fault(), cleaned=True)
        self.assertEqual(building.uuid, failed.uuid)

    def test_alternates_follow(self) -> None:
        self.register("h1", "h2")
        building = self.building("h2", "h1")
        self.rename()
        [alternate] = self.cell.instance(building.uuid).alternates
        self.assertEqual(
            ("new", node_of("h1")), (alternate.service_host, alternate.compute_node_uuid)
        )

    def test_no_name_is_taken_away(self) -> None:
        self.register("h1", "h2")
        self.assertRaises(errors.DuplicateHost, self.cell.rename_host, "h1", "h2")
        self.assertRaises(errors.HostUnknown, self.cell.rename_host, "h3", "h4")


class RemoveTest(CellTest):
    def known(self) -> list[HostRecord]:
        return self.cell.hosts()

    def test_a_host_that_holds_nothing(self) -> None:
        self.register("h1")
        self.cell.remove_host("h1")
        self.assertEqual([], self.known())
        self.assertRaises(errors.HostUnknown, self.cell.remove_host, "h1")

    def test_while_it_holds_something_it_stays(self) -> None:
        self.register("h1", "h2")
        for record in (self.active("h1"), self.building("h1"), self.deleting("h1")):
            error = self.assertRaises(errors.HostInUse, self.cell.remove_host, "h1")
            self.assertIn(record.uuid, error.instances)
        self.assertRaises(errors.HostInUse, self.cell.remove_host, "h1", gone=True)
        self.assertEqual(2, len(self.known()))

    def test_what_a_machine_that_is_gone_held_of_the_ended_does_not_count(self) -> None:
        self.register("h1")
        record = self.active("h1")
        with self.cell.database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE instances SET state = 'DELETED'")
        error = self.assertRaises(errors.HostInUse, self.cell.remove_host, "h1")
        self.assertEqual([record.uuid], error.instances)
        self.assertIn(record.uuid, str(error))
        self.cell.remove_host("h1", gone=True)
        self.assertEqual([], self.known())

    def test_the_error_names_a_few(self) -> None:
        many = [str(number) for number in range(5)]
        text = str(errors.HostInUse("h1", many))
        self.assertEqual("h1 still holds 0, 1, 2 and 2 more; delete those first", text)
        self.assertEqual(many, json.loads(json.dumps(errors.HostInUse("h1", many).args[1])))
