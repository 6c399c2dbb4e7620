"""One database: its engine, made on first use in each process, and its transactions.

A `Database` may be made before a fork, shared by threads, and kept while its
server is away: nothing is opened until a transaction is asked for.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from oslo_db import api as oslo_api
from oslo_db import exception as db_errors
from oslo_db.sqlalchemy import exc_filters
from sqlalchemy import exc

from understudy.cells import errors, pooling, tls

_R = TypeVar("_R")

_UNREACHABLE: Final = (
    db_errors.DBConnectionError,
    db_errors.DBDeadlock,
    db_errors.DBNonExistentDatabase,
    db_errors.DBNonExistentTable,
    exc.OperationalError,
    exc.InterfaceError,
    exc.TimeoutError,
)

_GRACE: Final = 1
"""Seconds for a server to say that it has given up itself."""

_RECYCLED_AFTER: Final = 3600
"""Seconds after which a connection is closed: before a server or a firewall does."""

_PROMPT: Final = 1.0
"""Seconds within which a connection turns out to be dead that was so before it was used."""

_POSTGRESQL_UNDEFINED_TABLE: Final = "42P01"
_MYSQL_NO_SUCH_TABLE: Final = 1146


@dataclass(frozen=True, slots=True)
class Limits:
    """How many connections a process opens, and how long it waits (seconds)."""

    max_pool_size: int = 10
    max_overflow: int = 20
    pool_timeout: float = 10.0
    connect_timeout: int = 5
    answer_timeout: int | None = 30
    """For one statement's answer, None for ever; SQLite needs none."""
    busy_timeout: float = 10.0
    """SQLite only: for another process's transaction to end."""


class Database:
    """Transactions on one database, for any thread of any process.

    `unreachable` makes the error that stands for "it does not answer", from
    what the driver said.
    """

    def __init__(
        self,
        url: str | sa.URL,
        unreachable: Callable[[str], Exception] = errors.ApiDatabaseUnreachable,
        limits: Limits | None = None,
    ) -> None:
        """Remember where the database is; open nothing yet. Raises UntrustedUrl."""
        self._url = sa.make_url(url)
        tls.secured(self._url)
        self._unreachable = unreachable
        self._limits = limits or Limits()
        self._by_process: dict[int, _Opened] = {}

    @property
    def engine(self) -> sa.Engine:
        """This process's engine, for what takes a connection of its own."""
        return self._opened().engine

    @property
    def engines(self) -> set[sa.Engine]:
        """All engines of this process, for who watches its statements."""
        opened = self._opened()
        return {opened.engine, opened.reader}

    def read(self, work: Callable[[sa.Connection], _R]) -> _R:
        """Return what `work` finds; it changes nothing.

        Each of its statements sees what was committed before that statement. On
        SQLite, all of them see the same.
        """
        opened = self._opened()
        with self._translated(), opened.turn_to_read:
            return _on_a_live_one(opened.reader.connect, work)

    def write(self, work: Callable[[sa.Connection], _R]) -> _R:
        """Return what `work` returns, committed; nothing is kept if it raises.

        `work` is repeated as a whole after a deadlock, or when it raises RetryRequest,
        and once where the connection turned out to be dead before the COMMIT.
        """
        with self._translated():
            result: _R = self._write(work)
            return result

    def check_files(self) -> None:
        """Raise UntrustedUrl where a file of TLS that the URL names cannot be read."""
        tls.check_files(self._url)

    def patient(self) -> Database:
        """Return the same database for statements that may take as long as they need."""
        limits = dataclasses.replace(self._limits, answer_timeout=None)
        return Database(self._url, self._unreachable, limits)

    def close(self) -> None:
        """Close this process's connections; the next transaction opens new ones."""
        opened = self._by_process.pop(os.getpid(), None)
        if opened is not None:
            opened.engine.dispose()
            opened.reader.dispose()

    @oslo_api.wrap_db_retry(
        max_retries=8, retry_interval=0.02, max_retry_interval=1.0, retry_on_deadlock=True
    )
    def _write(self, work: Callable[[sa.Connection], _R]) -> _R:
        opened = self._opened()
        with opened.turn_to_write:
            return _on_a_live_one(opened.writer.begin, work)

    def _opened(self) -> _Opened:
        # An engine holds no connection yet, so one that another thread made first costs nothing.
        pid = os.getpid()
        return self._by_process.get(pid) or self._by_process.setdefault(
            pid, _open(self._url, self._limits)
        )

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except _UNREACHABLE as error:
            raise self._unreachable(_detail(error)) from error
        except (db_errors.DBError, exc.ProgrammingError) as error:
            if not _lacks_table(error):
                raise
            raise self._unreachable(_detail(error)) from error


