from __future__ import annotations

import random
import threading

import testtools
from oslo_config import cfg

from tests.unit.compute.scene import OTHER_VM, VM, AgentTestCase
from understudy.compute import options
from understudy.compute.backoff import Backoff
from understudy.compute.bell import Bell
from understudy.compute.pools import ThreadPools
from understudy.compute.settings import Settings
from understudy.compute.tags import Place
from understudy.compute.turns import Turns

PATIENCE = 30.0


class PoolsTest(AgentTestCase):
    """Builds are bounded, and never keep calls from being made."""

    def pools(self, builders: int = 1, callers: int = 1) -> ThreadPools:
        pools = ThreadPools(builders, callers)
        self.addCleanup(pools.close)
        return pools

    def test_a_long_build_does_not_hold_calls_up(self) -> None:
        pools = self.pools()
        go, called = threading.Event(), threading.Event()
        pools.build(lambda: self.assertTrue(go.wait(PATIENCE)))
        pools.call(called.set)
        self.assertTrue(called.wait(PATIENCE))
        go.set()

    def test_so_many_builds_at_a_time(self) -> None:
        pools = self.pools(builders=2)
        both, third = threading.Barrier(3), threading.Event()
        for _ in range(2):
            pools.build(lambda: both.wait(PATIENCE))
        pools.build(third.set)
        self.assertFalse(third.is_set())
        both.wait(PATIENCE)
        self.assertTrue(third.wait(PATIENCE))

    def test_alarms_ring_in_their_order(self) -> None:
        pools = self.pools()
        rung: list[str] = []
        done = threading.Event()
        pools.call(done.set, after=0.02)
        pools.call(lambda: rung.append("first"), after=0.01)
        self.assertTrue(done.wait(PATIENCE))
        self.assertEqual(["first"], rung)

    def test_what_breaks_does_not_end_the_thread(self) -> None:
        pools = self.pools()
        done = threading.Event()
        pools.call(lambda: 1 // 0)
        pools.call(done.set)
        self.assertTrue(done.wait(PATIENCE))
        self.assertIn("ZeroDivisionError", self.log.output)

    def test_draining_drops_what_waits_and_tells_how_what_runs_went(self) -> None:
        pools = self.pools()
        running, go, dropped = threading.Event(), threading.Event(), threading.Event()
        told = threading.Event()

        def build() -> None:
            running.set()
            go.wait(PATIENCE)
            pools.call(told.set)

        pools.build(build)
        pools.build(dropped.set)
        self.assertTrue(running.wait(PATIENCE))
        threading.Timer(0.05, go.set).start()
        self.assertTrue(pools.drain(PATIENCE))
        self.assertTrue(told.is_set())
        pools.build(dropped.set)
        pools.call(dropped.set)
        pools.call(dropped.set, after=0.001)
        self.assertTrue(pools.drain(PATIENCE))
        self.assertFalse(dropped.is_set())

    def test_draining_gives_up_in_time(self) -> None:
        pools = self.pools()
        running, go = threading.Event(), threading.Event()
        self.addCleanup(go.set)

        def build() -> None:
            running.set()
            go.wait(PATIENCE)

        pools.build(build)
        self.assertTrue(running.wait(PATIENCE))
        self.assertFalse(pools.drain(0.0))


class TurnsTest(testtools.TestCase):
    """One at a time for each place."""

    def test_who_comes_second_is_reported_to_the_first(self) -> None:
        turns, place = Turns(), Place("host-a", VM)
        self.assertTrue(turns.take(place))
        self.assertTrue(turns.take(Place("host-a", OTHER_VM)))
        self.assertFalse(turns.take(place))
        self.assertTrue(turns.give_back(place))
        self.assertTrue(turns.take(place))
        self.assertFalse(turns.give_back(place))


class BellTest(testtools.TestCase):
    """It ends waits early."""

    def test_a_wait_goes_by(self) -> None:
        self.assertTrue(Bell().wait(0.0))

    def test_it_is_heard_even_if_rung_before(self) -> None:
        bell = Bell()
        bell.ring()
        self.assertTrue(bell.wait(PATIENCE))

    def test_it_ends_the_loop(self) -> None:
        bell = Bell()
        waiter = threading.Thread(target=lambda: self.assertFalse(bell.wait(PATIENCE)))
        waiter.start()
        bell.stop()
        waiter.join(PATIENCE)
        self.assertFalse(waiter.is_alive())
        self.assertFalse(bell.wait(PATIENCE))


class BackoffTest(testtools.TestCase):
    """Twice as long each time, up to a limit."""

    def test_it_grows_up_to_a_limit(self) -> None:
        backoff = Backoff(1.0, 10.0, random.Random(1))
        for tries, most in ((1, 1.0), (2, 2.0), (4, 8.0), (5, 10.0), (10_000, 10.0)):
            seconds = backoff.seconds(tries)
            self.assertTrue(most / 2 <= seconds <= most, (tries, seconds))


class OptionsTest(testtools.TestCase):
    """The options say what the settings are."""

    def conf(self, **overrides: object) -> cfg.ConfigOpts:
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[], default_config_dirs=[])
        options.register(conf)
        options.register(conf)
        for name, value in overrides.items():
            conf.set_override(name, value, group=options.GROUP)
        return conf

    def test_their_defaults_are_the_same(self) -> None:
        ours, said = Settings(), options.settings(self.conf())
        self.assertEqual(
            (ours.build_workers, ours.call_workers, ours.heartbeat_seconds),
            (said.build_workers, said.call_workers, said.heartbeat_seconds),
        )
        self.assertEqual(
            (ours.answer_seconds, ours.stop_grace_seconds),
            (said.answer_seconds, said.stop_grace_seconds),
        )
        self.assertEqual(
            (ours.backoff.first_seconds, ours.backoff.longest_seconds),
            (said.backoff.first_seconds, said.backoff.longest_seconds),
        )

    def test_they_are_read(self) -> None:
        said = options.settings(self.conf(build_workers=3, longest_retry_seconds=5.0))
        self.assertEqual((3, 5.0), (said.build_workers, said.backoff.longest_seconds))

    def test_each_has_help(self) -> None:
        for _, listed in options.list_opts():
            self.assertEqual([], [option.name for option in listed if not option.help])
