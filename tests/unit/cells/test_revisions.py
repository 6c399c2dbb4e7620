"""Every revision keeps what is in the tables, and leads to what the stores use.

Nothing here knows which revisions there are: a new one is tested as it is added.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
import testtools
from alembic import autogenerate, config, migration, script

from tests.unit.cells import sample_rows
from understudy.cells import cell_store, errors, schema, tables_api, tables_cell
from understudy.cells.engines import Database, Limits

METADATA = {schema.Tree.API: tables_api.metadata, schema.Tree.CELL: tables_cell.metadata}

TOMORROW = '''"""What a revision of tomorrow may do while services run."""

import sqlalchemy as sa
from alembic import op

from understudy.cells import online

revision = "tomorrow"
down_revision = "{newest}"


def upgrade() -> None:
    online.add_column("{table}", sa.Column("tomorrow", sa.String(32)))
    online.create_index("ix_{table}_tomorrow", "{table}", ["tomorrow", "{column}"])
    table = sa.table("{table}", sa.column("tomorrow"))
    op.execute(table.update().values(tomorrow="here"))
'''
COLUMNS = {schema.Tree.API: ("requests", "created_at"), schema.Tree.CELL: ("services", "seen_at")}


class RevisionsCase(testtools.TestCase):
    """Databases to upgrade: on SQLite."""

    def make_database(self) -> str:
        """Return the URL of a new, empty database."""
        return f"sqlite:///{self.folder()}/database.sqlite"

    def folder(self) -> Path:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return Path(folder.name)

    def open(self, url: str, limits: Limits | None = None) -> Database:
        database = Database(url, limits=limits)
        self.addCleanup(database.close)
        return database

    def empty(self) -> sa.Engine:
        return self.open(self.make_database()).engine

    def revisions(self, tree: schema.Tree) -> Iterator[tuple[str, str]]:
        """Yield each revision with the one before it, the oldest first."""
        known = script.ScriptDirectory.from_config(schema.settings(tree))
        for found in reversed(list(known.walk_revisions())):
            yield str(found.down_revision or "base"), found.revision

    def tomorrow(self, tree: schema.Tree) -> config.Config:
        """Return the tree with one revision more."""
        settings = schema.settings(tree)
        ours = script.ScriptDirectory.from_config(settings).versions
        folder = self.folder()
        table, column = COLUMNS[tree]
        text = TOMORROW.format(newest=schema.newest(tree), table=table, column=column)
        (folder / "tomorrow.py").write_text(text)
        settings.set_main_option("version_locations", os.pathsep.join([ours, str(folder)]))
        return settings

    def assert_as_the_stores_need(self, engine: sa.Engine, tree: schema.Tree) -> None:
        with engine.connect() as connection:
            context = migration.MigrationContext.configure(connection, opts={"compare_type": True})
            self.assertEqual([], autogenerate.compare_metadata(context, METADATA[tree]))


class RevisionsTest(RevisionsCase):
    """What has to hold on servers too."""

    def test_each_keeps_what_the_one_before_left(self) -> None:
        for tree in schema.Tree:
            for before, revision in self.revisions(tree):
                engine = self.empty()
                if before != "base":
                    schema.upgrade(engine, tree, before)
                kept = sample_rows.insert(engine)
                schema.upgrade(engine, tree, revision)
                self.assertEqual(kept, sample_rows.read(engine, kept), f"{tree} {revision}")
                self.assertEqual(revision, schema.version(engine))

    def test_one_after_the_other_they_lead_to_what_the_stores_use(self) -> None:
        for tree in schema.Tree:
            engine = self.empty()
            for _, revision in self.revisions(tree):
                schema.upgrade(engine, tree, revision)
            self.assert_as_the_stores_need(engine, tree)

    def test_a_revision_of_tomorrow_keeps_everything(self) -> None:
        for tree in schema.Tree:
            engine = self.empty()
            schema.upgrade(engine, tree)
            kept = sample_rows.insert(engine)
            schema.migrate(engine, self.tomorrow(tree))
            self.assertEqual(kept, sample_rows.read(engine, kept))
            table, _ = COLUMNS[tree]
            indexes = [one["name"] for one in sa.inspect(engine).get_indexes(table)]
            self.assertIn(f"ix_{table}_tomorrow", indexes)
            with engine.connect() as connection:
                found = connection.execute(sa.text(f"SELECT DISTINCT tomorrow FROM {table}"))
                self.assertEqual([("here",)], [tuple(row) for row in found])

    def test_one_that_was_cut_off_is_run_again(self) -> None:
        """As after a crash between its steps and the note that it was taken."""
        for tree in schema.Tree:
            engine = self.empty()
            schema.migrate(engine, self.tomorrow(tree))
            with engine.begin() as connection:
                version = sa.text("UPDATE alembic_version SET version_num = :number")
                connection.execute(version, {"number": schema.newest(tree)})
            schema.migrate(engine, self.tomorrow(tree))
            self.assertEqual("tomorrow", schema.version(engine))

    def test_several_upgrade_at_once(self) -> None:
        """As where each of three controllers does after it was installed."""
        url, tomorrow = self.make_database(), self.tomorrow(schema.Tree.API)
        children = [self.fork(url, tomorrow) for _ in range(3)]
        ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        self.assertEqual([0] * 3, ended)
        self.assertEqual("tomorrow", schema.version(self.open(url).engine))

    def fork(self, url: str, revisions: config.Config) -> int:
        """Upgrade the database in a process of its own; alembic does one at a time in each."""
        child = os.fork()
        if child == 0:
            code = 1
            try:
                schema.migrate(Database(url).engine, revisions)
                code = 0
            finally:
                os._exit(code)
        return child

    def test_services_run_meanwhile(self) -> None:
        """This release's, on tomorrow's schema, before, during and after the upgrade."""
        url = self.make_database()
        schema.upgrade(self.open(url).engine, schema.Tree.CELL)
        store = cell_store.connect("one", url)
        self.addCleanup(store.close)
        upgraded = threading.Event()
        outcomes: list[Exception | None] = []

        def serve(name: str) -> None:
            after = 0
            while after < 20:
                after += upgraded.is_set()
                try:
                    store.beat_service("conductor", name)
                    store.services()
                except Exception as error:
                    outcomes.append(error)
                    return
            outcomes.append(None)

        threads = [threading.Thread(target=serve, args=(str(each),)) for each in range(3)]
        for thread in threads:
            thread.start()
        try:
            schema.migrate(self.open(url).patient().engine, self.tomorrow(schema.Tree.CELL))
        finally:
            upgraded.set()
            for thread in threads:
                thread.join()
        self.assertEqual([None] * 3, outcomes)
        self.assertEqual(["0", "1", "2"], [one.name for one in store.services()])


class SqliteTest(RevisionsCase):
    """What is the same wherever it is tried."""

    def test_the_sample_fills_every_column_of_every_table(self) -> None:
        """Or else the tests above would prove little."""
        for tree, metadata in METADATA.items():
            engine = self.empty()
            schema.upgrade(engine, tree)
            made = sample_rows.insert(engine)
            self.assertEqual(sorted(metadata.tables), sorted(made))
            for rows in made.values():
                self.assertNotIn(None, max(rows, key=_filled).values())

    def test_a_newer_release_s_schema_is_left_alone(self) -> None:
        for tree in schema.Tree:
            engine = self.empty()
            schema.migrate(engine, self.tomorrow(tree))
            newer = self.assertRaises(errors.SchemaTooNew, schema.upgrade, engine, tree)
            self.assertEqual(("tomorrow", schema.newest(tree)), newer.args)
            self.assertEqual("tomorrow", schema.version(engine))
            self.assertFalse(schema.is_known("tomorrow", tree))


def _filled(row: dict[str, object]) -> int:
    return sum(value is not None for value in row.values())
