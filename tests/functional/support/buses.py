"""Embedded buses of a test's own: one for the API level and one for each cell."""

from __future__ import annotations

import uuid

import fixtures
import testtools

from tests.functional.support.foreign import ForeignClient
from understudy.rpcapi import embedded
from understudy.rpcapi.bus import EMBEDDED, Bus, embedded_url
from understudy.rpcapi.server import Server


class BusTestCase(testtools.TestCase):
    """A test with buses; elsewhere, the same tests run on a real broker."""

    def make_buses(self, cells: int = 1) -> Buses:
        return self.useFixture(Buses(cells))


class Buses(fixtures.Fixture):
    """Open buses whose names no other test has; what they hold is gone at cleanup.

    `api` is the API level's, `cells` those of the cells in order, and
    `cell_names` how the cells are called.
    """

    def __init__(self, cells: int = 1) -> None:
        super().__init__()
        self._cells = cells

    def _setUp(self) -> None:  # noqa: N802
        unique = uuid.uuid4().hex[:8]
        self.cell_names = [f"cell{number}-{unique}" for number in range(1, self._cells + 1)]
        self.api = self.open(f"api-{unique}")
        self.cells = [self.open(name) for name in self.cell_names]

    def open(self, name: str, user: str | None = None) -> Bus:
        """Return one more connection to the bus of this name; None: as its usual user."""
        self.addCleanup(embedded.forget, f"understudy.{name}.")
        bus = Bus.open(name, EMBEDDED if user is None else embedded_url(user))
        self.addCleanup(bus.close)
        return bus

    def foreign(self, bus: Bus, user: str) -> ForeignClient:
        """Return a client that is none of ours, logged in to a bus as a user of its own."""
        return self.useFixture(ForeignClient(f"{embedded.SCHEME}://{user}@localhost/"))

    def serve(
        self,
        bus: Bus,
        service: str,
        *endpoints: object,
        name: str = "one",
        workers: int = 8,
        refuses: bool = False,
    ) -> Server:
        """Return a started server of these endpoints; it stops before its bus closes."""
        server = Server(bus, service, endpoints, name=name, workers=workers, refuses=refuses)
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        return server
