"""The databases' tables, brought up to date by alembic.

Each database has a tree of revisions of its own. `upgrade` works on an engine
that it is given, so it takes any database that a store takes. Services may run
meanwhile: each revision is a transaction of its own, waits for no lock for long,
and can step out of its transaction for what is done online (see online.py).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command, config, context, migration, script
from alembic.util import CommandError
from oslo_db import exception as db_errors
from sqlalchemy import exc

from understudy.cells import engines, errors

LOCK_TIMEOUT: Final = 10
"""Seconds that a revision waits for a table: whoever comes meanwhile waits behind it."""

_LOCK_TIMEOUTS: Final = {
    "mysql": "SET SESSION lock_wait_timeout = {}",
    "mariadb": "SET SESSION lock_wait_timeout = {}",
    "postgresql": "SET lock_timeout = '{}s'",
}
# MariaDB's are the server's, PostgreSQL's the database's.
_TURNS: Final = {
    "mysql": "SELECT GET_LOCK(CONCAT('understudy/', DATABASE()), 0)",
    "mariadb": "SELECT GET_LOCK(CONCAT('understudy/', DATABASE()), 0)",
    "postgresql": "SELECT pg_try_advisory_lock(hashtext('understudy schema'))",
}
_BETWEEN_LOOKS: Final = 0.2
"""Seconds."""
_MYSQL_LOCK_WAIT_TIMEOUT: Final = 1205
_POSTGRESQL_LOCK_NOT_AVAILABLE: Final = "55P03"


class Tree(Enum):
    """Which database: the folder with its revisions."""

    API = "api_migrations"
    CELL = "cell_migrations"


def upgrade(engine: sa.Engine, tree: Tree, revision: str = "head") -> None:
    """Bring the database's tables to this revision; nothing happens if they are there.

    Raises SchemaTooNew where a newer release was here before, and SchemaBusy
    where a table was in use for too long: the revision is to be run again.
    """
    migrate(engine, settings(tree), revision)


def migrate(
    engine: sa.Engine,
    revisions: config.Config,
    revision: str = "head",
    lock_timeout: int = LOCK_TIMEOUT,
) -> None:
    """Do what `upgrade` does, with revisions of the caller's choice."""
    with _connected(engine, lock_timeout) as connection:
        found = _version(connection)
        if not _knows(revisions, found):
            raise errors.SchemaTooNew(str(found), str(_newest(revisions)))
        revisions.attributes["connection"] = connection
        try:
            command.upgrade(revisions, revision)
        except (db_errors.DBError, exc.OperationalError) as error:
            if not _waited_too_long(error):
                raise
            raise errors.SchemaBusy(str(version(engine)), lock_timeout) from error


def version(engine: sa.Engine) -> str | None:
    """Return the revision that the database is at, None if it has no tables of ours."""
    with engine.connect() as connection:
        return _version(connection)


def newest(tree: Tree) -> str | None:
    """Return the revision that `upgrade` leads to."""
    return _newest(settings(tree))


def is_known(found: str | None, tree: Tree) -> bool:
    """Is this a revision of this release, and not of a newer one?"""
    return _knows(settings(tree), found)


def settings(tree: Tree) -> config.Config:
    """Return what alembic needs to know of a tree."""
    found = config.Config()
    folder = Path(__file__).parent / tree.value
    # A "%" would start an interpolation.
    found.set_main_option("script_location", str(folder).replace("%", "%%"))
    found.set_main_option("path_separator", "os")
    return found


def run_revisions(metadata: sa.MetaData) -> None:
    """Run what alembic decided on, on the connection that it was given: a tree's env.py."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        transaction_per_migration=True,
        # SQLite changes a table by copying it.
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


@contextlib.contextmanager
def _connected(engine: sa.Engine, lock_timeout: int) -> Iterator[sa.Connection]:
    """Open a connection whose statements wait so many seconds for a table."""
    # On SQLite, who has read may not be let to write any more; on others this says nothing.
    with engine.execution_options(begin="BEGIN IMMEDIATE").connect() as connection:
        bounded = _LOCK_TIMEOUTS.get(engine.dialect.name)
        if bounded is None:
            yield connection
            return
        try:
            _take_turn(connection)
            connection.exec_driver_sql(bounded.format(lock_timeout))
            connection.commit()
            yield connection
        finally:
            # Nobody else is to have it with this setting, and the turn ends with it.
            connection.invalidate()


def _take_turn(connection: sa.Connection) -> None:
    """Wait until nobody else upgrades this database.

    Not within one statement: that would be a transaction for which PostgreSQL
    waits before it builds an index concurrently.
    """
    is_mine = sa.text(_TURNS[connection.dialect.name])
    while not connection.execute(is_mine).scalar():
        connection.commit()
        time.sleep(_BETWEEN_LOOKS)
    connection.commit()


def _version(connection: sa.Connection) -> str | None:
    found = migration.MigrationContext.configure(connection).get_current_revision()
    connection.rollback()
    return found


def _newest(revisions: config.Config) -> str | None:
    return script.ScriptDirectory.from_config(revisions).get_current_head()


def _knows(revisions: config.Config, found: str | None) -> bool:
    if found is None:
        return True
    try:
        script.ScriptDirectory.from_config(revisions).get_revision(found)
    except CommandError:
        return False
    return True


def _waited_too_long(error: Exception) -> bool:
    said = engines.said_by_driver(error)
    is_postgresqls = getattr(said, "pgcode", None) == _POSTGRESQL_LOCK_NOT_AVAILABLE
    return is_postgresqls or said.args[:1] == (_MYSQL_LOCK_WAIT_TIMEOUT,)
