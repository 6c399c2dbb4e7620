"""A cluster with places to break it at: between the API level and the cells, before Placement."""

from __future__ import annotations

from dataclasses import dataclass

from tests.integration.support.cable import Cable
from tests.integration.support.cluster import Cluster
from tests.integration.support.faulty_proxy import FaultyProxy


@dataclass(frozen=True, slots=True)
class Cables:
    """How one cell is reached."""

    bus: Cable
    """By the API level, as is the database."""
    database: Cable
    within: Cable
    """The bus, by the cell's own conductors and agents."""


class BreakableCluster(Cluster):
    """All services reach Placement through `ledger`, and the cells through `cables`."""

    ledger: FaultyProxy
    cables: dict[str, Cables]

    def way_to_placement(self) -> str:
        self.ledger = self.useFixture(FaultyProxy(super().way_to_placement()))
        self.cables = {}
        return self.ledger.url

    def way_to_cell(self, name: str, transport_url: str, database_url: str) -> tuple[str, str]:
        bus = self.useFixture(Cable(transport_url))
        database = self.useFixture(Cable(database_url))
        within = self.useFixture(Cable(transport_url))
        self.cables[name] = Cables(bus, database, within)
        return bus.url, database.url

    def bus_within_cell(self, name: str, transport_url: str) -> str:
        return self.cables[name].within.url
