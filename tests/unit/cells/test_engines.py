"""One database from many threads, after a fork, and while it is away."""

from __future__ import annotations

import functools
import os
import time
from pathlib import Path

import fixtures
import sqlalchemy as sa
import testtools
from oslo_db import exception as db_errors
from sqlalchemy.dialects import mysql, postgresql

from tests.unit.cells.base import StoreTest, together
from understudy.cells import api_store, cell_store, errors, schema
from understudy.cells.clock import db_now
from understudy.cells.engines import Limits


class InMemoryTest(testtools.TestCase):
    def test_all_threads_see_the_same_database(self) -> None:
        store = cell_store.connect("one", "sqlite://")
        schema.upgrade(store.database.engine, schema.Tree.CELL)
        outcomes = together(8, lambda number: store.beat_service("compute", str(number)))
        self.assertEqual([None] * 8, outcomes)
        self.assertEqual(8, len(store.services()))

    def test_two_are_apart(self) -> None:
        one, two = (cell_store.connect(name, "sqlite://") for name in ("one", "two"))
        schema.upgrade(one.database.engine, schema.Tree.CELL)
        self.assertRaises(errors.CellUnreachable, two.hosts)


class UnreachableTest(testtools.TestCase):
    def test_a_server_that_is_away_is_an_error_of_its_own(self) -> None:
        for url in (
            "sqlite:////nowhere/at/all.sqlite",
            "mysql+pymysql://user@127.0.0.1:1/cell",
            "postgresql+psycopg2://user@127.0.0.1:1/cell",
        ):
            store = cell_store.connect("one", url, Limits(connect_timeout=1))
            error = self.assertRaises(errors.CellUnreachable, store.ping)
            self.assertEqual("one", error.cell)
            self.assertRaises(errors.ApiDatabaseUnreachable, api_store.connect(url).ping)

    def test_so_is_one_without_tables(self) -> None:
        store = cell_store.connect("one", "sqlite://")
        error = self.assertRaises(errors.CellUnreachable, store.counts)
        self.assertIn("upgrade", error.detail)

    def test_one_that_comes_back_is_used_again(self) -> None:
        folder = Path(self.useFixture(fixtures.TempDir()).path) / "later"
        store = cell_store.connect("one", f"sqlite:///{folder}/cell.sqlite")
        self.assertRaises(errors.CellUnreachable, store.ping)
        folder.mkdir()
        store.ping()
        store.close()

    def test_one_that_stays_locked_is_given_up(self) -> None:
        file = Path(self.useFixture(fixtures.TempDir()).path) / "cell.sqlite"
        url = f"sqlite:///{file}"
        holder = cell_store.connect("one", url)
        schema.upgrade(holder.database.engine, schema.Tree.CELL)
        other = cell_store.connect("one", url, Limits(busy_timeout=0.01))

        def lock_out(connection: sa.Connection) -> None:
            self.assertRaises(errors.CellUnreachable, other.beat_service, "compute", "agent")
            # Readers are not kept waiting.
            self.assertEqual([], other.services())

        holder.database.write(lock_out)
        other.beat_service("compute", "agent")
        other.close()
        holder.close()


class TransactionsTest(StoreTest):
    def test_what_raises_keeps_nothing(self) -> None:
        def fail(connection: sa.Connection) -> None:
            connection.exec_driver_sql("INSERT INTO services VALUES ('a', 'b', 1)")
            raise LookupError

        self.assertRaises(LookupError, self.cell.database.write, fail)
        self.assertEqual([], self.cell.services())

    def test_a_deadlock_repeats_the_whole(self) -> None:
        runs: list[int] = []

        def contend(connection: sa.Connection) -> int:
            connection.exec_driver_sql("INSERT INTO services VALUES ('a', 'b', 1)")
            runs.append(len(runs))
            if len(runs) < 3:
                raise db_errors.DBDeadlock
            return len(runs)

        self.assertEqual(3, self.cell.database.write(contend))
        self.assertEqual(1, len(self.cell.services()))

    def test_writers_of_two_processes_wait_for_each_other(self) -> None:
        url = self.databases.urls["one"]
        stores = [cell_store.connect("one", url) for _ in range(4)]
        outcomes = together(
            16, lambda number: stores[number % 4].beat_service("compute", str(number))
        )
        self.assertEqual([None] * 16, outcomes)
        self.assertEqual(16, len(self.cell.services()))
        for store in stores:
            store.close()

    def test_a_store_made_before_a_fork_works_in_the_child(self) -> None:
        self.cell.beat_service("compute", "parent")
        child = os.fork()
        if child == 0:
            code = 1
            try:
                self.cell.beat_service("compute", "child")
                self.cell.close()
                code = 0
            finally:
                os._exit(code)
        self.assertEqual(0, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        self.assertEqual(["child", "parent"], [one.name for one in self.cell.services()])

    def test_foreign_keys_hold(self) -> None:
        orphan = functools.partial(
            self.cell.database.write,
            lambda connection: connection.exec_driver_sql(
                "INSERT INTO group_members VALUES ('nobody', 'group', 'host')"
            ),
        )
        self.assertRaises(db_errors.DBReferenceError, orphan)


class ClockTest(StoreTest):
    def test_it_is_the_databases_time_in_seconds_with_fractions(self) -> None:
        before = self.cell.clock()
        self.assertAlmostEqual(time.time(), before, delta=2)
        time.sleep(0.02)
        self.assertTrue(0.01 < self.cell.clock() - before < 2)

    def test_each_database_has_its_own_expression(self) -> None:
        for dialect, clock in (
            (mysql.dialect, "UNIX_TIMESTAMP(NOW(6))"),
            (postgresql.dialect, "clock_timestamp()"),
        ):
            self.assertIn(clock, str(sa.select(db_now()).compile(dialect=dialect())))
