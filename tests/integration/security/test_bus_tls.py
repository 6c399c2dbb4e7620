"""Our buses over TLS, as operators configure it, and what they say where it is wrong."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import fixtures
import testtools
from kombu import exceptions as kombu_errors
from oslo_config import cfg

from tests.functional.rpcapi.recording import Recording
from tests.integration.support import shared
from tests.integration.support.certificates import Authority
from tests.unit.objects import samples
from understudy.rpcapi import connections, errors, notifier, options
from understudy.rpcapi.bus import Bus
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.server import Server

CTXT = RequestContext("a-project", "a-user")
VM = samples.uuid(2)


class BusTlsTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.broker = shared.rabbitmq(self)
        self.plain_url = shared.vhost(self, "cell1")
        self.url = self.broker.over_tls(self.plain_url)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.authority = self.broker.authority.file

    def options(self, **rabbit: object) -> cfg.ConfigOpts:
        """Return what a service reads from its file."""
        file = self.folder / "understudy.conf"
        lines = [f"{name} = {value}\n" for name, value in rabbit.items()]
        file.write_text("[oslo_messaging_rabbit]\n" + "".join(lines))
        conf = cfg.ConfigOpts()
        conf([f"--config-file={file}"], default_config_dirs=[])
        options.register(conf)
        return conf

    def open(self, url: str, **rabbit: object) -> Bus:
        bus = Bus.open("cell1", url, conf=self.options(**rabbit))
        self.addCleanup(bus.close)
        return bus

    def check_it_serves(self, bus: Bus) -> None:
        """Call, and be called."""
        endpoint = Recording("torn_down")
        server = Server(bus, "conductor", [endpoint], name="one")
        server.start()
        try:
            CellConductorClient(bus).torn_down(CTXT, "host-1", VM, 1)
        finally:
            server.stop()
            server.wait()
        self.assertEqual("torn_down", endpoint.next_call()[0])

    def refused(self, url: str, **rabbit: object) -> str:
        """Return what is said to who looks at the bus, as `understudy-manage cell verify` does."""
        bus = self.open(url, **rabbit)
        said = str(self.assertRaises(kombu_errors.OperationalError, bus.reach))
        self.assertNotIn("secret", said)
        return said

    def test_with_the_brokers_authority(self) -> None:
        self.check_it_serves(self.open(self.url, ssl=True, ssl_ca_file=self.authority))

    def test_with_the_authority_in_the_url(self) -> None:
        self.check_it_serves(self.open(f"{self.url}?ssl=true&ssl_ca_file={self.authority}"))

    def test_with_several_authorities_in_one_file(self) -> None:
        """As a super conductor needs, where each cell has an authority of its own."""
        other = Authority(self.folder, "other").file
        both = self.folder / "both.pem"
        both.write_text(other.read_text() + self.authority.read_text())
        self.check_it_serves(self.open(self.url, ssl=True, ssl_ca_file=both))

    def test_an_authority_that_is_another(self) -> None:
        other = Authority(self.folder, "other").file
        said = self.refused(self.url, ssl=True, ssl_ca_file=other)
        self.assertIn("certificate verify failed", said)
        self.assertIn("check [oslo_messaging_rabbit] ssl_ca_file", said)

    def test_a_call_says_the_same(self) -> None:
        client = CellConductorClient(self.open(self.url, ssl=True), timeout=5)
        error = self.assertRaises(
            errors.ServiceUnavailable, client.torn_down, CTXT, "host-1", VM, 1
        )
        self.assertIn("certificate verify failed", str(error))

    def test_a_certificate_for_another_name(self) -> None:
        elsewhere = self.url.replace("127.0.0.1", "localhost")
        said = self.refused(elsewhere, ssl=True, ssl_ca_file=self.authority)
        self.assertIn("certificate is not valid for 'localhost'", said)

    def test_no_authority_means_those_of_the_system(self) -> None:
        self.assertIn("certificate verify failed", self.refused(self.url, ssl=True))

    def test_a_certificate_for_another_name_of_an_authority_of_the_system(self) -> None:
        """Whoever has any name has a certificate that the system trusts."""
        self.useFixture(fixtures.EnvironmentVariable("SSL_CERT_FILE", str(self.authority)))
        self.check_it_serves(self.open(self.url, ssl=True))
        said = self.refused(self.url.replace("127.0.0.1", "localhost"), ssl=True)
        self.assertIn("certificate is not valid for 'localhost'", said)

    def test_each_host_of_a_url_by_its_own_name(self) -> None:
        host = self.url.split("//")[1].split("/")[0]
        there, elsewhere = host, host.replace("127.0.0.1", "localhost")
        two = self.url.replace(host, f"{elsewhere},{there}")
        self.check_it_serves(self.open(two, ssl=True, ssl_ca_file=self.authority))
        both = self.url.replace(host, f"{elsewhere},{elsewhere}")
        said = self.refused(both, ssl=True, ssl_ca_file=self.authority)
        self.assertIn("certificate is not valid for 'localhost'", said)

    def test_no_file_turns_off_what_the_url_asks_for(self) -> None:
        url = f"{self.plain_url}?ssl_ca_file={self.authority}"
        self.assertIn("that port does not speak TLS", self.refused(url, ssl=False))
        self.check_it_serves(self.open(f"{self.url}?ssl_ca_file={self.authority}", ssl=False))

    def test_no_option_turns_the_name_off(self) -> None:
        said = self.refused(
            self.url.replace("127.0.0.1", "localhost"),
            ssl=True,
            ssl_ca_file=self.authority,
            ssl_enforce_hostname_verification=False,
        )
        self.assertIn("certificate is not valid for 'localhost'", said)

    def test_notifications_are_sent_so_as_well(self) -> None:
        elsewhere = self.url.replace("127.0.0.1", "localhost")
        transport = notifier.open_transport(f"{elsewhere}?ssl_ca_file={self.authority}")
        self.addCleanup(transport.cleanup)
        error = self.assertRaises(kombu_errors.OperationalError, connections.reach, transport)
        self.assertIn("certificate is not valid for 'localhost'", str(error))

    def test_no_tls_where_only_tls_is_spoken(self) -> None:
        self.assertIn("turn [oslo_messaging_rabbit] ssl on", self.refused(self.url))

    def test_tls_where_none_is_spoken(self) -> None:
        said = self.refused(self.plain_url, ssl=True, ssl_ca_file=self.authority)
        self.assertIn("that port does not speak TLS", said)

    def test_a_key_is_for_its_owner_alone(self) -> None:
        issued = Authority(self.folder).issue("broker", valid_for="IP:127.0.0.1")
        self.assertEqual(0o600, os.stat(issued.key).st_mode & 0o777)
