"""Each kind of server starts, talks, comes back with what it kept, and leaves nothing behind."""

from __future__ import annotations

import ipaddress
import signal
import subprocess
import sys
import unittest
from pathlib import Path

import amqp
import fixtures
import requests
import sqlalchemy as sa
import testtools

from tests.integration.support import listening, shared
from tests.integration.support.kept import SEVEN, Kept, Message, Provider, Row
from tests.integration.support.server import Server
from tests.integration.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]

_START_ONE_AND_WAIT = """
import signal
from tests.integration.support.{module} import {kind}
server = {kind}()
server.setUp()
print(server.scratch, *server.pids(), flush=True)
signal.pause()
"""


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


class Contract(testtools.TestCase):
    """What holds for every kind of server; each kind below says how to get and to use one."""

    server: Server

    def leave(self) -> Kept:
        """Leave something in the server."""
        raise NotImplementedError

    def check_it_listens_on_the_loopback_only(self) -> None:
        bound = listening.addresses(self.server.pids())
        self.assertIn(ipaddress.ip_address("127.0.0.1"), bound)
        self.assertEqual([], [address for address in bound if not address.is_loopback])

    def check_it_keeps_what_it_was_given(self) -> None:
        kept = self.leave()
        before = self.server.pids()
        self.server.restart()
        self.assertEqual([], [pid for pid in before if is_alive(pid)])
        self.assertEqual(SEVEN, kept.read())

    def check_it_survives_a_crash(self) -> None:
        kept = self.leave()
        self.server.kill()
        self.server.start()
        self.assertEqual(SEVEN, kept.read())

    def check_it_ends_with_a_killed_test_process(self) -> None:
        kind = type(self.server)
        script = _START_ONE_AND_WAIT.format(
            module=kind.__module__.rpartition(".")[2], kind=kind.__name__
        )
        with subprocess.Popen(
            [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            scratch, *pids = process.stdout.readline().split()
            process.send_signal(signal.SIGKILL)
        self.assertNotEqual([], pids)
        wait_until(lambda: not any(is_alive(int(pid)) for pid in pids), "the end of all processes")
        wait_until(lambda: not Path(scratch).exists(), "the end of the folder")


class RabbitMQTest(Contract):
    def setUp(self) -> None:
        super().setUp()
        self.server = self.broker = shared.rabbitmq(self)

    def leave(self) -> Kept:
        return Message(shared.vhost(self, "kept"))

    def test_it_listens_on_the_loopback_only(self) -> None:
        self.check_it_listens_on_the_loopback_only()

    def test_it_keeps_what_it_was_given(self) -> None:
        self.check_it_keeps_what_it_was_given()

    def test_it_ends_with_a_killed_test_process(self) -> None:
        self.check_it_ends_with_a_killed_test_process()

    def test_a_user_has_one_vhost(self) -> None:
        mine, other = shared.vhost(self, "mine"), shared.vhost(self, "other")
        Message(mine)
        self.assertEqual([["kept"], []], [self.broker.queues(url) for url in (mine, other)])
        trespassing = mine.rpartition("/")[0] + "/" + other.rpartition("/")[2]
        self.assertRaises(amqp.NotAllowed, Message, trespassing)


class DatabaseContract(Contract):
    impatience = {"connect_timeout": 1}

    def database(self, name: str) -> str:
        """Return the URL of a new one."""
        raise NotImplementedError

    def leave(self) -> Kept:
        return Row(self.database("kept"))

    def check_a_user_has_one_database(self) -> None:
        mine, other = sa.make_url(self.database("mine")), sa.make_url(self.database("other"))
        trespassing = sa.create_engine(mine.set(database=other.database), poolclass=sa.NullPool)
        self.assertRaises(sa.exc.OperationalError, trespassing.connect)

    def check_a_frozen_server_is_silent_until_it_thaws(self) -> None:
        row = Row(self.database("kept"))
        impatient = sa.create_engine(self.database("any"), connect_args=self.impatience)
        with self.server.frozen():
            self.assertRaises(sa.exc.OperationalError, impatient.connect)
        self.assertEqual(SEVEN, row.read())


class MariaDBTest(DatabaseContract):
    # PyMySQL waits for the greeting as it reads, not as it connects.
    impatience = {"read_timeout": 1}

    def setUp(self) -> None:
        super().setUp()
        self.server = self.mariadb = shared.mariadb(self)

    def database(self, name: str) -> str:
        return shared.database(self, self.mariadb, name)

    def test_it_listens_on_the_loopback_only(self) -> None:
        self.check_it_listens_on_the_loopback_only()

    def test_it_keeps_what_it_was_given(self) -> None:
        self.check_it_keeps_what_it_was_given()

    def test_it_survives_a_crash(self) -> None:
        self.check_it_survives_a_crash()

    def test_it_ends_with_a_killed_test_process(self) -> None:
        self.check_it_ends_with_a_killed_test_process()

    def test_a_user_has_one_database(self) -> None:
        self.check_a_user_has_one_database()

    def test_a_frozen_server_is_silent_until_it_thaws(self) -> None:
        self.check_a_frozen_server_is_silent_until_it_thaws()


class PostgreSQLTest(DatabaseContract):
    def setUp(self) -> None:
        super().setUp()
        self.server = self.postgresql = shared.postgresql(self)

    def database(self, name: str) -> str:
        return shared.database(self, self.postgresql, name)

    def test_it_listens_on_the_loopback_only(self) -> None:
        self.check_it_listens_on_the_loopback_only()

    def test_it_keeps_what_it_was_given(self) -> None:
        self.check_it_keeps_what_it_was_given()

    def test_it_survives_a_crash(self) -> None:
        self.check_it_survives_a_crash()

    def test_it_ends_with_a_killed_test_process(self) -> None:
        self.check_it_ends_with_a_killed_test_process()

    def test_a_user_has_one_database(self) -> None:
        self.check_a_user_has_one_database()

    def test_a_frozen_server_is_silent_until_it_thaws(self) -> None:
        self.check_a_frozen_server_is_silent_until_it_thaws()


class PlacementTest(Contract):
    def setUp(self) -> None:
        super().setUp()
        self.server = self.placement = shared.placement(self)

    def leave(self) -> Kept:
        return Provider(self.placement.url)

    def test_it_listens_on_the_loopback_only(self) -> None:
        self.check_it_listens_on_the_loopback_only()

    def test_it_keeps_what_it_was_given(self) -> None:
        self.check_it_keeps_what_it_was_given()

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
