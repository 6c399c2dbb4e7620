"""What the credentials in a cell's and a host's files open on the real servers: their own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

# kombu annotates itself in part only.
# mypy: disable-error-code="no-untyped-call"
import amqp
import requests
import sqlalchemy as sa
import testtools
from kombu import connection

from tests.integration.support import cluster, shared
from tests.integration.support.service import Service
from tests.integration.support.waiting import wait_until
from understudy.cli.services import configuration
from understudy.cli.services.configuration import Configuration
from understudy.ledger import options as ledger_options

MINE = "cell1"
CONNECTED = "01"
"""As /proc/net/tcp says it."""


def vhost(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


class CredentialsTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        shared.require(self, *cluster.SERVERS)
        # Its hosts register, so its services work with what their files say.
        self.cluster = self.useFixture(cluster.Cluster(hosts=1))
        self.vhosts = {
            "api": vhost(self.cluster.transport_url),
            **{name: vhost(cell.transport_url) for name, cell in self.cluster.cells.items()},
        }
        self.databases = {
            "api": sa.make_url(self.cluster.database_url),
            "placement": sa.make_url(self.cluster.placement.database),
            **{name: sa.make_url(cell.database_url) for name, cell in self.cluster.cells.items()},
        }

    def test_each_opens_its_own(self) -> None:
        """One test, for the cloud takes long to start."""
        mine = self.cluster.cells[MINE]
        conf = self.read(mine.conductor)
        self.assertEqual([MINE], list(self.vhosts_open_to(conf.transport_url)))
        self.assertEqual([MINE], list(self.databases_open_to(conf.cell_database.connection)))
        self.assertEqual([], self.superuser_rights(conf.transport_url))
        self.assertEqual(
            [], ledger_options.connect(conf).vocabulary.unknown_resource_classes(["VCPU"])
        )
        self.assertFalse(conf.api_database.connection)
        servers = {urlsplit(conf.transport_url).port, self.databases[MINE].port}
        self.check_connections(mine.conductor, servers | {self.cluster.placement.port})
        for agent in mine.agents:
            self.check_the_agent(agent)

    def check_the_agent(self, agent: Service) -> None:
        conf = self.read(agent)
        self.assertEqual([MINE], list(self.vhosts_open_to(conf.transport_url)))
        self.assertEqual([], self.superuser_rights(conf.transport_url))
        self.assertEqual(
            (None, None, None),
            (
                conf.api_database.connection,
                conf.cell_database.connection,
                conf.placement.auth_type,
            ),
        )
        self.assertEqual([], conf.set_in("placement"))
        self.check_connections(agent, {urlsplit(conf.transport_url).port})
        # Nor does what opens the bus open a database, should somebody have saved a password.
        bus = urlsplit(conf.transport_url)
        some = self.databases[MINE].set(username=bus.username, password=bus.password)
        for database in self.databases.values():
            url = some.set(database=database.database)
            self.assertFalse(self.opens(url), url)
        # Who shows Placement no token gets nothing there.
        refused = requests.get(f"{self.cluster.placement.url}/resource_providers", timeout=30)
        self.assertEqual(401, refused.status_code)

    def check_connections(self, service: Service, ports: set[int | None]) -> None:
        """It runs, so it has what it needs: these servers and no other."""
        wait_until(lambda: peers(service.workers()), f"connections of {service.told}")
        self.assertLessEqual(peers(service.workers()), ports)

    def read(self, service: Service) -> Configuration:
        return configuration.read("understudy", [f"--config-file={service.file}"])

    def vhosts_open_to(self, url: str) -> Iterator[str]:
        """Yield the levels whose vhost the user of this URL gets into."""
        for level, name in self.vhosts.items():
            there = f"{url.rpartition('/')[0]}/{name}".replace("rabbit://", "amqp://")
            with contextlib.suppress(amqp.NotAllowed), connection.Connection(there) as broker:
                broker.connect()
                yield level

    def databases_open_to(self, url: str) -> Iterator[str]:
        """Yield the levels whose database the user of this URL gets into."""
        mine = sa.make_url(url)
        for level, database in self.databases.items():
            if self.opens(mine.set(database=database.database)):
                yield level

    def opens(self, url: sa.URL) -> bool:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        try:
            with engine.connect():
                return True
        except sa.exc.OperationalError as error:
            self.assertIn("Access denied", str(error))
            return False

    def superuser_rights(self, url: str) -> list[str]:
        """Return what the user of this URL may read of the whole broker."""
        user = urlsplit(url)
        found = requests.get(
            self.cluster.rabbitmq.management_url("vhosts"),
            auth=(user.username or "", user.password or ""),
            timeout=30,
        )
        return [] if found.status_code == requests.codes.unauthorized else [found.text]


def peers(pids: set[int]) -> set[int]:
    """Return the ports that these processes are connected to."""
    held: set[str] = set()
    for file in (file for pid in pids for file in Path(f"/proc/{pid}/fd").glob("*")):
        with contextlib.suppress(FileNotFoundError):
            held.add(str(file.readlink()).removeprefix("socket:[").removesuffix("]"))
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {
        int(row[2].partition(":")[2], 16) for row in rows if row[9] in held and row[3] == CONNECTED
    }
