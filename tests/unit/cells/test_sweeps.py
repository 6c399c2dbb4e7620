"""What a sweeper and an audit are shown."""

from __future__ import annotations

from tests.unit.cells.base import LONG, ME, OVER, CellTest, fault, host, node_of, uuid
from understudy.cells import errors, tables_cell
from understudy.cells.records import InstanceRecord
from understudy.objects.fields import Blame


class OverdueTest(CellTest):
    def overdue(self) -> list[str]:
        return [record.uuid for record in self.cell.overdue(10)]

    def shown(self, record: InstanceRecord) -> bool:
        return record.uuid in self.overdue()

    def test_what_is_not_at_rest_is_shown_once_its_lease_is_free(self) -> None:
        moving = self.moving()
        self.assertFalse(self.shown(moving))
        self.cell.release(moving)
        for record in (moving, self.failing(), self.deleting()):
            self.assertTrue(self.shown(record))
            self.cell.take(record, ME, LONG)
            self.assertFalse(self.shown(record))

    def test_what_was_put_off_is_not_shown(self) -> None:
        record = self.failing()
        self.cell.put_off(record, LONG)
        self.assertFalse(self.shown(record))

    def test_a_build_that_was_never_cast_or_failed_is_shown(self) -> None:
        for record in (self.insert(), self.failed()):
            self.assertTrue(self.shown(record))

    def test_a_build_under_way_is_not(self) -> None:
        record = self.building("h1")
        self.assertFalse(self.shown(record))
        self.cell.start(record.uuid, 1, "h1")
        self.assertFalse(self.shown(record))

    def test_a_build_that_two_heartbeats_did_not_name_is_shown(self) -> None:
        self.register("h1")
        record = self.building("h1")
        self.cell.beat("agent", {"h1": []})
        self.assertFalse(self.shown(record))
        self.cell.beat("agent", {"h1": []})
        self.assertTrue(self.shown(record))

    def test_a_build_past_its_deadline_is_shown(self) -> None:
        self.assertTrue(self.shown(self.building(deadline_seconds=OVER)))

    def test_a_build_on_a_host_that_is_down_is_shown(self) -> None:
        self.register("h1", "h2")
        record = self.building("h1")
        self.cell.mark_down("h2")
        self.assertFalse(self.shown(record))
        self.cell.mark_down("h1")
        self.assertTrue(self.shown(record))

    def test_what_waits_for_a_super_conductor_is_shown_after_the_deadline(self) -> None:
        self.assertFalse(self.shown(self.exhausted()))
        late = self.exhausted(deadline_seconds=OVER)
        self.assertTrue(self.shown(late))

    def test_what_a_super_conductor_took_is_its_own_even_after_the_deadline(self) -> None:
        exhausted = self.exhausted(deadline_seconds=OVER)
        left = self.cell.begin_hand_over(exhausted, ME, OVER)
        self.assertFalse(self.shown(left))
        self.assertEqual([left.uuid], [record.uuid for record in self.cell.exhausted(10)])

    def test_what_was_put_off_is_shown_again_once_its_host_is_clean(self) -> None:
        record = self.deleting("h1")
        self.cell.put_off(record, LONG)
        self.assertFalse(self.shown(record))
        self.cell.mark_cleaned(record.uuid, 1, "h1")
        self.assertTrue(self.shown(record))

    def test_what_was_handed_over_is_shown_while_a_host_may_hold_something(self) -> None:
        record = self.building("h1", "h2")
        moving = self.cell.next_attempt(record, record.alternates[0], [], ME, LONG)
        record = self.cell.handed_over(moving)
        self.assertTrue(self.shown(record))
        self.cell.mark_cleaned(record.uuid, 1, "h1")
        self.assertFalse(self.shown(record))

    def test_what_has_ended_is_not_shown(self) -> None:
        self.active()
        self.error()
        self.deleted()
        self.assertEqual([], self.overdue())

    def test_the_longest_untouched_comes_first(self) -> None:
        first, second, third = self.insert(), self.failing(), self.deleting()
        self.assertEqual([first.uuid, second.uuid, third.uuid], self.overdue())
        self.assertEqual([first.uuid], [record.uuid for record in self.cell.overdue(1)])


