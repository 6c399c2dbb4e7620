"""A whole cloud goes on building while all its services are sent what nobody can read."""

from __future__ import annotations

import logging
import uuid

import fixtures
import testtools

from tests.functional.rpcapi.test_unreadable import CALLS, CONTEXTS, DOWN, NOBODYS
from tests.functional.support.foreign import ForeignClient
from understudy.cli.embedded import EmbeddedCloud
from understudy.compute.fake_hosts import fake_host
from understudy.objects import states
from understudy.objects.build_request import BuildRequest
from understudy.rpcapi import embedded
from understudy.rpcapi.bus import API, EMBEDDED, Bus
from understudy.rpcapi.super_conductor import SuperConductorClient

CELL = "poisoned"
TOPICS = (
    "understudy.api.super-conductor",
    "understudy.api.scheduler",
    f"understudy.{CELL}.conductor",
    f"understudy.{CELL}.compute.{CELL}-agent",
)


class PoisonedCloudTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger(level=logging.WARNING))
        hosts = [fake_host("host-1", "agent", {"VCPU": 32})]
        self.cloud = EmbeddedCloud(cells={CELL: hosts})
        self.addCleanup(self.cloud.close)
        bus = Bus.open(API, EMBEDDED)
        self.addCleanup(bus.close)
        self.client = SuperConductorClient(bus)
        self.stranger = self.useFixture(ForeignClient(f"{embedded.SCHEME}://stranger@localhost/"))

    def assert_builds(self) -> None:
        request = BuildRequest(
            request_id=str(uuid.uuid4()),
            resources={"VCPU": 1},
            project_id="demo",
            user_id="demo",
        )
        self.client.build(self.cloud.context(), request)
        [built] = self.client.wait(self.cloud.context(), request.request_id, 60).instances
        self.assertEqual(states.ACTIVE, built.state)
        self.assertNotIn("Traceback", self.log.output)

    def test_twelve_with_a_poisoned_context_for_each_service(self) -> None:
        for topic in TOPICS:
            for _ in range(12):
                self.stranger.cast(topic, DOWN | {"_context_self": 1})
        self.assert_builds()

    def test_all_that_makes_no_sense_for_each_service(self) -> None:
        for topic in TOPICS:
            for wrong in (*CONTEXTS.values(), *CALLS.values()):
                self.stranger.cast(topic, DOWN | wrong)
            for body in NOBODYS.values():
                self.stranger.publish(topic, body)
        self.assert_builds()
