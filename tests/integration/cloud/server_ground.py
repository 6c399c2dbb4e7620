"""The ground of real servers: RabbitMQ, a database server, and Placement over HTTP."""

from __future__ import annotations

import re
from typing import Any

import fixtures
import testtools
from keystoneauth1 import adapter as ksa_adapter
from keystoneauth1 import token_endpoint
from oslo_concurrency import lockutils

from tests.functional.support.cloud import CloudSpec
from tests.functional.support.ground import Ground
from tests.integration.cells.subject import DatabaseServer, ServerDatabases
from tests.integration.support import connecting, permissions, shared
from understudy.ledger import http
from understudy.rpcapi import notifier
from understudy.rpcapi.bus import Bus

EVERYTHING = {"configure": ".*", "write": ".*", "read": ".*"}
LONGEST_POLL = "oslo_messaging._drivers.amqpdriver.ACK_REQUEUE_EVERY_SECONDS_MAX"
"""Seconds after which a listener looks whether it was stopped; five, if it is long idle."""


class ServerGround(Ground):
    """A vhost and user for each bus, a database and user for each level, Placement as new.

    Each connection to a bus has the options that operators are given, and the
    name of a process of its own.
    """

    def __init__(self, test: testtools.TestCase, server: DatabaseServer, spec: CloudSpec) -> None:
        """Take what is the test's own on the shared servers, the databases on `server`."""
        super().__init__(spec)
        self._test = test
        self._server = server

    def _setUp(self) -> None:  # noqa: N802
        self.databases = self.useFixture(
            ServerDatabases(self._server, *self.spec.cells, announces=self.spec.announces)
        )
        self.transport_urls = {name: shared.vhost(self._test, name) for name in self.buses}
        self._users: dict[tuple[str, str], str] = {}
        self._placement = shared.placement(self._test)
        lockutils.set_defaults(self.useFixture(fixtures.TempDir()).path)
        self.useFixture(fixtures.MonkeyPatch(LONGEST_POLL, 0.2))

    def open_bus(self, name: str, transport_url: str, agent: str | None = None) -> Bus:
        unit = connecting.TESTS if agent is None else f"understudy-compute-{_plain(agent)}"
        return Bus.open(name, transport_url, conf=connecting.as_a_process(self, unit))

    def url_of_agent(self, bus: str, user: str, agent: str) -> str:
        broker = shared.rabbitmq(self._test)
        # No pattern is written for a name that no operator would give.
        may = permissions.of_agent(bus, agent) if agent == _plain(agent) else (EVERYTHING, None)
        url = self._users.get((bus, user))
        if url is None:
            url = broker.add_user(self.transport_urls[bus], _plain(user), *may)
            self._users[bus, user] = url
            self._test.addCleanup(broker.remove_user, url)
        else:
            broker.allow(url, *may)
        return url

    def open_bus_as(self, name: str, user: str) -> Bus:
        broker = shared.rabbitmq(self._test)
        url = broker.add_user(self.transport_urls[name], user, EVERYTHING)
        self.addCleanup(broker.remove_user, url)
        return self.open_bus(name, url)

    def open_notifications(self, transport_url: str) -> Any:
        return notifier.open_transport(transport_url, connecting.as_a_process(self))

    def connect_to_placement(self) -> ksa_adapter.Adapter:
        return http.connect(token_endpoint.Token(self._placement.url, "admin"))


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)
