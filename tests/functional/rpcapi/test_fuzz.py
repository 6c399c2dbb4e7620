"""Whatever is sent to whichever method: a typed answer, no silence, and nothing that stays."""

from __future__ import annotations

import functools
import json
import logging
import threading
import uuid
from typing import Any, ClassVar

import fixtures
import testtools
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.functional.rpcapi import hostile
from tests.functional.support.buses import BusTestCase
from tests.functional.support.foreign import ForeignClient
from tests.functional.support.waiting import wait_for
from tools.rpc_schemas import facts, shapes
from understudy.cli.embedded import EmbeddedCloud
from understudy.compute.fake_hosts import fake_host
from understudy.rpcapi import embedded

EXAMPLES = 60
"""Of each kind for each interface."""
WORKERS = 2
bounded = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


def answered_with(reply: dict[str, Any]) -> str:
    """Return the name of the error in a reply, which is one of ours; "" where it is a result."""
    if reply["failure"] is None:
        return ""
    failure = json.loads(reply["failure"])
    kind = shapes.error_classes()[failure["class"]]
    line = str(kind(*failure["args"]))
    if failure["module"] != kind.__module__ or not line.isprintable():
        raise AssertionError(f"this is not one line of {kind}: {line!r}")
    return str(failure["class"])


class InterfaceFuzz(BusTestCase):
    """A subclass says which interface."""

    interface: ClassVar[facts.Interface]

    def setUp(self) -> None:
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger(level=logging.ERROR))
        self.buses = self.make_buses()
        [self.bus] = self.buses.cells
        service = self.interface.service
        self.called: list[str] = []
        endpoint = hostile.stand_in(self.interface, self.called.append)
        self.server = self.buses.serve(self.bus, service, endpoint, workers=WORKERS)
        self.topic = self.bus.topic(service)
        self.stranger = self.buses.foreign(self.bus, "stranger")

    def ask(self, message: dict[str, Any]) -> str:
        return answered_with(self.stranger.call(self.topic, message))

    def assert_answers(self) -> None:
        name = next(iter(self.interface.methods))
        before = len(self.called)
        self.assertEqual("", self.ask(hostile.right(self.interface, name)))
        self.assertGreater(len(self.called), before)

    def assert_nothing_stays(self, threads: int) -> None:
        [workers, refusers] = self.server._server._takers
        wait_for(lambda: not workers._begun and not refusers._begun, "the workers' places")
        prefix = f"understudy.{self.bus.name}."
        waiting = {
            name: messages.qsize()
            for name, messages in embedded.Channel.queues.items()
            if name.startswith(prefix) and messages.qsize()
        }
        self.assertEqual({}, waiting)
        self.assertLessEqual(threading.active_count(), threads + WORKERS)
        # What reached no endpoint was its sender's fault, and no surprise to anybody.
        self.assertEqual("", self.log.output)


class Fuzz:
    """The tests of every interface."""

    interface: ClassVar[facts.Interface]

    def test_what_is_right_is_served(self: Any) -> None:
        for name in self.interface.methods:
            self.assertEqual("", self.ask(hostile.right(self.interface, name)), name)
        self.assertEqual(list(self.interface.methods), self.called)

    def test_each_call_has_a_typed_answer(self: Any) -> None:
        threads = threading.active_count()

        @bounded
        @given(hostile.wrong(self.interface))
        def ask(message: dict[str, Any]) -> None:
            self.assertIn(self.ask(message), ("", "BadRequest", "UnsupportedVersion"))
            self.assert_answers()

        ask()
        self.assert_nothing_stays(threads)

    def test_what_is_no_message_silences_nobody(self: Any) -> None:
        threads = threading.active_count()

        @bounded
        @given(hostile.BODIES)
        def send(body: str | bytes) -> None:
            self.stranger.publish(self.topic, body)
            self.assert_answers()

        send()
        self.assert_nothing_stays(threads)


class SchedulerFuzzTest(Fuzz, InterfaceFuzz):
    interface = facts.SCHEDULER


class SuperConductorFuzzTest(Fuzz, InterfaceFuzz):
    interface = facts.SUPER_CONDUCTOR


class CellConductorFuzzTest(Fuzz, InterfaceFuzz):
    interface = facts.CELL_CONDUCTOR


class ComputeFuzzTest(Fuzz, InterfaceFuzz):
    interface = facts.COMPUTE


class CloudFuzzTest(testtools.TestCase):
    """The endpoints themselves, in a whole cloud: what they make of it is for their own tests."""

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(fixtures.FakeLogger(level=logging.WARNING))
        cell = f"fuzzed-{uuid.uuid4().hex[:8]}"
        self.cloud = EmbeddedCloud(cells={cell: [fake_host("host-1", "agent", {"VCPU": 8})]})
        self.addCleanup(self.cloud.close)
        self.topics = {
            "super-conductor": "understudy.api.super-conductor",
            "scheduler": "understudy.api.scheduler",
            "conductor": f"understudy.{cell}.conductor",
            "compute": f"understudy.{cell}.compute.{cell}-agent",
        }
        self.stranger = self.useFixture(ForeignClient(f"{embedded.SCHEME}://stranger@localhost/"))

    def ask(self, interface: facts.Interface, message: dict[str, Any]) -> str:
        return answered_with(self.stranger.call(self.topics[interface.service], message))

    def test_each_call_has_a_typed_answer(self) -> None:
        calls = [
            hostile.wrong(interface).map(functools.partial(_pair, interface))
            for interface in facts.INTERFACES
        ]

        @bounded
        @given(st.one_of(calls))
        def ask(asked: tuple[facts.Interface, dict[str, Any]]) -> None:
            self.ask(*asked)
            listing = hostile.right(facts.SUPER_CONDUCTOR, "list_cells")
            listing["_context_is_admin"] = True
            self.assertEqual("", self.ask(facts.SUPER_CONDUCTOR, listing))

        ask()


def _pair(
    interface: facts.Interface, message: dict[str, Any]
) -> tuple[facts.Interface, dict[str, Any]]:
    return interface, message
