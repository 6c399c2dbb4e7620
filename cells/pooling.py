"""What a pool of connections asks the server, beside what it is told: as little as it may.

SQLAlchemy's own pools can ask at every use whether a connection is alive, and
say ROLLBACK after every COMMIT. Each is a round trip that a retry of a build
would wait for some twenty times.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import exc

IDLE: Final = 10.0
"""Seconds after which a connection that nobody used is tested before it is used."""

_LAST_USED: Final = "understudy_last_used"
_ENDED: Final = "understudy_ended"


def test_after_idling(engine: sa.Engine, clock: Callable[[], float] = time.monotonic) -> None:
    """Test connections as they are taken from the pool, if nobody has used them for a while."""

    @sa.event.listens_for(engine, "checkin")
    def _note(connection: Any, record: Any) -> None:
        record.info[_LAST_USED] = clock()

    @sa.event.listens_for(engine, "checkout")
    def _test(connection: Any, record: Any, proxy: Any) -> None:
        now = clock()
        if now - record.info.get(_LAST_USED, now) <= IDLE:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            # The pool takes another one.
            raise exc.DisconnectionError(str(error)) from error


def end_once(engine: sa.Engine) -> None:
    """Say ROLLBACK on a connection's return only where nothing has ended its transaction.

    For an engine with `pool_reset_on_return=None`.
    """

    def noted(end: Callable[[Any], None]) -> Callable[[Any], None]:
        def end_and_note(connection: Any) -> None:
            end(connection)
            # None before the pool has it: SQLAlchemy tries the server on the first connection.
            with contextlib.suppress(NotImplementedError):
                connection.info[_ENDED] = True

        return end_and_note

    dialect: Any = engine.dialect
    dialect.do_commit = noted(dialect.do_commit)
    dialect.do_rollback = noted(dialect.do_rollback)

    @sa.event.listens_for(engine, "reset")
    def _reset(connection: Any, record: Any, state: Any) -> None:
        ended = record is not None and record.info.pop(_ENDED, False)
        if not ended and not state.transaction_was_reset:
            connection.rollback()
