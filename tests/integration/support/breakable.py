"""A cluster with places to break it at: between the API level and the cells, before Placement."""

from __future__ import annotations

from dataclasses import dataclass

from tests.integration.support.cable import Cable
from tests.integration.support.cluster import Cluster
from tests.integration.support.faulty_proxy import FaultyProxy


@dataclass(frozen=True, slots=True)
class Cables:
    """How the API level reaches one cell; the cell's own services are not concerned."""

    bus: Cable
    database: Cable


class BreakableCluster(Cluster):
    """All services reach Placement through `ledger`, the API level each cell through `cables`."""

    ledger: FaultyProxy
    cables: dict[str, Cables]

    def way_to_placement(self) -> str:
        self.ledger = self.useFixture(FaultyProxy(super().way_to_placement()))
        self.cables = {}
        return self.ledger.url

    def way_to_cell(self, name: str, transport_url: str, database_url: str) -> tuple[str, str]:
        bus = self.useFixture(Cable(transport_url))
        database = self.useFixture(Cable(database_url))
        self.cables[name] = Cables(bus, database)
        return bus.url, database.url
