"""What is special to the simulated databases: what is lost on the way, clocks, snapshots."""

from __future__ import annotations

import itertools

import testtools

from tests.chaos.simulated import database_subject
from tests.chaos.simulated.database_subject import open_api, open_cell
from tests.chaos.simulated.gate import Late, Lost, OpenGate, Refused
from tests.chaos.simulated.plans import PlannedGate
from tests.unit.cells.base import LONG, ME, SOMEONE, host, new_build, request, uuid
from understudy.cells import errors, schema

NOW = 1_700_000_000.0


class Killed(BaseException):
    """The process is gone."""


class SimulatedDatabaseTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.now = NOW
        self.database = database_subject.shared(schema.Tree.CELL, "one")
        self.database.reset(lambda: self.now)
        self.gate = PlannedGate()
        self.store = open_cell(self.database, self.gate)
        self.other = open_cell(self.database, OpenGate())


class GateTest(SimulatedDatabaseTest):
    def test_each_transaction_is_a_seam_named_after_its_method(self) -> None:
        self.store.ping()
        self.store.register_host(host())
        self.store.outbox.count()
        self.store.list_instances({}, limit=1)
        self.assertEqual(
            ["one ping", "one register", "one count", "one list_instances"], self.gate.seams
        )

    def test_what_is_refused_or_lost_on_the_way_has_no_effect(self) -> None:
        for error in (Refused(), Lost(), Late()):
            self.gate.next_before = [error]
            self.assertRaises(errors.CellUnreachable, self.store.register_host, host())
            self.assertRaises(errors.HostUnknown, self.other.host, "h1")

    def test_a_lost_answer_leaves_the_effect(self) -> None:
        self.gate.next_after = [Lost()]
        error = self.assertRaises(errors.CellUnreachable, self.store.register_host, host())
        self.assertEqual(("one", "Lost one register"), (error.cell, error.detail))
        self.assertEqual("h1", self.other.host("h1").name)

    def test_an_answer_that_is_an_error_may_be_lost_too(self) -> None:
        self.gate.next_after = [Lost()]
        self.assertRaises(errors.CellUnreachable, self.store.host, "h1")
        self.assertRaises(errors.HostUnknown, self.store.host, "h1")

    def test_a_killed_process_leaves_no_trace_of_a_transaction_or_all_of_it(self) -> None:
        self.gate.next_before = [Killed()]
        self.assertRaises(Killed, self.store.register_host, host("h1"))
        self.gate.next_after = [Killed()]
        self.assertRaises(Killed, self.store.register_host, host("h2"))
        self.assertEqual(["h2"], [one.name for one in self.other.hosts()])

    def test_the_api_database_says_that_it_is_the_api_database(self) -> None:
        api = database_subject.shared(schema.Tree.API, "api")
        api.reset(lambda: self.now)
        self.gate.next_before = [Refused()]
        self.assertRaises(errors.ApiDatabaseUnreachable, open_api(api, self.gate).cells)

    def test_a_process_that_closes_its_connections_closes_nobody_elses(self) -> None:
        self.store.register_host(host())
        self.store.close()
        self.assertEqual(1, len(self.other.hosts()))
        self.assertEqual(1, len(self.store.hosts()))


class SkewedClockTest(SimulatedDatabaseTest):
    def test_it_is_as_early_or_late_as_it_is_told(self) -> None:
        for skew in (-300.0, 0.0, 300.0):
            self.now = NOW + skew
            self.assertAlmostEqual(NOW + skew, self.store.clock(), delta=0.0001)

    def test_it_never_runs_backwards_and_tells_a_millisecond(self) -> None:
        seen = []
        for step in range(5000):
            self.now = NOW + step * 0.001
            seen.append(self.store.clock())
        self.assertEqual(sorted(set(seen)), seen)

    def test_it_stands_still_within_a_transaction(self) -> None:
        """Two times of one statement are the same, as everywhere."""
        ticks = itertools.count()
        self.database.reset(lambda: NOW + next(ticks))
        record = self.store.insert_build(new_build())
        self.assertEqual(record.created_at, record.updated_at)

    def test_a_lease_runs_out_on_it(self) -> None:
        record = self.store.insert_build(new_build())
        taken = self.store.take(record, ME, LONG)
        self.now += LONG - 1
        self.assertRaises(errors.LeaseHeld, self.other.take, taken, SOMEONE, LONG)
        self.now += 2
        self.assertEqual(SOMEONE, self.other.take(taken, SOMEONE, LONG).lease_owner)


class SnapshotTest(SimulatedDatabaseTest):
    def test_a_restored_database_knows_nothing_newer(self) -> None:
        old = self.store.insert_build(new_build())
        snapshot = self.database.snapshot()
        new = self.store.insert_build(new_build())
        self.store.mark_cast(old)
        self.database.restore(snapshot)
        self.assertEqual(old, self.store.instance(old.uuid))
        self.assertRaises(errors.InstanceUnknown, self.store.instance, new.uuid)

    def test_one_snapshot_may_be_restored_often_and_outlives_a_reset(self) -> None:
        self.store.register_host(host("h1"))
        snapshot = self.database.snapshot()
        for _ in range(2):
            self.database.reset(lambda: self.now)
            self.assertEqual([], self.store.hosts())
            self.database.restore(snapshot)
            self.store.register_host(host("h2"))
            self.assertEqual(2, len(self.store.hosts()))

    def test_foreign_keys_hold_afterwards(self) -> None:
        self.database.restore(self.database.snapshot())
        record = self.store.insert_build(new_build())
        self.database.reset(lambda: self.now)
        self.assertRaises(errors.InstanceUnknown, self.store.instance, record.uuid)

    def test_a_reset_empties_every_table(self) -> None:
        api = database_subject.shared(schema.Tree.API, "api")
        api.reset(lambda: self.now)
        store = open_api(api, OpenGate(), announces=True)
        wanted = request()
        store.accept(wanted, [(uuid(), "a")], LONG)
        api.reset(lambda: self.now)
        self.assertEqual([], store.waiting_requests(9))
        self.assertEqual(0, store.outbox.count())
