"""What heartbeats and returning hosts are told."""

from __future__ import annotations

from tests.unit.cells.base import LONG, ME, CellTest, node_of, uuid
from understudy.cells.records import InstanceRecord, Strays


class BeatsTest(CellTest):
    def setUp(self) -> None:
        super().setUp()
        self.register("h1", "h2", "h3")

    def missed(self, record: InstanceRecord) -> int:
        return self.cell.attempts(record.uuid)[-1].missed


class BeatTest(BeatsTest):
    def test_the_hosts_that_were_named_were_heard(self) -> None:
        with self.cell.database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE hosts SET seen_at = seen_at - 100")
        result = self.cell.beat("agent", {"h1": [], "h2": []})
        self.assertEqual(([], {}), (result.unknown, result.superseded))
        self.assertEqual(["h3"], [one.name for one in self.cell.hosts_to_close(50.0)])

    def test_enabled_hosts_that_take_no_builds_wait_for_their_registration(self) -> None:
        self.cell.mark_schedulable("h1", schedulable=True)
        self.cell.set_admin_state("h2", "disabled", None)
        result = self.cell.beat("agent", {"h1": [], "h2": [], "h3": []})
        self.assertEqual((["h3"], []), (result.waiting, result.unknown))

    def test_hosts_to_be_registered_are_unknown(self) -> None:
        self.register("h4", agent="another")
        self.cell.mark_down("h2")
        with self.cell.database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE hosts SET seen_at = seen_at - 100")
        result = self.cell.beat("agent", {"h1": [], "h2": [], "h4": [], "h5": []})
        self.assertEqual(["h2", "h4", "h5"], result.unknown)
        self.assertEqual(["h3", "h4"], [one.name for one in self.cell.hosts_to_close(50.0)])

    def test_a_cast_build_that_is_not_named_is_counted(self) -> None:
        cast, started = self.building("h1"), self.building("h1")
        self.cell.start(started.uuid, 1, "h1")
        for times in (1, 2):
            self.cell.beat("agent", {"h1": []})
            self.assertEqual((times, times), (self.missed(cast), self.missed(started)))
        self.cell.beat("agent", {"h1": [(cast.uuid, 1)]})
        self.assertEqual((0, 3), (self.missed(cast), self.missed(started)))

    def test_naming_an_older_attempt_does_not_count(self) -> None:
        moving = self.moving("h1", "h2")
        record = self.cell.mark_cast(self.cell.claimed(moving, 2))
        self.cell.beat("agent", {"h1": [(record.uuid, 2)], "h2": [(record.uuid, 1)]})
        self.assertEqual(1, self.missed(record))

    def test_only_what_was_cast_is_missed(self) -> None:
        records = (
            self.insert("h1"),
            self.failed("h1"),
            self.active("h1"),
            self.moving("h2", "h1"),
        )
        self.cell.beat("agent", {"h1": []})
        self.assertEqual([0] * 4, [self.missed(record) for record in records])

    def test_what_other_agents_hosts_have_is_not_missed(self) -> None:
        self.register("h4", agent="another")
        record = self.building("h4")
        self.cell.beat("agent", {"h1": [], "h4": []})
        self.assertEqual(0, self.missed(record))

    def test_what_is_superseded_is_told_by_host(self) -> None:
        here, gone, failed = self.building("h1"), self.deleting("h1"), self.failed("h2")
        result = self.cell.beat(
            "agent",
            {"h1": [(here.uuid, 1), (gone.uuid, 1), (uuid(), 1)], "h2": [(failed.uuid, 1)]},
        )
        self.assertEqual({"h1": [(gone.uuid, 1)], "h2": [(failed.uuid, 1)]}, result.superseded)

    def test_a_host_that_must_register_is_told_nothing_else(self) -> None:
        gone = self.deleting("h2")
        self.cell.mark_down("h2")
        self.assertEqual({}, self.cell.beat("agent", {"h2": [(gone.uuid, 1)]}).superseded)

    def test_pairs_may_come_as_lists(self) -> None:
        record = self.building("h1")
        self.cell.beat("agent", {"h1": [[record.uuid, 1]]})  # type: ignore[list-item]
        self.assertEqual(0, self.missed(record))

    def test_an_empty_heartbeat_is_one(self) -> None:
        result = self.cell.beat("agent", {})
        self.assertEqual(([], {}), (result.unknown, result.superseded))


