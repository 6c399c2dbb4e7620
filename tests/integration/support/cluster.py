"""A whole cloud of real servers and separate processes, all on 127.0.0.1.

`python -m tests.integration.support.cluster` starts one for a person to try, and
ends it on Ctrl-C; the tests use it as a fixture.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path

import fixtures
import yaml

from tests.integration.support.mariadb import MariaDB
from tests.integration.support.placement import Placement
from tests.integration.support.rabbitmq import RabbitMQ
from tests.integration.support.service import Service, Settings
from understudy.cells import api_store, cell_store, schema
from understudy.cells.records import CellRecord

HOSTS_PER_AGENT = 10
HOST = {"VCPU": 32, "MEMORY_MB": 131_072, "DISK_GB": 1_000}
BROKEN = {"code": "host-broken", "blames": "host", "message": "the hypervisor does not answer"}
PACE = {"sweep_interval": 0.5, "retry_interval": 0.5, "beat_interval": 1, "host_down_time": 15}
"""Of conductors that a person watches."""


class Cell:
    """One cell: its conductor, its agents, and where they meet."""

    def __init__(self, name: str, transport_url: str, database_url: str) -> None:
        """Name the cell, its bus and its database."""
        self.name = name
        self.transport_url = transport_url
        self.database_url = database_url
        self.agents: list[Service] = []
        self.conductor: Service


class Cluster(fixtures.Fixture):
    """Every service that a cloud of several cells has, each a process of its own."""

    programs = tuple({*RabbitMQ.programs, *MariaDB.programs, *Placement.programs})

    def __init__(
        self,
        *,
        cells: int = 2,
        hosts: int = 20,
        broken: frozenset[str] = frozenset(),
        more: Settings | None = None,
    ) -> None:
        """Plan `hosts` hosts in each cell, some of them broken; `more` goes into every file."""
        super().__init__()
        self._names = [f"cell{number}" for number in range(1, cells + 1)]
        self._hosts = hosts
        self._broken = broken
        self._more = more or {}

    def _setUp(self) -> None:  # noqa: N802
        self.rabbitmq = self.useFixture(RabbitMQ())
        self.mariadb = self.useFixture(MariaDB())
        self.placement = self.useFixture(Placement(self.mariadb))
        self.transport_url = self.rabbitmq.add_vhost("api")
        self.database_url = self.mariadb.create_database("api")
        self.api = api_store.connect(self.database_url)
        self.addCleanup(self.api.close)
        schema.upgrade(self.api.database.engine, schema.Tree.API)
        self.scheduler = self._service("scheduler", self._api_level())
        self.conductor = self._service("conductor", self._api_level())
        self.cells = {name: self._cell(name) for name in self._names}

    @property
    def services(self) -> list[Service]:
        """Every process of ours."""
        below = [each for cell in self.cells.values() for each in (cell.conductor, *cell.agents)]
        return [self.scheduler, self.conductor, *below]

    def _api_level(self) -> Settings:
        return {
            "DEFAULT": {"transport_url": self.transport_url, "host": "api"},
            "api_database": {"connection": self.database_url},
            "placement": self._placement(),
            "conductor": PACE,
        }

    def _placement(self) -> Mapping[str, object]:
        return {"auth_type": "admin_token", "endpoint": self.placement.url, "token": "admin"}

    def _cell(self, name: str) -> Cell:
        cell = Cell(name, self.rabbitmq.add_vhost(name), self.mariadb.create_database(name))
        store = cell_store.connect(name, cell.database_url)
        schema.upgrade(store.database.engine, schema.Tree.CELL)
        store.close()
        self.api.add_cell(
            CellRecord(str(uuid.uuid4()), name, cell.transport_url, cell.database_url, True)
        )
        bus = {"transport_url": cell.transport_url, "host": name}
        cell.conductor = self._service(
            "conductor",
            {
                "DEFAULT": bus,
                "cell": {"name": name},
                "cell_database": {"connection": cell.database_url},
                "placement": self._placement(),
                "conductor": PACE,
            },
            f"--cell={name}",
        )
        for first in range(1, self._hosts + 1, HOSTS_PER_AGENT):
            numbers = range(first, min(first + HOSTS_PER_AGENT, self._hosts + 1))
            names = [f"{name}-host{number:02}" for number in numbers]
            cell.agents.append(self._agent(cell, f"{name}-agent{len(cell.agents) + 1}", names))
        return cell

    def _agent(self, cell: Cell, agent: str, names: list[str]) -> Service:
        folder = Path(self.useFixture(fixtures.TempDir()).path)
        described = {
            "holdings": "held",
            "hosts": [{"name": name, "resources": HOST} for name in names],
            "faults": {
                "hosts": {name: BROKEN for name in names if name in self._broken},
                "delay_seconds": 0.05,
                "delay_spread_seconds": 0.15,
            },
        }
        (folder / "hosts.yaml").write_text(yaml.safe_dump(described))
        settings = {
            "DEFAULT": {"transport_url": cell.transport_url},
            "cell": {"name": cell.name},
            "compute": {
                "agent": agent,
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
            whole.setdefault(group, {}).update(values)
        return self.useFixture(Service(module, whole, *arguments))
