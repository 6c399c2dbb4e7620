"""What a cloud under test stands on: its buses, its databases and its Placement.

One ground is made for each cloud, and holds nothing of an earlier one. What
speaks to it is the same on all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import fixtures
from keystoneauth1 import adapter as ksa_adapter

from tests.functional.support.cloud import CloudSpec
from tests.functional.support.databases import Databases
from understudy.ledger import embedded as embedded_placement
from understudy.rpcapi import embedded as embedded_bus
from understudy.rpcapi import notifier
from understudy.rpcapi.bus import API, EMBEDDED, Bus, embedded_url


class Ground(fixtures.Fixture):
    """Ground for a cloud of this description.

    `databases` are those of the API level and of the cells; `transport_urls`
    says where the bus of each is, API among them.
    """

    databases: Databases
    transport_urls: Mapping[str, str]

    def __init__(self, spec: CloudSpec) -> None:
        """Make nothing before `setUp`."""
        super().__init__()
        self.spec = spec

    @property
    def buses(self) -> list[str]:
        """The names of all buses."""
        return [API, *self.spec.cells]

    def open_bus(self, name: str, transport_url: str, agent: str | None = None) -> Bus:
        """Return a new connection to the bus of this name at this URL; an agent says its name."""
        raise NotImplementedError

    def url_of_agent(self, bus: str, user: str, agent: str) -> str:
        """Return the URL by which this user of a cell's broker reaches its bus.

        The user is made where there is none, and may do there what the agent of
        this name has to, and no more.
        """
        raise NotImplementedError

    def open_bus_as(self, name: str, user: str) -> Bus:
        """Return a new connection to the bus as another user, who may do all there."""
        raise NotImplementedError

    def open_notifications(self, transport_url: str) -> Any:
        """Return a new transport for notifications on this bus; its `cleanup` closes it."""
        raise NotImplementedError

    def connect_to_placement(self) -> ksa_adapter.Adapter:
        """Return a new connection to Placement."""
        raise NotImplementedError


class EmbeddedGround(Ground):
    """All of it in this process: SQLite, the embedded bus, Placement's own application."""

    def _setUp(self) -> None:  # noqa: N802
        self.databases = self.useFixture(
            Databases(*self.spec.cells, announces=self.spec.announces)
        )
        self.transport_urls = dict.fromkeys(self.buses, EMBEDDED)
        for name in self.buses:
            self.addCleanup(embedded_bus.forget, f"understudy.{name}.")
        self.addCleanup(embedded_bus.forget, notifier.TOPIC)
        self._placement = embedded_placement.mount()
        self._placement.reset()
        self.addCleanup(self._placement.reset)

    def open_bus(self, name: str, transport_url: str, agent: str | None = None) -> Bus:
        return Bus.open(name, transport_url)

    def url_of_agent(self, bus: str, user: str, agent: str) -> str:
        return embedded_url(user)

    def open_bus_as(self, name: str, user: str) -> Bus:
        return Bus.open(name, embedded_url(user))

    def open_notifications(self, transport_url: str) -> Any:
        return notifier.open_transport(transport_url)

    def connect_to_placement(self) -> ksa_adapter.Adapter:
        return self._placement.adapter()
