"""The ground of real servers: RabbitMQ, a database server, and Placement over HTTP."""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Sequence
from pathlib import Path

import fixtures
import testtools
from keystoneauth1 import adapter as ksa_adapter
from keystoneauth1 import token_endpoint
from oslo_concurrency import lockutils

from tests.functional.support.ground import Ground
from tests.integration.cells.subject import DatabaseServer, ServerDatabases
from tests.integration.support import shared
from understudy.ledger import http
from understudy.rpcapi import options
from understudy.rpcapi.bus import Bus

LONGEST_POLL = "oslo_messaging._drivers.amqpdriver.ACK_REQUEUE_EVERY_SECONDS_MAX"
"""Seconds after which a listener looks whether it was stopped; five, if it is long idle."""

_numbers = itertools.count(1)


class ServerGround(Ground):
    """A vhost and user for each bus, a database and user for each level, Placement as new.

    Each connection to a bus has the options that operators are given, and the
    name of a process of its own.
    """

    def __init__(
        self, test: testtools.TestCase, server: DatabaseServer, cells: Sequence[str]
    ) -> None:
        """Take what is the test's own on the shared servers, the databases on `server`."""
        super().__init__(cells)
        self._test = test
        self._server = server

    def _setUp(self) -> None:  # noqa: N802
        self.databases = self.useFixture(
            ServerDatabases(self._server, *self.cells, announces=False)
        )
        self.transport_urls = {name: shared.vhost(self._test, name) for name in self.buses}
        self._placement = shared.placement(self._test)
        lockutils.set_defaults(self.useFixture(fixtures.TempDir()).path)
        self.useFixture(fixtures.MonkeyPatch(LONGEST_POLL, 0.2))

    def open_bus(self, name: str, transport_url: str) -> Bus:
        process = f"understudy-tests-{os.getpid()}-{next(_numbers)}"
        counter = Path(f"/dev/shm/{socket.gethostname()}_{process}_qmanager")
        self.addCleanup(counter.unlink, missing_ok=True)
        conf = options.private(use_queue_manager=True, processname=process)
        return Bus.open(name, transport_url, conf=conf)

    def connect_to_placement(self) -> ksa_adapter.Adapter:
        return http.connect(token_endpoint.Token(self._placement.url, "admin"))
