"""The revisions lead to the tables that the stores use."""

from __future__ import annotations

import sqlalchemy as sa
import testtools
from alembic import autogenerate, migration

from understudy.cells import schema, tables_api, tables_cell
from understudy.cells.engines import Database

METADATA = {schema.Tree.API: tables_api.metadata, schema.Tree.CELL: tables_cell.metadata}


class SchemaTest(testtools.TestCase):
    def upgraded(self, tree: schema.Tree) -> sa.Engine:
        engine = Database("sqlite://").engine
        schema.upgrade(engine, tree)
        return engine

    def test_from_empty_they_lead_to_the_tables(self) -> None:
        for tree, metadata in METADATA.items():
            with self.upgraded(tree).connect() as connection:
                context = migration.MigrationContext.configure(
                    connection, opts={"compare_type": True, "compare_server_default": True}
                )
                self.assertEqual([], autogenerate.compare_metadata(context, metadata))

    def test_names_of_constraints_are_the_same_too(self) -> None:
        for tree, metadata in METADATA.items():
            made = Database("sqlite://").engine
            metadata.create_all(made)
            self.assertEqual(self._constraints(made), self._constraints(self.upgraded(tree)))

    def test_the_version_is_the_newest_and_upgrading_again_is_nothing(self) -> None:
        for tree in schema.Tree:
            engine = self.upgraded(tree)
            schema.upgrade(engine, tree)
            self.assertEqual(schema.newest(tree), schema.version(engine))
        self.assertIsNone(schema.version(Database("sqlite://").engine))

    def test_indexed_strings_are_short_enough_for_every_database(self) -> None:
        # InnoDB: 3,072 bytes, of which utf8mb4 takes 4 for a character.
        for metadata in METADATA.values():
            for table in metadata.tables.values():
                keys = [list(index.columns) for index in table.indexes]
                for columns in [*keys, list(table.primary_key.columns)]:
                    width = sum(4 * (getattr(one.type, "length", None) or 2) for one in columns)
                    self.assertTrue(width <= 3072, f"{table.name}: {columns}")

    def test_every_constraint_has_a_name(self) -> None:
        for metadata in METADATA.values():
            for table in metadata.tables.values():
                self.assertNotIn(None, [one.name for one in table.constraints], table.name)

    @staticmethod
    def _constraints(engine: sa.Engine) -> dict[str, object]:
        inspector = sa.inspect(engine)
        return {
            table: (
                inspector.get_pk_constraint(table),
                sorted(str(one) for one in inspector.get_foreign_keys(table)),
                sorted(str(one) for one in inspector.get_unique_constraints(table)),
                sorted(str(one) for one in inspector.get_indexes(table)),
            )
            for table in inspector.get_table_names()
            if table != "alembic_version"
        }
