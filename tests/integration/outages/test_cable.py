"""A cable passes on, is cut, is muffled, and is mended."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator

import testtools

from tests.integration.support.cable import Cable
from tests.integration.support.ports import LOOPBACK

SHORT = 0.2
PATIENCE = 30.0


class _Echo(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(line)


class CableTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        server = socketserver.ThreadingTCPServer((LOOPBACK, 0), _Echo)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.own = f"echo://user@{LOOPBACK}:{server.server_address[1]}/name"
        self.cable = self.useFixture(Cable(self.own))

    @contextlib.contextmanager
    def connected(self) -> Iterator[socket.socket]:
        with socket.create_connection((LOOPBACK, self.cable.port), PATIENCE) as connection:
            yield connection

    def answer(self, connection: socket.socket, said: bytes = b"hello\n") -> bytes:
        connection.sendall(said)
        return connection.recv(100)

    def test_the_url_leads_through_it(self) -> None:
        self.assertEqual(f"echo://user@{LOOPBACK}:{self.cable.port}/name", self.cable.url)
        with self.connected() as connection:
            self.assertEqual(b"hello\n", self.answer(connection))

    def test_what_is_cut_is_closed_and_refused_until_it_is_mended(self) -> None:
        with self.connected() as connection:
            self.answer(connection)
            self.cable.cut()
            self.assertEqual(b"", connection.recv(100))
        self.assertRaises(ConnectionRefusedError, self.connected().__enter__)
        self.cable.mend()
        with self.connected() as connection:
            self.assertEqual(b"hello\n", self.answer(connection))

    def test_what_is_muffled_arrives_once_it_is_mended(self) -> None:
        with self.connected() as connection:
            self.answer(connection)
            self.cable.muffle()
            connection.settimeout(SHORT)
            self.assertRaises(TimeoutError, self.answer, connection)
            connection.settimeout(PATIENCE)
            self.cable.mend()
            self.assertEqual(b"hello\n", connection.recv(100))
