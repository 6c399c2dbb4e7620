"""The databases' tables, brought up to date by alembic.

Each database has a tree of revisions of its own. `upgrade` works on an engine
that it is given, so it takes any database that a store takes.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path

import sqlalchemy as sa
from alembic import command, config, context, migration, script


class Tree(Enum):
    """Which database: the folder with its revisions."""

    API = "api_migrations"
    CELL = "cell_migrations"


def upgrade(engine: sa.Engine, tree: Tree, revision: str = "head") -> None:
    """Bring the database's tables to this revision; nothing happens if they are there."""
    with engine.begin() as connection:
        settings = _settings(tree)
        settings.attributes["connection"] = connection
        command.upgrade(settings, revision)


def version(engine: sa.Engine) -> str | None:
    """Return the revision that the database is at, None if it has no tables of ours."""
    with engine.connect() as connection:
        return migration.MigrationContext.configure(connection).get_current_revision()


def newest(tree: Tree) -> str | None:
    """Return the revision that `upgrade` leads to."""
    return script.ScriptDirectory.from_config(_settings(tree)).get_current_head()


def run_revisions(metadata: sa.MetaData) -> None:
    """Run what alembic decided on, on the connection that it was given: a tree's env.py."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        # SQLite changes a table by copying it.
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _settings(tree: Tree) -> config.Config:
    settings = config.Config()
    folder = Path(__file__).parent / tree.value
    # A "%" would start an interpolation.
    settings.set_main_option("script_location", str(folder).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    return settings
