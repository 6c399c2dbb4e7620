"""Connections to a broker that give up, so that who waits for them may.

oslo.messaging takes a caller's timeout and number of retries for the sending
alone: to connect for the replies, or anew after a failure, it tries for ever
within the call. Pinned to its rabbit driver by tests/functional/rpcapi.
"""

from __future__ import annotations

import errno
import logging
import ssl
from typing import Any

import oslo_messaging as messaging
from kombu import exceptions as kombu_errors
from oslo_messaging._drivers import impl_rabbit

LOG = logging.getLogger(__name__)


class BoundedConnection(impl_rabbit.Connection):
    """A connection that is tried once for each host of the URL, and once more."""

    def __init__(self, conf: Any, url: Any, purpose: Any, retry: int | None = None) -> None:
        try:
            super().__init__(conf, url, purpose, attempts(url) if retry is None else retry)
        except kombu_errors.OperationalError as error:
            hint = tls_hint(error.__cause__, speaks_tls=conf.oslo_messaging_rabbit.ssl)
            if not hint:
                raise
            raise kombu_errors.OperationalError(f"{error}; {hint}") from error.__cause__

    def reset(self) -> None:
        """Make ready for the next user; if the broker is gone, it is for that one to notice."""
        try:
            super().reset()
        except Exception as error:
            LOG.warning("lost a connection to the broker: %s", error)


def attempts(url: messaging.TransportURL) -> int:
    """Return how often to try again to reach a broker at this URL."""
    return max(1, len(url.hosts))


def tls_hint(cause: BaseException | None, *, speaks_tls: bool) -> str:
    """Return what to look at where one side speaks TLS and the other does not; "" elsewhere."""
    match cause:
        case ssl.SSLCertVerificationError():
            return "check [oslo_messaging_rabbit] ssl_ca_file, and for which names it is valid"
        case ssl.SSLError() if cause.reason == "WRONG_VERSION_NUMBER":
            return "that port does not speak TLS, but [oslo_messaging_rabbit] ssl is on"
        case TimeoutError():
            return ""
        # py-amqp gives no number where it finds the connection closed.
        case OSError(errno=errno.ECONNRESET | errno.EPIPE | None) if not speaks_tls:
            return "if that port speaks TLS, turn [oslo_messaging_rabbit] ssl on"
    return ""


def bound(transport: messaging.RPCTransport) -> None:
    """Let the transport make connections of ours."""
    transport._driver._connection_pool.connection_cls = BoundedConnection


def reach(transport: messaging.RPCTransport) -> None:
    """Raise what the driver raises unless the broker takes a connection of this transport."""
    with transport._driver._get_connection():
        pass
