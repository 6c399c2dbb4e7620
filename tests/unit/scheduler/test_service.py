"""The service: options, interface on the bus, heartbeat, start and stop."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable

import fixtures
import testtools
from oslo_config import cfg

from tests.unit.scheduler.cloud import Cloud, request, uuid_of
from understudy.cells import errors as cell_errors
from understudy.cells.records import HostMapping
from understudy.objects.errors import InvalidRequest
from understudy.rpcapi import errors as wire
from understudy.rpcapi.bus import EMBEDDED, Bus, embedded_url
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.scheduler import SchedulerClient
from understudy.scheduler import options, service
from understudy.scheduler.heartbeat import Heartbeat
from understudy.scheduler.service import SchedulerService
from understudy.scheduler.settings import Settings


class Registry(Cloud):
    """The API database: it may be down, and it knows who beats."""

    def __init__(self) -> None:
        super().__init__()
        self.down = False
        self.beats: list[tuple[str, str]] = []
        self.beaten = threading.Event()

    def host_mappings(self) -> list[HostMapping]:
        if self.down:
            raise cell_errors.ApiDatabaseUnreachable("connection refused")
        return super().host_mappings()

    def beat_service(self, binary: str, name: str) -> None:
        self.beats.append((binary, name))
        self.beaten.set()


class ServiceTest(testtools.TestCase):
    """A scheduler on a bus within this process."""

    def setUp(self) -> None:
        super().setUp()
        self.registry = Registry()
        self.registry.add("one", VCPU=4)
        self.registry.add("two", VCPU=4)
        self.bus = Bus.open(f"api-{uuid.uuid4()}", EMBEDDED)
        self.addCleanup(self.bus.close)
        self.service = SchedulerService(
            self.bus,
            self.registry,
            self.registry.ledger,
            self.registry.ledger,
            name="scheduler1",
            settings=Settings(workers=2, beat_interval=0.05),
        )
        self.service.start()
        self.addCleanup(self.service.stop)
        self.client = SchedulerClient(self.bus, timeout=10)

    def test_it_answers(self) -> None:
        wanted = request()
        answer = self.client.select_destinations(
            RequestContext(), wanted.request_id, wanted, [uuid_of("vm")], 1, {}
        )
        (pick,) = answer.picks()
        self.assertEqual(
            {"one", "two"}, {pick.claimed.service_host, pick.alternates[0].service_host}
        )
        self.assertEqual({uuid_of("vm"): pick.claimed.allocations}, self.registry.ledger.holding)

    def test_100000_ignored_hosts_are_too_many(self) -> None:
        wanted = request(ignore_hosts=[f"host{number}" for number in range(100_000)])
        error = self.assertRaises(
            InvalidRequest,
            self.client.select_destinations,
            RequestContext(),
            wanted.request_id,
            wanted,
            [uuid_of("vm")],
            1,
            {},
        )
        self.assertEqual("ignore_hosts", error.field)

    def test_its_errors_arrive_with_their_facts(self) -> None:
        wanted = request(only_hosts=["three"])
        error = self.assertRaises(
            wire.NoValidHost,
            self.client.select_destinations,
            RequestContext(),
            wanted.request_id,
            wanted,
            [uuid_of("vm")],
            1,
            {},
        )
        self.assertEqual({"filter only_hosts": 2}, error.reasons)

    def test_a_database_that_is_down_has_a_name(self) -> None:
        self.registry.down = True
        wanted = request()
        error = self.assertRaises(
            wire.ServiceUnavailable,
            self.client.select_destinations,
            RequestContext(),
            wanted.request_id,
            wanted,
            [uuid_of("vm")],
            1,
            {},
        )
        self.assertEqual("the API database", error.service)

    def test_another_user_of_the_bus_is_not_answered(self) -> None:
        bus = Bus.open(self.bus.name, embedded_url("agent"))
        self.addCleanup(bus.close)
        wanted = request()
        error = self.assertRaises(
            wire.Forbidden,
            SchedulerClient(bus, timeout=10).select_destinations,
            RequestContext(is_admin=True),
            wanted.request_id,
            wanted,
            [uuid_of("vm")],
            1,
            {},
        )
        self.assertEqual("user 'agent'", error.who)
        self.assertEqual({}, self.registry.ledger.holding)

    def test_it_beats(self) -> None:
        self.assertTrue(self.registry.beaten.wait(5))
        self.assertEqual(("scheduler", "scheduler1"), self.registry.beats[0])


class PinnedTest(testtools.TestCase):
    """What a bus is pinned to says whether senders must be known."""

    def answered(self, release: str | None, *callers: str) -> list[str | None]:
        bus = Bus.open(f"api-{uuid.uuid4()}", EMBEDDED, release=release)
        self.addCleanup(bus.close)
        found = service._callers(bus, Settings(callers=callers))
        return sorted(found, key=str)

    def test_its_own_user_unless_others_are_named(self) -> None:
        self.assertEqual(["guest"], self.answered(None))
        self.assertEqual(["other", "super"], self.answered(None, "super", "other"))

    def test_those_of_the_first_release_say_none(self) -> None:
        self.assertEqual([None, "guest"], self.answered("0.1"))
        self.assertEqual(["guest"], self.answered("0.2"))


class HeartbeatTest(testtools.TestCase):
    def beating(self, beat: Callable[[], None]) -> Heartbeat:
        heartbeat = Heartbeat(beat, 0.01)
        heartbeat.start()
        self.addCleanup(heartbeat.stop)
        return heartbeat

    def test_it_goes_on_after_a_failure(self) -> None:
        self.useFixture(fixtures.FakeLogger())
        beats = threading.Semaphore(0)

        def beat() -> None:
            beats.release()
            raise ConnectionError

        self.beating(beat)
        self.assertTrue(all(beats.acquire(timeout=5) for _ in range(3)))

    def test_a_database_that_does_not_answer_is_told_without_a_traceback(self) -> None:
        log = self.useFixture(fixtures.FakeLogger())
        beats = threading.Semaphore(0)

        def beat() -> None:
            beats.release()
            raise cell_errors.ApiDatabaseUnreachable("refused")

        self.beating(beat)
        self.assertTrue(all(beats.acquire(timeout=5) for _ in range(2)))
        self.assertIn("refused", log.output)
        self.assertNotIn("Traceback", log.output)

    def test_nothing_is_left_of_it(self) -> None:
        before = threading.active_count()
        heartbeat = self.beating(lambda: None)
        heartbeat.stop()
        self.assertEqual(before, threading.active_count())

    def test_it_can_be_stopped_before_it_was_started(self) -> None:
        Heartbeat(lambda: None, 1.0).stop()


class OptionsTest(testtools.TestCase):
    def conf(self, text: str = "") -> cfg.ConfigOpts:
        conf = cfg.ConfigOpts()
        for group, opts in options.list_opts():
            conf.register_opts(opts, group)
        path = self.useFixture(fixtures.TempDir()).join("understudy.conf")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
        conf(["--config-file", path])
        return conf

    def test_the_defaults_are_those_of_the_settings(self) -> None:
        self.assertEqual(Settings(), options.settings(self.conf()))

    def test_what_an_operator_writes(self) -> None:
        found = options.settings(
            self.conf(
                "[scheduler]\n"
                "filters = mine, other\n"
                "weighers = free:-1, shuffle:0.5\n"
                "candidates = 50\n"
                "callers = super, other\n"
                "consumer_types = OURS, EXAMPLE\n"
            )
        )
        self.assertEqual(("super", "other"), found.callers)
        self.assertEqual(("OURS", "EXAMPLE"), found.consumer_types)
        self.assertEqual(("mine", "other"), found.filters)
        self.assertEqual({"free": -1.0, "shuffle": 0.5}, found.weighers)
        self.assertEqual(50, found.limits.candidates)

    def test_retries_are_none_of_its_business(self) -> None:
        names = " ".join(each.name for _, opts in options.list_opts() for each in opts)
        for word in ("retry", "retries", "attempt", "alternate"):
            self.assertNotIn(word, names)

    def test_every_help_says_when_to_change_it(self) -> None:
        for _, opts in options.list_opts():
            for each in opts:
                self.assertRegex(each.help or "", "Raise|Lower|Keep|Add|Set")
