"""Connections to PostgreSQL that give up waiting, which libpq's own never do.

psycopg2 waits for as long as the server's machine takes what is sent, as that of
a server that hangs does. How psycopg2 waits is said once for the whole process;
connections that are not made here wait as before.
"""

from __future__ import annotations

import math
import select
import time
from typing import Any

from psycopg2 import OperationalError, extensions


class Connection(extensions.connection):
    """One that gives up; `connections` makes the kind with the right numbers."""

    connect_timeout: float = math.inf
    answer_timeout: float = math.inf


def connections(connect_timeout: float, answer_timeout: float) -> type[Connection]:
    """Return the class of connections that wait so many seconds: for the server, for an answer."""
    extensions.set_wait_callback(wait)
    limits = {"connect_timeout": connect_timeout, "answer_timeout": answer_timeout}
    return type("BoundedConnection", (Connection,), limits)


def wait(connection: Any) -> None:
    """Return once the server has answered; OperationalError where that takes too long.

    psycopg2 closes the connection then, for nobody knows what is still on its way.
    """
    limit = _limit(connection)
    end = time.monotonic() + limit
    while (wanted := _wanted(connection.poll())) is not None:
        if not _is_ready(connection.fileno(), wanted, end - time.monotonic()):
            raise OperationalError(f"the server did not answer within {limit:g} s")


def _limit(connection: Any) -> float:
    begins = connection.status == extensions.STATUS_SETUP
    if isinstance(connection, Connection):
        return connection.connect_timeout if begins else connection.answer_timeout
    # One of somebody else in this process: libpq would keep to what its address says.
    said = extensions.parse_dsn(connection.dsn).get("connect_timeout") if begins else None
    return float(said) if said and float(said) > 0 else math.inf


def _wanted(state: int) -> int | None:
    """Return what has to happen first; None where all is done."""
    match state:
        case extensions.POLL_OK:
            return None
        case extensions.POLL_READ:
            return select.POLLIN
        case extensions.POLL_WRITE:
            return select.POLLOUT
    raise OperationalError(f"psycopg2 is in state {state}")


def _is_ready(file: int, event: int, seconds: float) -> bool:
    # Unlike select() it takes any number of files.
    poller = select.poll()
    poller.register(file, event)
    if math.isinf(seconds):
        return bool(poller.poll())
    return seconds > 0 and bool(poller.poll(math.ceil(seconds * 1000)))
