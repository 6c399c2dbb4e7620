"""The buses of the functional tests, on a real broker: a vhost for each, quorum queues in it."""

from __future__ import annotations

import fixtures
from oslo_concurrency import lockutils
from oslo_config import cfg

from tests.functional.support.buses import Buses, BusTestCase
from tests.functional.support.foreign import ForeignClient
from tests.integration.support import connecting, shared
from tests.integration.support.rabbitmq import RabbitMQ
from understudy.rpcapi.bus import Bus


class RabbitBuses(Buses):
    """Each bus in a vhost of its own, with the options that operators are given."""

    def __init__(self, broker: RabbitMQ, cells: int = 1) -> None:
        super().__init__(cells)
        self.broker = broker
        self.urls: dict[str, str] = {}

    def _setUp(self) -> None:  # noqa: N802
        lockutils.set_defaults(self.useFixture(fixtures.TempDir()).path)
        super()._setUp()

    def open(self, name: str, user: str | None = None) -> Bus:
        """Return one more connection to the bus of this name; None: as its usual user."""
        if name not in self.urls:
            self.urls[name] = self.broker.add_vhost(name)
            self.addCleanup(self.broker.remove_vhost, self.urls[name])
        url = self.urls[name] if user is None else self._user_url(name, user)
        bus = Bus.open(name, url, conf=self._options())
        self.addCleanup(bus.close)
        return bus

    def foreign(self, bus: Bus, user: str) -> ForeignClient:
        """Return a client that is none of ours, logged in to a bus as a user of its own."""
        url = self._user_url(bus.name, user).replace("rabbit://", "amqp://")
        return self.useFixture(ForeignClient(url))

    def _user_url(self, name: str, user: str) -> str:
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        url = self.broker.add_user(self.urls[name], user, everything)
        self.addCleanup(self.broker.remove_user, url)
        return url

    def ready(self, bus: Bus, service: str) -> int:
        """Return how many messages for `service` nobody has taken from the broker."""
        return self.broker.ready(self.urls[bus.name], bus.topic(service))

    def _options(self) -> cfg.ConfigOpts:
        return connecting.as_a_process(self)


class OnRabbitMQ(BusTestCase):
    """A test of buses, moved to RabbitMQ."""

    def make_buses(self, cells: int = 1) -> RabbitBuses:
        return self.useFixture(RabbitBuses(shared.rabbitmq(self), cells))


class OnOneBus(OnRabbitMQ):
    """A test of what the broker does with the bus of one cell, at `url`."""

    def setUp(self) -> None:
        super().setUp()
        self.buses = self.make_buses()
        self.broker = self.buses.broker
        [self.cell] = self.buses.cells
        self.url = self.buses.urls[self.cell.name]
