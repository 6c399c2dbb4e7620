"""A whole cloud of real servers and separate processes, all on 127.0.0.1.

`python -m tests.integration.support.cluster` starts one for a person to try, see
cluster_command.py; the tests use it as a fixture.
"""

from __future__ import annotations

import contextlib
import sys
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import fixtures
import yaml

from tests.integration.support.mariadb import MariaDB
from tests.integration.support.placement import Placement
from tests.integration.support.postgresql import PostgreSQL
from tests.integration.support.rabbitmq import RabbitMQ
from tests.integration.support.server import Server
from tests.integration.support.service import Service, Settings, as_text, at_placement
from tests.integration.support.waiting import PATIENCE, wait_until
from understudy.cells import api_store, cell_store, schema
from understudy.cells.records import CellRecord

if TYPE_CHECKING:
    from understudy.cells.api_store import ApiStore

HOSTS_PER_AGENT = 10
HOST = {"VCPU": 32, "MEMORY_MB": 131_072, "DISK_GB": 1_000}
BROKEN = {"code": "host-broken", "blames": "host", "message": "the hypervisor does not answer"}
PACE: Mapping[str, object] = {
    "sweep_interval": 0.5,
    "retry_interval": 0.5,
    "beat_interval": 1,
    "host_down_time": 15,
}
"""Of conductors that a person watches."""
SERVERS: tuple[type[Server], ...] = (RabbitMQ, MariaDB, Placement)


@dataclass
class Cell:
    """One cell: its conductors, its agents, and where they meet."""

    name: str
    transport_url: str
    database_url: str
    conductors: list[Service]
    agents: list[Service] = field(default_factory=list)
    build_logs: list[Path] = field(default_factory=list)
    """What the agents' drivers note, see understudy.compute.build_log."""

    @property
    def conductor(self) -> Service:
        """The first one."""
        return self.conductors[0]


