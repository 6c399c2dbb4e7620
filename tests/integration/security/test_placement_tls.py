"""Placement over TLS: `cafile` says whom to trust, and who is not trusted is told nothing."""

from __future__ import annotations

import http.server
import ssl
import tempfile
import threading
from pathlib import Path

import testtools
from oslo_config import cfg

from tests.functional.ledger.subject import OWNER
from tests.integration.support.certificates import Authority
from tests.integration.support.ports import LOOPBACK
from understudy.ledger import errors, options
from understudy.ledger.ledger import Ledger


class TakesAll(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class PlacementTlsTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.authority = Authority(self.folder)
        own = self.authority.issue("placement", valid_for=f"IP:{LOOPBACK}")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(own.certificate, own.key)
        server = http.server.ThreadingHTTPServer((LOOPBACK, 0), TakesAll)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.url = f"https://{LOOPBACK}:{server.server_port}"

    def ledger(self, *lines: str) -> Ledger:
        file = self.folder / "understudy.conf"
        settings = ["[placement]", "auth_type = admin_token", f"endpoint = {self.url}"]
        file.write_text("\n".join([*settings, "token = admin", *lines, ""]))
        conf = cfg.ConfigOpts()
        options.register(conf)
        conf([f"--config-file={file}"], default_config_dirs=[])
        return options.connect(conf)

    def test_an_authority_of_ours(self) -> None:
        self.ledger(f"cafile = {self.authority.file}").claims.unclaim("x", OWNER, 1)

    def test_an_authority_that_is_another_or_none(self) -> None:
        other = Authority(self.folder, "other").file
        for lines in ([f"cafile = {other}"], []):
            claims = self.ledger(*lines).claims
            error = self.assertRaises(errors.LedgerUnavailable, claims.unclaim, "x", OWNER, 1)
            self.assertNotIsInstance(error, errors.OutcomeUnknown)
            self.assertIn("certificate verify failed", str(error))
