"""Services on one machine, and processes of one service, get the answers that are theirs."""

from __future__ import annotations

import collections
import functools
import re
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import testtools

from tests.integration.support import api_level, shared
from tests.integration.support.service import Service, Settings
from tests.integration.support.waiting import wait_until
from understudy.cli.remote import RemoteCloud
from understudy.objects import states
from understudy.objects.build_request import BuildRequest

BUILDS = 6
COUNTED = re.compile(
    r"^(reply|understudy\.api\.[a-z-]+_fanout)_[^:]+:(understudy-[a-z]+)-one-\w+:(\d+)$"
)


class OnOneMachine(Service):
    """One of the services that share a machine, its name and the folder of their state."""

    def __init__(self, module: str, settings: Settings, state: Path) -> None:
        super().__init__(module, settings)
        self._state = state

    def prepare(self) -> None:
        super().prepare()
        self.configure({"DEFAULT": {"state_path": self._state}})


class QueueNamesTest(testtools.TestCase):
    """With the options that services have by themselves."""

    def setUp(self) -> None:
        super().setUp()
        self.broker = shared.rabbitmq(self)
        self.url = shared.vhost(self, "api")
        state = tempfile.TemporaryDirectory()
        self.addCleanup(state.cleanup)
        settings: Settings = {
            **api_level.settings(self, self.url),
            "scheduler": {"processes": 2},
            "conductor": {"processes": 2, "sweep_interval": 0.5, "retry_interval": 0.5},
        }
        self.services = [
            OnOneMachine(module, settings, Path(state.name))
            for module in ("scheduler", "conductor")
        ]
        with ThreadPoolExecutor() as together:
            list(together.map(Service.setUp, self.services))
        for service in self.services:
            self.addCleanup(service.cleanUp)
            wait_until(functools.partial(self.all_serve, service), "both processes")
        self.cloud = RemoteCloud(None, self.url)
        self.addCleanup(self.cloud.close)

    def all_serve(self, service: Service) -> bool:
        return service.printed_since_start().count(" serves\n") == 2

    def build(self, number: int) -> set[str]:
        """Ask for what no host can take: the super conductor asks a scheduler, which says no."""
        request = BuildRequest(
            request_id=str(uuid.uuid4()),
            name=f"vm-{number}",
            count=1,
            resources={"VCPU": 1},
            project_id="p",
            user_id="u",
        )
        context = self.cloud.context()
        self.cloud.client.build(context, request)
        ended = self.cloud.client.wait(context, request.request_id, 180).instances
        return {instance.state for instance in ended}

    def test_each_process_has_its_own(self) -> None:
        with ThreadPoolExecutor(BUILDS) as together:
            ended = list(together.map(self.build, range(BUILDS)))
        self.assertEqual([{states.ERROR}] * BUILDS, ended)
        named = [COUNTED.match(name) for name in self.broker.queues(self.url)]
        by_kind: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
        for found in (found for found in named if found is not None):
            by_kind[found[1], found[2]].append(found[3])
        self.assertEqual(
            [2, 2],
            [
                len(by_kind["understudy.api.scheduler_fanout", "understudy-scheduler"]),
                len(by_kind["understudy.api.super-conductor_fanout", "understudy-conductor"]),
            ],
            str(by_kind),
        )
        # Whoever has asked a scheduler has a queue for its answers, none has another's.
        self.assertIn(len(by_kind["reply", "understudy-conductor"]), (1, 2))
        numbers = [
            number
            for (_, unit), found in by_kind.items()
            for number in found
            if "conductor" in unit
        ]
        self.assertEqual(sorted(set(numbers)), sorted(numbers))
        for service in self.services:
            self.assertNotIn("did not answer", service.printed_since_start())
            self.assertNotIn("Traceback", service.printed_since_start())