class Cluster(fixtures.Fixture):
    """Every service that a cloud of several cells has, each a process of its own.

    A kind of cluster says what is different about it in the attributes, and in
    the methods that say how others are reached and what goes wrong on hosts.
    """

    database_server: type[MariaDB] | type[PostgreSQL] = MariaDB
    """Where our databases are; Placement's is in MariaDB."""
    service: type[Service] = Service
    """How each process of ours is run."""
    copies = 1
    """How many schedulers, super conductors and conductors of each cell there are."""

    def __init__(
        self,
        *,
        cells: int = 2,
        hosts: int = 20,
        broken: frozenset[str] = frozenset(),
        build_seconds: float = 0.05,
        broken_images: frozenset[str] = frozenset(),
        hosts_per_agent: int = HOSTS_PER_AGENT,
        more: Settings | None = None,
    ) -> None:
        """Plan `hosts` hosts in each cell, some of them broken; `more` goes into every file.

        Of `broken_images` every build fails, and blames its host.
        """
        super().__init__()
        self._names = [f"cell{number}" for number in range(1, cells + 1)]
        self._hosts = hosts
        self._broken = broken
        self._build_seconds = build_seconds
        self._broken_images = broken_images
        self._hosts_per_agent = hosts_per_agent
        self._more = more or {}

    def _setUp(self) -> None:  # noqa: N802
        self.rabbitmq = self.useFixture(RabbitMQ())
        self.mariadb = self.useFixture(MariaDB())
        self.databases = self._databases()
        self.placement = self.useFixture(Placement(self.mariadb))
        self.placement_url = self.way_to_placement()
        self.transport_url = self.rabbitmq.add_vhost("api")
        self.database_url = self.databases.create_database("api")
        self.api: ApiStore = api_store.connect(self.database_url)
        self.addCleanup(self.api.close)
        schema.upgrade(self.api.database.engine, schema.Tree.API)
        self.schedulers = [self._service("scheduler", each) for each in self._api_levels()]
        self.conductors = [self._service("conductor", each) for each in self._api_levels()]
        self.cells = {name: self._cell(name) for name in self._names}
        self._start()
        wait_until(
            lambda: len(self.api.host_mappings()) == self.hosts,
            "the hosts' registration",
            seconds=PATIENCE + self.hosts,
        )

    @property
    def scheduler(self) -> Service:
        """The first one."""
        return self.schedulers[0]

    @property
    def conductor(self) -> Service:
        """The first super conductor."""
        return self.conductors[0]

    @property
    def hosts(self) -> int:
        """How many there are in all cells."""
        return self._hosts * len(self._names)

    @property
    def services(self) -> list[Service]:
        """Every process of ours, in the order in which they stop best."""
        agents = [agent for cell in self.cells.values() for agent in cell.agents]
        conductors = [each for cell in self.cells.values() for each in cell.conductors]
        return [*self.conductors, *self.schedulers, *agents, *conductors]

    def stop(self) -> None:
        """Stop every process of ours in good order; the servers go on."""
        with ThreadPoolExecutor() as together:
            list(together.map(Service.stop, self.services))

    def operator_file(self) -> str:
        """Return the text of a configuration that leads to all of it."""
        return as_text(self._api_levels()[0])

    def way_to_placement(self) -> str:
        """Return the URL by which our services reach Placement."""
        return self.placement.url

    def way_to_cell(self, name: str, transport_url: str, database_url: str) -> tuple[str, str]:
        """Return the URLs by which the API level reaches a cell's bus and database."""
        return transport_url, database_url

    def bus_within_cell(self, name: str, transport_url: str) -> str:
        """Return the URL by which a cell's own services reach its bus."""
        return transport_url

    def pace_of_cell(self, name: str) -> Mapping[str, object]:
        """Return the options of [conductor] for a cell's conductors."""
        return PACE

    def faults(self, hosts: Sequence[str]) -> dict[str, object]:
        """Return what goes wrong on the hosts of one agent: the fields of a FaultPlan."""
        return {
            "hosts": {name: dict(BROKEN) for name in hosts if name in self._broken},
            "images": {name: dict(BROKEN) for name in self._broken_images},
            "delay_seconds": self._build_seconds,
            "delay_spread_seconds": 0.15,
        }

    def _databases(self) -> MariaDB | PostgreSQL:
        if self.database_server is PostgreSQL:
            return self.useFixture(PostgreSQL())
        return self.mariadb

    def _start(self) -> None:
        with ThreadPoolExecutor() as together:
            starting = [together.submit(service.setUp) for service in self.services]
        for service in self.services:
            self.addCleanup(service.cleanUp)
        for started in starting:
            started.result()

    def _api_levels(self) -> list[Settings]:
        """Return the settings of each copy of a service of the API level."""
        return [
            {
                "DEFAULT": {"transport_url": self.transport_url, "host": host},
                "api_database": {"connection": self.database_url},
                "placement": at_placement(self.placement_url),
                "conductor": PACE,
            }
            for host in self._copies("api")
        ]

    def _copies(self, name: str) -> list[str]:
        return [name, *(f"{name}-{number}" for number in range(2, self.copies + 1))]

    def _cell(self, name: str) -> Cell:
        transport_url = self.rabbitmq.add_vhost(name)
        database_url = self.databases.create_database(name)
        with contextlib.closing(cell_store.connect(name, database_url)) as store:
            schema.upgrade(store.database.engine, schema.Tree.CELL)
        ways = self.way_to_cell(name, transport_url, database_url)
        self.api.add_cell(CellRecord(str(uuid.uuid4()), name, *ways, enabled=True))
        within = self.bus_within_cell(name, transport_url)
        conductors = [
            self._cell_conductor(name, host, within, database_url) for host in self._copies(name)
        ]
        cell = Cell(name, transport_url, database_url, conductors)
        names = [f"{name}-host{number:02}" for number in range(1, self._hosts + 1)]
        for first in range(0, len(names), self._hosts_per_agent):
            served = names[first : first + self._hosts_per_agent]
            cell.agents.append(self._agent(cell, within, served))
        return cell

    def _cell_conductor(
        self, cell: str, host: str, transport_url: str, database_url: str
    ) -> Service:
        settings: Settings = {
            "DEFAULT": {"transport_url": transport_url, "host": host},
            "cell_database": {"connection": database_url},
            "placement": at_placement(self.placement_url),
            "conductor": {"approve_new_hosts": True, **self.pace_of_cell(cell)},
        }
        return self._service("conductor", settings, f"--cell={cell}")

    def _agent(self, cell: Cell, transport_url: str, hosts: Sequence[str]) -> Service:
        folder = Path(self.useFixture(fixtures.TempDir()).path)
        described = {
            "holdings": "held",
            "log": "builds.log",
            "hosts": [{"name": name, "resources": HOST} for name in hosts],
            "faults": self.faults(hosts),
        }
        (folder / "hosts.yaml").write_text(yaml.safe_dump(described))
        cell.build_logs.append(folder / "builds.log")
        settings: Settings = {
            "DEFAULT": {"transport_url": transport_url},
            "cell": {"name": cell.name},
            "compute": {
                "agent": f"{cell.name}-agent{len(cell.agents) + 1}",
                "driver": "fake",
                "driver_file": folder / "hosts.yaml",
                "journal": folder / "journal.sqlite3",
                "heartbeat_seconds": 1,
            },
        }
        return self._service("compute", settings)

    def _service(self, module: str, settings: Settings, *arguments: str) -> Service:
        whole = {group: dict(values) for group, values in settings.items()}
        for group, values in self._more.items():
            # An agent refuses to start with what a host is not to know.
            if group in whole or group != "placement":
                whole.setdefault(group, {}).update(values)
        return self.service(module, whole, *arguments)


if __name__ == "__main__":
    from tests.integration.support import cluster_command

    sys.exit(cluster_command.main(sys.argv[1:]))