def _on_a_live_one(
    connect: Callable[[], contextlib.AbstractContextManager[sa.Connection]],
    work: Callable[[sa.Connection], _R],
) -> _R:
    """Return what `work` returns, on a second connection where the first was dead already.

    Not once the work is done: what failed then is the COMMIT, and nobody knows how.
    """
    began, is_done = time.monotonic(), False
    try:
        with connect() as connection:
            result = work(connection)
            is_done = True
        return result
    except db_errors.DBConnectionError:
        if is_done or time.monotonic() - began > _PROMPT:
            raise
    with connect() as connection:
        return work(connection)


def said_by_driver(error: Exception) -> Exception:
    """Return what the driver raised, beneath oslo.db's and SQLAlchemy's names for it."""
    cause = error.inner_exception if isinstance(error, db_errors.DBError) else error
    return getattr(cause, "orig", None) or cause or error


@dataclass(frozen=True, slots=True)
class _Opened:
    """What one process has open: `engine` for all that has a connection of its own.

    SQLite has one writer at a time. Taking turns here is fair and fast, where
    its own way to wait is to sleep and look again.
    """

    engine: sa.Engine
    reader: sa.Engine
    writer: sa.Engine
    turn_to_read: contextlib.AbstractContextManager[Any]
    turn_to_write: contextlib.AbstractContextManager[Any]


def _open(url: sa.URL, limits: Limits) -> _Opened:
    if url.get_backend_name() != "sqlite":
        writer, reader = _server_engine(url, limits), _server_engine(url, limits, reads=True)
        return _Opened(writer, reader, writer, contextlib.nullcontext(), contextlib.nullcontext())
    in_memory = url.database in {None, "", ":memory:"}
    engine = _sqlite_engine(url, limits, in_memory)
    turn = threading.Lock()
    return _Opened(
        engine,
        engine,
        engine.execution_options(begin="BEGIN IMMEDIATE"),
        # In memory there is one connection, so readers take turns too.
        turn if in_memory else contextlib.nullcontext(),
        turn,
    )


def _server_engine(url: sa.URL, limits: Limits, *, reads: bool = False) -> sa.Engine:
    """Return an engine; one that only `reads` has no transactions, whose ends cost a round trip.

    Nothing is lost by that: on committed reads, statements of one transaction
    see no more of the same than those of several.
    """
    is_mysql = url.get_backend_name() in {"mysql", "mariadb"}
    secured = tls.secured(url)
    url = secured.url.update_query_dict({"connect_timeout": str(limits.connect_timeout)})
    if is_mysql and "charset" not in url.query:
        url = url.update_query_dict({"charset": "utf8mb4"})
    if not is_mysql and "client_encoding" not in url.query:
        url = url.update_query_dict({"client_encoding": "utf8"})
    autocommit = {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}
    engine = sa.create_engine(
        url,
        pool_size=limits.max_pool_size,
        max_overflow=limits.max_overflow,
        pool_timeout=limits.pool_timeout,
        pool_recycle=_RECYCLED_AFTER,
        # The newest first, so that few need a test.
        pool_use_lifo=True,
        pool_reset_on_return=None,
        **(autocommit if reads else {}),
    )
    pooling.test_after_idling(engine)
    pooling.end_once(engine)
    _give_up_in_time(engine, limits)
    _verify(engine, secured)
    if is_mysql:
        # UTC for the clock; committed reads, so that what a lost race looks up is what won it.
        _on_connect(
            engine,
            "SET SESSION sql_mode = 'TRADITIONAL'",
            "SET SESSION time_zone = '+00:00'",
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        )
    elif limits.answer_timeout is not None:
        # The server lets go too, of locks for one.
        _on_connect(engine, f"SET statement_timeout = '{limits.answer_timeout}s'")
    exc_filters.register_engine(engine)
    return engine


