"""Our services as the units confine them: they have what they need, and keep what they write."""

from __future__ import annotations

import ctypes.util
import os
import stat
import sys
import uuid
from pathlib import Path
from typing import Final

import testtools

from tests.integration.support import cluster, confined, shared
from tests.integration.support.mariadb import MariaDB
from tests.integration.support.placement import Placement
from tests.integration.support.rabbitmq import RabbitMQ
from tests.integration.support.service import Service
from understudy.cli.remote import RemoteCloud
from understudy.objects import states
from understudy.objects.build_request import BuildRequest

UNITS: Final = Path(__file__).resolve().parents[3] / "etc/systemd"


class ConfinedService(Service):
    """One that its unit confines."""

    programs: tuple[str, ...] = (*Service.programs, *confined.PROGRAMS)

    @property
    def folders_of_its_own(self) -> list[Path]:
        """What systemd would make for it, and what a drop-in would name."""
        journal = self._settings.get("compute", {}).get("journal")
        return [self.scratch, *([Path(str(journal)).parent] if journal else [])]

    def command(self) -> list[str]:
        kind = "cell-conductor@" if any("--cell" in each for each in self._arguments) else ""
        unit = UNITS / f"understudy-{kind or self._module}.service"
        folders = ":".join(map(str, self.folders_of_its_own))
        return [sys.executable, confined.__file__, str(unit), folders, *super().command()]


class ConfinedCluster(cluster.Cluster):
    service = ConfinedService


class UnitsTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        shared.require(self, RabbitMQ, MariaDB, Placement, ConfinedService)
        if os.getuid() != 0 or ctypes.util.find_library("seccomp") is None:
            self.skipTest("it takes root and libseccomp to confine a process")

    def test_a_cloud_of_confined_services_builds_and_stops(self) -> None:
        cloud = self.useFixture(
            ConfinedCluster(cells=1, hosts=3, broken=frozenset({"cell1-host01"}))
        )
        client = RemoteCloud(None, cloud.transport_url)
        self.addCleanup(client.close)
        request = BuildRequest(
            request_id=str(uuid.uuid4()),
            name="vm",
            count=6,
            resources={"VCPU": 1, "MEMORY_MB": 512},
            project_id="p",
            user_id="u",
        )
        client.client.build(client.context(), request)
        built = client.client.wait(client.context(), request.request_id, 60).instances
        self.assertEqual([states.ACTIVE] * 6, [instance.state for instance in built])
        self.check_the_files(cloud)
        cloud.stop()
        for service in cloud.services:
            self.assertIn(" has stopped\n", service.printed_since_start(), service.told)
            self.assertNotIn("Traceback", service.printed_since_start(), service.told)

    def check_the_files(self, cloud: cluster.Cluster) -> None:
        """All that a service wrote is for its user alone."""
        for service in cloud.services:
            state = service.scratch / "state"
            written = [state, *state.rglob("*")]
            journal = service._settings.get("compute", {}).get("journal")
            if journal:
                written += list(Path(str(journal)).parent.glob("journal.sqlite3*"))
            for path in written:
                found = stat.S_IMODE(path.stat().st_mode)
                self.assertEqual(0, found & 0o077, f"{path} is {found:o}")