class ReadsTest(CellTest):
    def test_builds_of_a_host(self) -> None:
        records = [self.building("h1"), self.insert("h1"), self.building("h2")]
        self.active("h1")
        self.assertEqual(
            sorted(record.uuid for record in records[:2]),
            [record.uuid for record in self.cell.building_on("h1")],
        )

    def test_instances_are_counted_by_state_and_by_host(self) -> None:
        self.building("h1")
        self.active("h1")
        self.failing("h2")
        self.error("h2")
        self.deleted("h3")
        self.handed_over("h3")
        self.delete(uuid())
        self.assertEqual(
            {
                "BUILDING": 1,
                "ACTIVE": 1,
                "FAILING": 1,
                "ERROR": 1,
                "DELETED": 1,
                "HANDED_OVER": 1,
                "DELETING": 1,
            },
            self.cell.counts(),
        )
        self.assertEqual({"h1": 2, "h2": 1}, self.cell.instances_per_host())

    def test_faults_of_late_are_counted_by_the_host_they_blame(self) -> None:
        for code in ("disk-broken", "disk-broken", "memory-broken"):
            record = self.building("h1")
            self.cell.fail(record.uuid, 1, "h1", fault(code), cleaned=True)
        for blames in (Blame.REQUEST, Blame.NETWORK):
            record = self.building("h2")
            self.cell.fail(record.uuid, 1, "h2", fault(blames=blames), cleaned=True)
        self.assertEqual({"h1": 3}, self.cell.recent_faults(LONG))
        self.assertEqual({}, self.cell.recent_faults(OVER))

    def test_an_audit_sees_every_row(self) -> None:
        records = sorted(
            (self.building("h1"), self.error("h2"), self.delete(uuid())),
            key=lambda record: record.uuid,
        )
        self.assertEqual(
            [
                (
                    record.uuid,
                    record.state,
                    record.attempt,
                    record.selection and record.selection.compute_node_uuid,
                    record.selection and record.selection.allocation_request,
                    record.generation,
                )
                for record in records
            ],
            [tuple(holder) for holder in self.cell.holders()],
        )

    def test_an_audit_goes_on_after_what_one_statement_reads(self) -> None:
        one = self.cell.instance(self.active("h1").uuid)
        table = tables_cell.instances
        with self.cell.database.engine.begin() as connection:
            row = connection.execute(table.select()).mappings().one()
            copies = [{**row, "uuid": f"{number:036d}"} for number in range(1100)]
            connection.execute(table.insert(), copies)
        holders = list(self.cell.holders())
        self.assertEqual(1101, len({holder.uuid for holder in holders}))
        self.assertEqual({one.generation}, {holder.generation for holder in holders})


