"""What is said where one side of a connection speaks TLS and the other does not."""

from __future__ import annotations

import errno
import ssl

import testtools

from understudy.rpcapi import connections

TURN_ON = "if that port speaks TLS, turn [oslo_messaging_rabbit] ssl on"


class TlsHintTest(testtools.TestCase):
    def test_a_connection_that_was_closed(self) -> None:
        for closed in (
            ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
            BrokenPipeError(errno.EPIPE, "Broken pipe"),
            OSError("Server unexpectedly closed connection"),
        ):
            self.assertEqual(TURN_ON, connections.tls_hint(closed, speaks_tls=False))
            self.assertEqual("", connections.tls_hint(closed, speaks_tls=True))

    def test_a_certificate_that_is_not_trusted(self) -> None:
        untrusted = ssl.SSLCertVerificationError("certificate verify failed")
        self.assertIn("ssl_ca_file", connections.tls_hint(untrusted, speaks_tls=True))

    def test_what_has_nothing_to_do_with_tls(self) -> None:
        for other in (
            ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
            TimeoutError("timed out"),
            None,
        ):
            self.assertEqual("", connections.tls_hint(other, speaks_tls=False))
