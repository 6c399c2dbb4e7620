"""Servers that the tests of one process share: started on first use, ended at its exit.

A test takes what is its own on them: a vhost, a database, a wiped Placement.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from typing import TypeVar

import testtools

from tests.integration.support.mariadb import MariaDB
from tests.integration.support.placement import Placement
from tests.integration.support.postgresql import PostgreSQL
from tests.integration.support.rabbitmq import RabbitMQ
from tests.integration.support.server import Server

INSTALL = "sudo tools/install-packages integration"

_S = TypeVar("_S", bound=Server)
_started: dict[type[Server], Server | Exception] = {}


def require(test: testtools.TestCase, *kinds: type[Server]) -> None:
    """Skip the test if a server is not installed; in CI, fail it."""
    missing = sorted({program for kind in kinds for program in kind.missing()})
    if not missing:
        return
    found = f"{', '.join(missing)} not installed. This installs it: {INSTALL}"
    if os.environ.get("CI") == "true":
        test.fail(found)
    test.skipTest(found)


def rabbitmq(test: testtools.TestCase) -> RabbitMQ:
    """Return this process's RabbitMQ."""
    require(test, RabbitMQ)
    return _shared(RabbitMQ, RabbitMQ)


def mariadb(test: testtools.TestCase) -> MariaDB:
    """Return this process's MariaDB."""
    require(test, MariaDB)
    return _shared(MariaDB, MariaDB)


def postgresql(test: testtools.TestCase) -> PostgreSQL:
    """Return this process's PostgreSQL."""
    require(test, PostgreSQL)
    return _shared(PostgreSQL, PostgreSQL)


def placement(test: testtools.TestCase) -> Placement:
    """Return this process's Placement, as new for this test."""
    database = mariadb(test)
    found = _shared(Placement, lambda: Placement(database))
    found.wipe()
    return found


def vhost(test: testtools.TestCase, name: str) -> str:
    """Return the transport URL of a vhost that goes with the test."""
    broker = rabbitmq(test)
    url = broker.add_vhost(name)
    test.addCleanup(broker.remove_vhost, url)
    return url


def database(test: testtools.TestCase, server: MariaDB | PostgreSQL, name: str) -> str:
    """Return the URL of a database that goes with the test."""
    url = server.create_database(name)
    test.addCleanup(server.drop_database, url)
    return url


def _shared(kind: type[_S], make: Callable[[], _S]) -> _S:
    """Return the one server of its kind; what failed to start once is not tried again."""
    if kind not in _started:
        _started[kind] = _start(make())
    server = _started[kind]
    if isinstance(server, Exception):
        raise RuntimeError(f"{kind.__name__} did not start for an earlier test") from server
    assert isinstance(server, kind)
    if not server.is_running:
        server.start()
    return server


def _start(server: Server) -> Server | Exception:
    try:
        server.setUp()
    except Exception as error:
        return error
    # Ended in reverse: Placement goes before its database.
    atexit.register(_end, server, os.getpid())
    return server


def _end(server: Server, owner: int) -> None:
    # A process that was forked by a test ends nothing of ours.
    if os.getpid() == owner:
        server.cleanUp()
