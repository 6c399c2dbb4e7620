"""What every kind of server promises the tests; `test_servers` has a class for each kind."""

from __future__ import annotations

import ipaddress
import signal
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa
import testtools

from tests.integration.support import listening
from tests.integration.support.kept import SEVEN, Kept, Row
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
    """What holds for every kind of server; a subclass says how to get and to use one."""

    server: Server

    def leave(self) -> Kept:
        """Leave something in the server."""
        raise NotImplementedError

    def test_it_listens_on_the_loopback_only(self) -> None:
        bound = listening.addresses(self.server.pids())
        self.assertIn(ipaddress.ip_address("127.0.0.1"), bound)
        self.assertEqual([], [address for address in bound if not address.is_loopback])

    def test_it_keeps_what_it_was_given(self) -> None:
        kept = self.leave()
        before = self.server.pids()
        self.server.restart()
        self.assertEqual([], [pid for pid in before if is_alive(pid)])
        self.assertEqual(SEVEN, kept.read())


class EndsWithItsProcess(Contract):
    def test_it_ends_with_a_killed_test_process(self) -> None:
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


class DatabaseContract(EndsWithItsProcess):
    impatience = {"connect_timeout": 1}

    def database(self, name: str) -> str:
        """Return the URL of a new one."""
        raise NotImplementedError

    def leave(self) -> Kept:
        return Row(self.database("kept"))

    def test_a_user_has_one_database(self) -> None:
        mine, other = sa.make_url(self.database("mine")), sa.make_url(self.database("other"))
        trespassing = sa.create_engine(mine.set(database=other.database), poolclass=sa.NullPool)
        self.assertRaises(sa.exc.OperationalError, trespassing.connect)

    def test_a_frozen_server_is_silent_until_it_thaws(self) -> None:
        row = Row(self.database("kept"))
        impatient = sa.create_engine(self.database("any"), connect_args=self.impatience)
        with self.server.frozen():
            self.assertRaises(sa.exc.OperationalError, impatient.connect)
        self.assertEqual(SEVEN, row.read())

    def test_it_survives_a_crash(self) -> None:
        kept = self.leave()
        self.server.kill()
        self.server.start()
        self.assertEqual(SEVEN, kept.read())
