"""A whole cloud of real servers and separate processes, all on 127.0.0.1.

`python -m tests.integration.support.cluster` starts one for a person to try, and
ends it on Ctrl-C; the tests use it as a fixture.
"""

# ruff: noqa: T201 - it speaks to a person

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import tempfile
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
from tests.integration.support.rabbitmq import RabbitMQ
from tests.integration.support.server import Server
from tests.integration.support.service import Service, Settings, as_text
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
PID_FILE = Path(tempfile.gettempdir()) / f"understudy-cluster-{os.getuid()}.pid"


@dataclass
class Cell:
    """One cell: its conductor, its agents, and where they meet."""

    name: str
    transport_url: str
    database_url: str
    conductor: Service
    agents: list[Service] = field(default_factory=list)
    build_logs: list[Path] = field(default_factory=list)
    """What the agents' drivers note, see understudy.compute.build_log."""


class Cluster(fixtures.Fixture):
    """Every service that a cloud of several cells has, each a process of its own."""

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
        self.placement = self.useFixture(Placement(self.mariadb))
        self.transport_url = self.rabbitmq.add_vhost("api")
        self.database_url = self.mariadb.create_database("api")
        self.api: ApiStore = api_store.connect(self.database_url)
        self.addCleanup(self.api.close)
        schema.upgrade(self.api.database.engine, schema.Tree.API)
        self.scheduler = self._service("scheduler", self._api_level())
        self.conductor = self._service("conductor", self._api_level())
        self.cells = {name: self._cell(name) for name in self._names}
        self._start()
        wait_until(
            lambda: len(self.api.host_mappings()) == self.hosts,
            "the hosts' registration",
            seconds=PATIENCE + self.hosts,
        )

    @property
    def hosts(self) -> int:
        """How many there are in all cells."""
        return self._hosts * len(self._names)

    @property
    def services(self) -> list[Service]:
        """Every process of ours, in the order in which they stop best."""
        agents = [agent for cell in self.cells.values() for agent in cell.agents]
        conductors = [cell.conductor for cell in self.cells.values()]
        return [self.conductor, self.scheduler, *agents, *conductors]

    def stop(self) -> None:
        """Stop every process of ours in good order; the servers go on."""
        with ThreadPoolExecutor() as together:
            list(together.map(Service.stop, self.services))

    def operator_file(self) -> str:
        """Return the text of a configuration that leads to all of it."""
        return as_text(self._api_level())

    def _start(self) -> None:
        with ThreadPoolExecutor() as together:
            starting = [together.submit(service.setUp) for service in self.services]
        for service in self.services:
            self.addCleanup(service.cleanUp)
        for started in starting:
            started.result()

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
        transport_url = self.rabbitmq.add_vhost(name)
        database_url = self.mariadb.create_database(name)
        with contextlib.closing(cell_store.connect(name, database_url)) as store:
            schema.upgrade(store.database.engine, schema.Tree.CELL)
        self.api.add_cell(
            CellRecord(str(uuid.uuid4()), name, transport_url, database_url, enabled=True)
        )
        settings: Settings = {
            "DEFAULT": {"transport_url": transport_url, "host": name},
            "cell_database": {"connection": database_url},
            "placement": self._placement(),
            "conductor": PACE,
        }
        conductor = self._service("conductor", settings, f"--cell={name}")
        cell = Cell(name, transport_url, database_url, conductor)
        names = [f"{name}-host{number:02}" for number in range(1, self._hosts + 1)]
        for first in range(0, len(names), self._hosts_per_agent):
            cell.agents.append(self._agent(cell, names[first : first + self._hosts_per_agent]))
        return cell

    def _agent(self, cell: Cell, hosts: Sequence[str]) -> Service:
        folder = Path(self.useFixture(fixtures.TempDir()).path)
        described = {
            "holdings": "held",
            "log": "builds.log",
            "hosts": [{"name": name, "resources": HOST} for name in hosts],
            "faults": {
                "hosts": {name: dict(BROKEN) for name in hosts if name in self._broken},
                "images": {name: dict(BROKEN) for name in self._broken_images},
                "delay_seconds": self._build_seconds,
                "delay_spread_seconds": 0.15,
            },
        }
        (folder / "hosts.yaml").write_text(yaml.safe_dump(described))
        cell.build_logs.append(folder / "builds.log")
        settings: Settings = {
            "DEFAULT": {"transport_url": cell.transport_url},
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
            whole.setdefault(group, {}).update(values)
        return Service(module, whole, *arguments)


def main(argv: Sequence[str]) -> int:
    """Run a cluster until Ctrl-C or SIGTERM; with --down, end the one that runs."""
    parser = argparse.ArgumentParser(prog="cluster", description=main.__doc__)
    parser.add_argument("--down", action="store_true", help="end the cluster that runs")
    parser.add_argument("--cells", type=int, default=2)
    parser.add_argument("--hosts", type=int, default=20, help="in each cell")
    options = parser.parse_args(argv)
    if options.down:
        return end()
    missing = sorted({program for server in SERVERS for program in server.missing()})
    if missing:
        print(f"{', '.join(missing)} not installed; sudo tools/install-packages integration")
        return 1
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    broken = frozenset({"cell1-host01"})
    print("Starting RabbitMQ, MariaDB, Placement, and the services of the cells ...", flush=True)
    with Cluster(cells=options.cells, hosts=options.hosts, broken=broken) as cluster:
        PID_FILE.write_text(str(os.getpid()))
        try:
            tell(cluster)
            signal.sigwait({signal.SIGTERM, signal.SIGINT})
            print("Ending all of it ...", flush=True)
            cluster.stop()
        finally:
            PID_FILE.unlink(missing_ok=True)
    return 0


def tell(cluster: Cluster) -> None:
    """Say how to talk to it."""
    file = cluster.conductor.scratch / "operator.conf"
    file.write_text(cluster.operator_file())
    url = cluster.transport_url
    print(
        f"{cluster.hosts} hosts in {len(cluster.cells)} cells; cell1-host01 is broken.\n\n"
        f"  understudy demo --against {url}\n"
        f"  understudy --transport-url {url} host list\n"
        f"  understudy-manage --config-file {file} audit\n\n"
        "Logs:",
        *(f"  {service.told}: {service.log}" for service in cluster.services),
        "\nCtrl-C, or `make cluster-down`, ends all of it.",
        sep="\n",
        flush=True,
    )


def end() -> int:
    """End the cluster that this user runs, and wait for that."""
    try:
        pid = int(PID_FILE.read_text())
        if b"cluster" not in Path(f"/proc/{pid}/cmdline").read_bytes():
            raise ProcessLookupError
        os.kill(pid, signal.SIGTERM)
    except (FileNotFoundError, ProcessLookupError, ValueError):
        PID_FILE.unlink(missing_ok=True)
        print("no cluster runs")
        return 0
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the end of the cluster", seconds=120)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