class StraysTest(BeatsTest):
    def strays(self, host: str, *holds: tuple[str, int]) -> Strays:
        return self.cell.strays(node_of(host), holds)

    def stray(self, record: InstanceRecord, host: str, attempt: int) -> bool:
        strays = self.strays(host, (record.uuid, attempt))
        return strays.superseded == [(record.uuid, attempt)]

    def test_what_nobody_knows_is_not_one(self) -> None:
        hold = uuid(), 1
        self.assertEqual(Strays([], [hold]), self.strays("h1", hold))
        self.assertEqual(Strays([], []), self.strays("h1"))

    def test_what_is_where_it_should_be_is_not_one(self) -> None:
        for record in (self.insert("h1"), self.building("h1"), self.active("h1")):
            self.assertEqual(Strays([], []), self.strays("h1", (record.uuid, 1)), record.state)

    def test_an_older_attempt_is_one(self) -> None:
        self.assertTrue(self.stray(self.moving("h1", "h2"), "h1", 1))
        record = self.building("h1", "h2")
        moving = self.cell.next_attempt(record, record.alternates[0], [], ME, LONG)
        self.assertTrue(self.stray(self.cell.claimed(moving, 2), "h1", 1))
        self.assertFalse(self.stray(moving, "h2", 2))

    def test_what_is_over_or_going_to_be_is_one(self) -> None:
        for record in (
            self.deleting("h1"),
            self.deleted("h1"),
            self.failing("h1"),
            self.error("h1"),
            self.handed_over("h1"),
        ):
            self.assertTrue(self.stray(record, "h1", 1), record.state)

    def test_an_attempt_that_failed_is_one(self) -> None:
        for record in (self.failed("h1"), self.exhausted("h1"), self.handing_over("h1")):
            self.assertTrue(self.stray(record, "h1", 1), record.state)

    def test_the_same_attempt_of_another_host_is_none_and_unknown(self) -> None:
        # It may be the same machine under another uuid, as after a rename without its files.
        for record in (self.building("h1"), self.active("h1"), self.handed_over("h1")):
            hold = record.uuid, 1
            self.assertEqual(Strays([], [hold]), self.strays("h2", hold), record.state)

    def test_an_older_attempt_of_another_host_is_none_and_unknown(self) -> None:
        record = self.building("h1", "h2")
        moving = self.cell.next_attempt(record, record.alternates[0], [], ME, LONG)
        self.cell.claimed(moving, 2)
        hold = record.uuid, 1
        self.assertEqual(Strays([], [hold]), self.strays("h3", hold))

    def test_an_attempt_newer_than_the_rows_is_not_known_to_be_one(self) -> None:
        # The row of a restored database: it is the one that is out of date.
        for record in (self.building("h1"), self.active("h1"), self.handed_over("h1")):
            self.assertFalse(self.stray(record, "h2", 7), record.state)
        self.assertTrue(self.stray(self.deleted("h1"), "h2", 7))

    def test_many_are_answered_in_their_order(self) -> None:
        gone = [self.deleted("h1").uuid for _ in range(3)]
        here = self.building("h1").uuid
        held = [(gone[2], 1), (here, 1), (gone[0], 1), (gone[1], 1)]
        superseded = [(gone[2], 1), (gone[0], 1), (gone[1], 1)]
        self.assertEqual(Strays(superseded, []), self.strays("h1", *held))


class BeatsWithoutReturningTest(BeatTest):
    """Where a changed row has to be read in a statement of its own."""

    returning = False
