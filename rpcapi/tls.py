"""TLS to a broker: where a URL asks for it, and never without knowing whom we speak to.

oslo.messaging checks a certificate only where an authority is named, and the
name in it only for a URL of one host: kombu keeps the first host's name for all.
Here each is checked, for each host, against the system's authorities where no
other is named.

A URL asks for TLS by its port, 5671, or by any option of TLS in its query. Then
nothing in a file turns it off.
"""

from __future__ import annotations

# kombu annotates itself in part only.
# mypy: disable-error-code="no-untyped-call"
import ssl
from typing import Any, Final

import oslo_messaging as messaging
from kombu import transport
from kombu.transport import pyamqp
from oslo_config import cfg, types
from oslo_messaging._drivers import impl_rabbit

SCHEME: Final = "understudy-verified"
PORT: Final = 5671
"""Of AMQP over TLS, by IANA and by custom."""
FILES: Final = ("ssl_ca_file", "ssl_cert_file", "ssl_key_file")


class Contradiction(ValueError):
    """A URL that asks for TLS and for none."""


class Transport(pyamqp.Transport):
    """AMQP over TLS, to a host whose certificate is for the name in the URL."""

    def establish_connection(self) -> Any:
        """Connect to one host of the URL, and check that it is the one."""
        client: Any = self.client
        name = client.hostname
        client.ssl = {**client.ssl, "server_hostname": name}
        try:
            return super().establish_connection()
        finally:
            # It may have become an address: the next time too, the name counts.
            client.hostname = name


class Connection(impl_rabbit.Connection):
    """oslo.messaging's connection, over TLS as above where it is over TLS at all."""

    def _transform_transport_url(self, *args: Any, **kwargs: Any) -> str:
        said: str = super()._transform_transport_url(*args, **kwargs)
        if not self.ssl:
            return said
        transport.TRANSPORT_ALIASES[SCHEME] = f"{Transport.__module__}:{Transport.__name__}"
        return f"{SCHEME}://{said.partition('://')[2]}"

    def _fetch_ssl_params(self) -> Any:
        params = super()._fetch_ssl_params()
        if not params:
            return params
        said = params if isinstance(params, dict) else {}
        return {**said, "cert_reqs": ssl.CERT_REQUIRED}


def is_asked_for(url: messaging.TransportURL) -> bool:
    """Does the URL itself ask for TLS? Raises Contradiction where it asks for none as well."""
    query = url.query or {}
    asked = next((name for name in FILES if query.get(name)), None)
    if asked is None and any(host.port == PORT for host in url.hosts):
        asked = f"port {PORT}"
    if asked is None and url.transport.endswith("amqps"):
        asked = "amqps"
    if "ssl" in query and _is_true(query["ssl"]):
        return True
    if asked is not None and "ssl" in query:
        raise Contradiction(f"it says ssl={query['ssl']} but {asked}; leave one of them out")
    return asked is not None


def demanded(conf: cfg.ConfigOpts, transport_url: str) -> messaging.TransportURL:
    """Return the URL with TLS turned on where it asks for it, whatever the files say."""
    url = messaging.TransportURL.parse(conf, transport_url)
    if is_asked_for(url):
        url.query = {**(url.query or {}), "ssl": "true"}
    return url


def _is_true(text: str) -> bool:
    try:
        return bool(types.Boolean()(text))
    except ValueError:
        raise Contradiction(f"it says ssl={text}; write true or false") from None
