"""Our services as operators run them: processes, signals, real servers around them."""

from __future__ import annotations

import io
import os
import signal
import uuid
from pathlib import Path

import testtools

from tests.integration.security.credentials import Credentials
from tests.integration.seen.figures import Figures
from tests.integration.support import api_level, cluster, shared
from tests.integration.support.mariadb import MariaDB
from tests.integration.support.placement import Placement
from tests.integration.support.ports import free_port
from tests.integration.support.rabbitmq import RabbitMQ
from tests.integration.support.service import Service
from tests.integration.support.waiting import wait_until
from understudy.cli import demo, progress
from understudy.cli.manage import auditing
from understudy.cli.remote import RemoteCloud
from understudy.objects import states
from understudy.objects.build_request import BuildRequest
from understudy.objects.instance import Instance


def sockets(pid: int) -> set[str]:
    """Return the inodes of a process's TCP connections: a shared one has one inode."""
    connections: set[str] = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if table.exists():
            connections |= {line.split()[9] for line in table.read_text().splitlines()[1:]}
    links = [
        os.readlink(found) for found in Path(f"/proc/{pid}/fd").glob("*") if found.is_symlink()
    ]
    held = {link.removeprefix("socket:[").removesuffix("]") for link in links if "socket" in link}
    return held & connections


class ClusterTest(testtools.TestCase):
    """A whole cloud, every part a process of its own."""

    def setUp(self) -> None:
        super().setUp()
        shared.require(self, RabbitMQ, MariaDB, Placement)
        self.cluster = self.useFixture(
            cluster.Cluster(
                hosts=4,
                broken=frozenset({"cell1-host01"}),
                build_seconds=1.0,
                more={"scheduler": {"processes": 2}, "metrics": {"port": free_port()}},
            )
        )
        self.cloud = RemoteCloud(None, self.cluster.transport_url)
        self.addCleanup(self.cloud.close)

    def build(self, count: int, **more: object) -> list[Instance]:
        """Build, and return how it ended."""
        request = BuildRequest(
            request_id=str(uuid.uuid4()),
            name="vm",
            count=count,
            resources={"VCPU": 1, "MEMORY_MB": 512},
            project_id="p",
            user_id="u",
            **more,
        )
        self.cloud.client.build(self.cloud.context(), request)
        self.request_id = request.request_id
        return list(self.cloud.client.wait(self.cloud.context(), request.request_id, 60).instances)

    def states(self) -> set[str]:
        """Return the states of what was asked for last."""
        result = self.cloud.client.result(self.cloud.context(), self.request_id)
        return {instance.state for instance in result.instances}

    def test_builds_retries_drains_and_stops(self) -> None:
        built = self.build(20, max_attempts=3)
        self.assertEqual({states.ACTIVE}, {instance.state for instance in built})
        self.assertNotIn("cell1-host01", {instance.service_host for instance in built})
        self.assertNotEqual([], [instance for instance in built if instance.attempt > 1])
        self.check_the_demo()
        self.check_the_claims()
        # Whoever has been needed so far, they have connected to by now.
        Credentials(self, self.cluster).check()
        Figures(self, self.cluster, built=30).check()
        self.check_that_a_build_in_hand_ends()
        self.cluster.stop()
        for service in self.cluster.services:
            self.assertFalse(service.is_running, service.told)
            self.assertIn(" has stopped\n", service.printed_since_start(), service.told)
            self.assertNotIn("Traceback", service.printed_since_start(), service.told)

    def check_the_demo(self) -> None:
        settings = demo.Settings(builds=10, run=uuid.uuid4().hex, fast_disks=False)
        run = demo.run_against(settings, self.cloud, progress.to(io.StringIO()))
        self.assertEqual((10, 10), (run.figures.builds, run.figures.active))
        self.assertFalse(run.audited)

    def check_the_claims(self) -> None:
        file = self.cluster.conductor.scratch / "operator.conf"
        file.write_text(self.cluster.operator_file())
        found = auditing.audit(str(file))
        self.assertEqual(([], []), (list(found.leaked), list(found.doubled)))

    def check_that_a_build_in_hand_ends(self) -> None:
        """Stop every agent while it builds: what was begun is ACTIVE when it has stopped."""
        self.request_id = str(uuid.uuid4())
        request = BuildRequest(
            request_id=self.request_id,
            name="late",
            count=1,
            resources={"VCPU": 1},
            project_id="p",
            user_id="u",
            only_hosts=["cell2-host02"],
        )
        self.cloud.client.build(self.cloud.context(), request)
        wait_until(self.started, "the build to begin on its host")
        (agent,) = self.cluster.cells["cell2"].agents
        agent.stop()
        self.assertEqual({states.ACTIVE}, self.states())

    def started(self) -> bool:
        """Has the last build begun on its host?"""
        context = self.cloud.context()
        (instance,) = self.cloud.client.result(context, self.request_id).instances
        attempts = self.cloud.client.show(context, instance.uuid).attempts
        return [attempt.state for attempt in attempts] == [states.AttemptState.STARTED]


class SchedulerProcessTest(testtools.TestCase):
    """What oslo.service does with one of our services."""

    def setUp(self) -> None:
        super().setUp()
        self.url = shared.vhost(self, "api")
        self.service = Service(
            "scheduler",
            {
                **api_level.settings(self, self.url),
                "scheduler": {"processes": 2, "beat_interval": 0.1},
            },
        )
        self.useFixture(self.service)
        self.workers = self.serving(2)

    def serving(self, times: int) -> set[int]:
        """Wait until so many processes have said that they serve; return the live ones."""
        wait_until(
            lambda: self.service.printed_since_start().count(" serves\n") >= times,
            f"{times} processes to serve",
        )
        return self.service.workers()

    def test_processes_share_no_connection(self) -> None:
        one, other = self.workers
        wait_until(lambda: len(sockets(one)) > 1 and len(sockets(other)) > 1, "connections")
        self.assertEqual(set(), sockets(one) & sockets(other))
        self.assertEqual(set(), sockets(self.service.master()))

    def test_each_has_queues_of_its_own(self) -> None:
        queues = shared.rabbitmq(self).queues(self.url)
        named = [name for name in queues if name.startswith("understudy.api.scheduler.")]
        self.assertEqual(
            ["understudy.api.scheduler.one-1", "understudy.api.scheduler.one-2"], sorted(named)
        )

    def test_a_killed_one_is_replaced(self) -> None:
        os.kill(min(self.workers), signal.SIGKILL)
        replaced = self.serving(3)
        self.assertEqual(2, len(replaced))
        self.assertEqual(1, len(replaced & self.workers))

    def test_a_hang_up_forks_anew_with_what_may_change(self) -> None:
        self.service.configure({"scheduler": {"workers": 3, "processes": 1}})
        os.kill(self.service.master(), signal.SIGHUP)
        replaced = self.serving(4)
        self.assertEqual(set(), replaced & self.workers)
        self.assertEqual(2, len(replaced))
        printed = self.service.printed_since_start()
        self.assertRegex(printed, r"scheduler.workers changed from \[.*\] to \[3\]")
        self.assertIn("immutable option scheduler.processes", printed)

    def test_a_hang_up_with_a_wrong_file_changes_nothing(self) -> None:
        self.service.configure({"scheduler": {"workers": 0}})
        os.kill(self.service.master(), signal.SIGHUP)
        self.serving(4)
        self.assertIn(
            "the configuration is kept as it was: "
            f"{self.service.file}: [scheduler] workers: Should be greater than or equal to 1",
            self.service.printed_since_start(),
        )