def _verify(engine: sa.Engine, secured: tls.Secured) -> None:
    """Tell the driver of TLS what the URL said, each time it connects."""

    @sa.event.listens_for(engine, "do_connect")
    def _add(dialect: Any, record: Any, given: Any, named: dict[str, Any]) -> None:
        try:
            named.update(secured.arguments())
        except OSError as error:
            raise exc.OperationalError("connect", None, error) from error


def _give_up_in_time(engine: sa.Engine, limits: Limits) -> None:
    """Let the driver not wait for ever for a server that hangs and closes no connection."""
    if limits.answer_timeout is None:
        return
    arguments: dict[str, Any] = {}
    match engine.driver:
        case "pymysql":
            arguments = dict.fromkeys(("read_timeout", "write_timeout"), limits.answer_timeout)
        case "psycopg2":
            # It may not be installed.
            from understudy.cells import postgresql  # noqa: PLC0415

            patience = limits.answer_timeout + _GRACE
            made = postgresql.connections(limits.connect_timeout, patience)
            arguments = {"connection_factory": made}

    @sa.event.listens_for(engine, "do_connect")
    def _add(dialect: Any, record: Any, given: Any, named: dict[str, Any]) -> None:
        named.update(arguments)


def _sqlite_engine(url: sa.URL, limits: Limits, in_memory: bool) -> sa.Engine:
    """Return an engine that keeps its connections, which oslo.db's own for SQLite does not."""
    pool: dict[str, Any] = (
        {"poolclass": sa.StaticPool}
        if in_memory
        else {"poolclass": sa.QueuePool, "pool_size": limits.max_pool_size, "max_overflow": -1}
    )
    engine = sa.create_engine(
        url,
        connect_args={"timeout": limits.busy_timeout, "check_same_thread": False},
        **pool,
    )
    _on_connect(
        engine,
        "PRAGMA journal_mode = WAL",
        # Safe against a killed process; a power cut may take the last moments.
        "PRAGMA synchronous = NORMAL",
        "PRAGMA foreign_keys = ON",
    )

    @sa.event.listens_for(engine, "connect")
    def _begin_by_hand(connection: Any, record: Any) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A writer says so at once: a reader that wants to write later may have to be refused.
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    exc_filters.register_engine(engine)
    return engine


def _on_connect(engine: sa.Engine, *statements: str) -> None:
    @sa.event.listens_for(engine, "connect")
    def _set_up(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        cursor.close()
        # Or the first transaction that is rolled back takes it away again.
        connection.commit()


def _lacks_table(error: Exception) -> bool:
    """Is a table missing? oslo.db tells for SQLite only."""
    said = said_by_driver(error)
    return (
        isinstance(error, db_errors.DBNonExistentTable)
        or getattr(said, "pgcode", None) == _POSTGRESQL_UNDEFINED_TABLE
        or said.args[:1] == (_MYSQL_NO_SUCH_TABLE,)
    )


def _detail(error: Exception) -> str:
    said = str(said_by_driver(error)).strip().partition("\n")[0]
    return f"{said}; upgrade its schema first" if _lacks_table(error) else said
