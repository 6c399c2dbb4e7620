"""Which URLs ask for TLS, and that no file turns off what a URL asks for."""

from __future__ import annotations

import oslo_messaging as messaging
import testtools

from understudy.rpcapi import options, tls

BROKER = "rabbit://user:secret@mq.example.org"


class AskedForTest(testtools.TestCase):
    def demanded(self, url: str) -> str | None:
        query: dict[str, str] = tls.demanded(options.private(), url).query
        return query.get("ssl")

    def test_urls_that_ask(self) -> None:
        for url in (
            f"{BROKER}:5671/vhost",
            f"{BROKER}:5671,other:s@mq2.example.org:5671/vhost",
            f"{BROKER}:5672,other:s@mq2.example.org:5671/vhost",
            f"{BROKER}:5672/vhost?ssl=1",
            f"{BROKER}:5672/vhost?ssl=True",
            f"{BROKER}:5672/vhost?ssl_ca_file=/etc/ca.pem",
            f"{BROKER}:5672/vhost?ssl_cert_file=/etc/own.pem&ssl_key_file=/etc/own.key",
            "kombu+amqps://user:secret@mq.example.org:5672/vhost",
        ):
            self.assertEqual("true", self.demanded(url), url)

    def test_urls_that_do_not(self) -> None:
        for url in (f"{BROKER}:5672/vhost", f"{BROKER}/vhost", "kombu+understudy-embedded://"):
            self.assertIsNone(self.demanded(url), url)
        self.assertEqual("false", self.demanded(f"{BROKER}:5672/vhost?ssl=false"))

    def test_urls_that_ask_for_both(self) -> None:
        for url in (
            f"{BROKER}:5671/vhost?ssl=false",
            f"{BROKER}:5671/vhost?ssl=0",
            f"{BROKER}:5672/vhost?ssl=false&ssl_ca_file=/etc/ca.pem",
            f"{BROKER}:5672/vhost?ssl=maybe",
            f"{BROKER}:5672/vhost?ssl=true&ssl=false",
        ):
            error = self.assertRaises(tls.Contradiction, self.demanded, url)
            self.assertNotIn("secret", str(error))

    def test_nothing_else_of_a_url_changes(self) -> None:
        conf = options.private()
        for url in (f"{BROKER}:5671/vhost?heartbeat_rate=3", f"{BROKER}:5672/vhost"):
            plain = messaging.TransportURL.parse(conf, url)
            found = tls.demanded(conf, url)
            self.assertEqual(plain.hosts, found.hosts)
            self.assertEqual(plain.virtual_host, found.virtual_host)
            self.assertEqual(plain.query, {k: v for k, v in found.query.items() if k != "ssl"})
