"""A whole cloud that is asked for more than it can build: each is answered, nothing is lost."""

from __future__ import annotations

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import testtools

from understudy.cli.embedded import EmbeddedCloud
from understudy.compute.fake_hosts import fake_host
from understudy.objects import states
from understudy.objects.build_request import BuildRequest
from understudy.rpcapi import errors
from understudy.rpcapi.bus import API, EMBEDDED, Bus
from understudy.rpcapi.super_conductor import SuperConductorClient

MOST_WAITING = 5
WORKERS = 8
CALLERS = 20
BUILDS = 60


def request() -> BuildRequest:
    return BuildRequest(
        request_id=str(uuid.uuid4()),
        resources={"VCPU": 1},
        project_id="a-project",
        user_id="a-user",
    )


class FloodTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        hosts = [fake_host(f"host-{number}", "agent", {"VCPU": 32}) for number in range(4)]
        self.cloud = EmbeddedCloud(cells={"flooded": hosts}, most_waiting=MOST_WAITING)
        self.addCleanup(self.cloud.close)
        self.bus = Bus.open(API, EMBEDDED)
        self.addCleanup(self.bus.close)
        self.lock = threading.Lock()
        self.told_to_come_back: list[float] = []

    def come_back(self, seconds: float) -> None:
        with self.lock:
            self.told_to_come_back.append(seconds)
        time.sleep(min(seconds, 0.5))

    def build_all(self, client: SuperConductorClient) -> dict[str, Exception | None]:
        """Ask for all at once; return by request what it came to, None if it was accepted."""

        def build(asked: BuildRequest) -> tuple[str, Exception | None]:
            try:
                client.build(self.cloud.context(), asked)
            except errors.WireError as error:
                return asked.request_id, error
            return asked.request_id, None

        with ThreadPoolExecutor(CALLERS) as callers:
            return dict(callers.map(build, [request() for _ in range(BUILDS)]))

    def test_who_does_not_come_back_has_a_typed_answer_and_nothing_is_built(self) -> None:
        client = SuperConductorClient(self.bus)
        client._come_back = None
        most, done = [0], threading.Event()

        def watch() -> None:
            while not done.wait(0.01):
                most[0] = max(most[0], self.cloud.api.count_waiting(BUILDS))

        watching = threading.Thread(target=watch)
        watching.start()
        found = self.build_all(client)
        done.set()
        watching.join()
        refused = [error for error in found.values() if error is not None]
        self.assertEqual({errors.Overloaded}, {type(error) for error in refused}, str(refused))
        # All workers may have looked at the same moment.
        self.assertLessEqual(most[0], MOST_WAITING + WORKERS)
        for request_id, error in found.items():
            if error is None:
                ended = client.wait(self.cloud.context(), request_id, 60)
                self.assertEqual([states.ACTIVE], [one.state for one in ended.instances])
            else:
                self.assertRaises(
                    errors.RequestNotFound, client.result, self.cloud.context(), request_id
                )
        self.assertEqual([], self.cloud.audit().leaked)

    def test_who_comes_back_is_built(self) -> None:
        client = SuperConductorClient(self.bus, pause=self.come_back)
        found = self.build_all(client)
        self.assertEqual({None}, set(found.values()))
        self.assertGreater(min(self.told_to_come_back), 0)
        for request_id in found:
            ended = client.wait(self.cloud.context(), request_id, 60)
            self.assertEqual([states.ACTIVE], [one.state for one in ended.instances])
