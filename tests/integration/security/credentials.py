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

from tests.integration.support.cluster import Cluster
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


class Credentials:
    """Of a cloud that runs; checked in a test that has one, for it takes long to start."""

    def __init__(self, test: testtools.TestCase, cloud: Cluster) -> None:
        """Let `test` fail where something is open that is not to be."""
        self._test = test
        self._cloud = cloud
        self._vhosts = {
            "api": vhost(cloud.transport_url),
            **{name: vhost(cell.transport_url) for name, cell in cloud.cells.items()},
        }
        self._databases = {
            "api": sa.make_url(cloud.database_url),
            "placement": sa.make_url(cloud.placement.database),
            **{name: sa.make_url(cell.database_url) for name, cell in cloud.cells.items()},
        }

    def check(self) -> None:
        """Try everything with what the files of one cell hold."""
        mine = self._cloud.cells[MINE]
        conf = self._read(mine.conductor)
        self._test.assertEqual([MINE], list(self._vhosts_open_to(conf.transport_url)))
        self._test.assertEqual(
            [MINE], list(self._databases_open_to(conf.cell_database.connection))
        )
        self._test.assertEqual([], self._superuser_rights(conf.transport_url))
        self._test.assertEqual(
            [], ledger_options.connect(conf).vocabulary.unknown_resource_classes(["VCPU"])
        )
        self._test.assertFalse(conf.api_database.connection)
        servers = {urlsplit(conf.transport_url).port, self._databases[MINE].port}
        self._check_connections(mine.conductor, servers | {self._cloud.placement.port})
        for agent in mine.agents:
            self._check_the_agent(agent)

    def _check_the_agent(self, agent: Service) -> None:
        conf = self._read(agent)
        self._test.assertEqual([MINE], list(self._vhosts_open_to(conf.transport_url)))
        self._test.assertEqual([], self._superuser_rights(conf.transport_url))
        self._test.assertEqual(
            (None, None, None),
            (
                conf.api_database.connection,
                conf.cell_database.connection,
                conf.placement.auth_type,
            ),
        )
        self._test.assertEqual([], conf.set_in("placement"))
        self._check_connections(agent, {urlsplit(conf.transport_url).port})
        # Nor does what opens the bus open a database, should somebody have saved a password.
        bus = urlsplit(conf.transport_url)
        some = self._databases[MINE].set(username=bus.username, password=bus.password)
        for database in self._databases.values():
            url = some.set(database=database.database)
            self._test.assertFalse(self._opens(url), url)
        # Who shows Placement no token gets nothing there.
        refused = requests.get(f"{self._cloud.placement.url}/resource_providers", timeout=30)
        self._test.assertEqual(401, refused.status_code)

    def _check_connections(self, service: Service, ports: set[int | None]) -> None:
        """It runs, so it has what it needs: these servers and no other."""
        wait_until(lambda: peers(service.workers()), f"connections of {service.told}")
        self._test.assertLessEqual(peers(service.workers()), ports)

    def _read(self, service: Service) -> Configuration:
        return configuration.read("understudy", [f"--config-file={service.file}"])

    def _vhosts_open_to(self, url: str) -> Iterator[str]:
        """Yield the levels whose vhost the user of this URL gets into."""
        for level, name in self._vhosts.items():
            there = f"{url.rpartition('/')[0]}/{name}".replace("rabbit://", "amqp://")
            with contextlib.suppress(amqp.NotAllowed), connection.Connection(there) as broker:
                broker.connect()
                yield level

    def _databases_open_to(self, url: str) -> Iterator[str]:
        """Yield the levels whose database the user of this URL gets into."""
        mine = sa.make_url(url)
        for level, database in self._databases.items():
            if self._opens(mine.set(database=database.database)):
                yield level

    def _opens(self, url: sa.URL) -> bool:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        try:
            with engine.connect():
                return True
        except sa.exc.OperationalError as error:
            self._test.assertIn("Access denied", str(error))
            return False

    def _superuser_rights(self, url: str) -> list[str]:
        """Return what the user of this URL may read of the whole broker."""
        user = urlsplit(url)
        found = requests.get(
            self._cloud.rabbitmq.management_url("vhosts"),
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