class HostsTest(CellTest):
    def test_a_host_comes_back_as_it_was_registered(self) -> None:
        wanted = host("h1", availability_zone="zone", failure_domain="rack")
        record = self.cell.register_host(wanted)
        self.assertEqual(
            ("h1", "h1.example", node_of("h1"), "agent", "zone", "rack", "enabled", None),
            (
                record.name,
                record.nodename,
                record.compute_node_uuid,
                record.agent,
                record.availability_zone,
                record.failure_domain,
                record.admin_state,
                record.reason,
            ),
        )
        self.assertEqual((False, False), (record.down, record.schedulable))
        self.assertTrue(0 <= record.silent_for < 5)

    def test_all_come_by_name(self) -> None:
        self.register("h2", "h1")
        self.assertEqual(["h1", "h2"], [one.name for one in self.cell.hosts()])

    def test_those_that_there_are_of_many_names(self) -> None:
        self.register("h1", "h2", "h3")
        found = self.cell.hosts_named(["h3", "h1", "unknown"])
        self.assertEqual({"h1": "h1", "h3": "h3"}, {key: one.name for key, one in found.items()})
        self.assertEqual({}, self.cell.hosts_named([]))

    def test_registering_again_keeps_what_the_operator_said(self) -> None:
        self.register("h1")
        self.cell.set_admin_state("h1", "draining", "new disks")
        self.cell.mark_schedulable("h1", schedulable=True)
        self.cell.mark_down("h1")
        record = self.cell.register_host(host("h1", agent="other", failure_domain="moved"))
        self.assertEqual(
            ("draining", "new disks", "other", "moved", False, False),
            (
                record.admin_state,
                record.reason,
                record.agent,
                record.failure_domain,
                record.down,
                record.schedulable,
            ),
        )

    def test_a_compute_node_uuid_is_used_once(self) -> None:
        self.register("h1")
        twin = host("h2", compute_node_uuid=node_of("h1"))
        error = self.assertRaises(errors.DuplicateHost, self.cell.register_host, twin)
        self.assertEqual(("h2", "h1"), (error.host, error.other))
        self.register("h2")
        self.assertRaises(errors.DuplicateHost, self.cell.register_host, twin)

    def test_marks_are_kept(self) -> None:
        self.register("h1")
        self.cell.mark_schedulable("h1", schedulable=True)
        self.assertTrue(self.cell.host("h1").schedulable)
        self.cell.mark_down("h1")
        self.assertTrue(self.cell.host("h1").down)
        disabled = self.cell.set_admin_state("h1", "disabled", None)
        self.assertEqual(("disabled", None), (disabled.admin_state, disabled.reason))

    def test_an_unknown_host_is_an_error(self) -> None:
        for ask in (
            lambda: self.cell.host("h1"),
            lambda: self.cell.mark_down("h1"),
            lambda: self.cell.mark_schedulable("h1", schedulable=True),
            lambda: self.cell.set_admin_state("h1", "disabled", None),
        ):
            self.assertRaises(errors.HostUnknown, ask)

    def to_close(self, seconds: float) -> list[str]:
        return [one.name for one in self.cell.hosts_to_close(seconds)]

    def test_silent_hosts_are_to_be_closed_until_they_are_marked_down(self) -> None:
        self.register("h1", "h2", "h3")
        self.cell.mark_down("h2")
        self.assertEqual([], self.to_close(LONG))
        self.assertEqual(["h1", "h3"], self.to_close(OVER))

    def test_hosts_that_are_open_and_must_not_be_are_to_be_closed(self) -> None:
        self.register("h1", "h2", "h3", "h4")
        for name in ("h1", "h2", "h3"):
            self.cell.mark_schedulable(name, schedulable=True)
        self.cell.mark_down("h1")
        self.cell.set_admin_state("h2", "draining", None)
        self.cell.set_admin_state("h4", "disabled", None)
        self.assertEqual(["h1", "h2"], self.to_close(LONG))
        for name in ("h1", "h2"):
            self.cell.mark_schedulable(name, schedulable=False)
        self.assertEqual([], self.to_close(LONG))


class FaultsTest(CellTest):
    def test_an_instances_fault_is_kept_whole(self) -> None:
        record = self.cell.begin_failing(self.failed(), fault("code", "request"))
        self.assertEqual(fault("code", "request"), self.cell.instance(record.uuid).fault)


class FailedAmongTest(CellTest):
    def test_only_what_ended_as_error(self) -> None:
        failed = self.error("h1").uuid
        failing, building = self.failing("h1").uuid, self.building("h1").uuid
        asked = [failed, failing, building, uuid()]
        self.assertEqual({failed}, self.cell.failed_among(asked))

    def test_of_none(self) -> None:
        self.assertEqual(set(), self.cell.failed_among([]))
