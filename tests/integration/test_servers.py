"""Each kind of server starts, talks, comes back with what it kept, and leaves nothing behind."""

from __future__ import annotations

import unittest

import amqp
import fixtures
import requests
import testtools

from tests.integration import server_contracts
from tests.integration.support import shared
from tests.integration.support.kept import Kept, Message, Provider
from tests.integration.support.server import Server


class RabbitMQTest(server_contracts.EndsWithItsProcess):
    def setUp(self) -> None:
        super().setUp()
        self.server = self.broker = shared.rabbitmq(self)

    def leave(self) -> Kept:
        return Message(shared.vhost(self, "kept"))

    def test_a_user_has_one_vhost(self) -> None:
        mine, other = shared.vhost(self, "mine"), shared.vhost(self, "other")
        Message(mine)
        self.assertEqual([["kept"], []], [self.broker.queues(url) for url in (mine, other)])
        trespassing = mine.rpartition("/")[0] + "/" + other.rpartition("/")[2]
        self.assertRaises(amqp.NotAllowed, Message, trespassing)


class MariaDBTest(server_contracts.DatabaseContract):
    # PyMySQL waits for the greeting as it reads, not as it connects.
    impatience = {"read_timeout": 1}

    def setUp(self) -> None:
        super().setUp()
        self.server = self.mariadb = shared.mariadb(self)

    def database(self, name: str) -> str:
        return shared.database(self, self.mariadb, name)


class PostgreSQLTest(server_contracts.DatabaseContract):
    def setUp(self) -> None:
        super().setUp()
        self.server = self.postgresql = shared.postgresql(self)

    def database(self, name: str) -> str:
        return shared.database(self, self.postgresql, name)


class PlacementTest(server_contracts.Contract):
    def setUp(self) -> None:
        super().setUp()
        self.server = self.placement = shared.placement(self)

    def leave(self) -> Kept:
        return Provider(self.placement.url)

    def test_a_wipe_forgets_it(self) -> None:
        left = self.leave()
        self.placement.wipe()
        self.assertRaises(IndexError, left.read)

    def test_several_workers_answer(self) -> None:
        master, *workers = sorted(self.server.pids() - {self.server.keeper_pid})
        self.assertEqual(self.placement.workers, len(workers))
        self.assertTrue(requests.get(self.placement.url, timeout=30).ok, master)


class Absent(Server):
    programs = ("understudy-no-such-program",)


class AbsentTest(testtools.TestCase):
    """A server that is not installed is said so aloud, and in CI it is a failure."""

    def require_in(self, ci: str) -> Exception:
        self.useFixture(fixtures.EnvironmentVariable("CI", ci))
        try:
            shared.require(self, Absent)
        except (unittest.SkipTest, AssertionError) as outcome:
            return outcome
        raise LookupError("neither skipped nor failed")

    def test_the_test_is_skipped_and_says_how_to_install_it(self) -> None:
        outcome = self.require_in("")
        self.assertIsInstance(outcome, unittest.SkipTest)
        self.assertIn("understudy-no-such-program", str(outcome))
        self.assertIn("sudo tools/install-packages integration", str(outcome))

    def test_in_ci_the_test_fails(self) -> None:
        self.assertIsInstance(self.require_in("true"), AssertionError)
