"""Connections to a broker that give up, so that who waits for them may.

oslo.messaging takes a caller's timeout and number of retries for the sending
alone: to connect for the replies, or anew after a failure, it tries for ever
within the call. Pinned to its rabbit driver by tests/functional/rpcapi.
"""

from __future__ import annotations

import logging
from typing import Any

import oslo_messaging as messaging
from oslo_messaging._drivers import impl_rabbit

LOG = logging.getLogger(__name__)


class BoundedConnection(impl_rabbit.Connection):
    """A connection that is tried once for each host of the URL, and once more."""

    def __init__(self, conf: Any, url: Any, purpose: Any, retry: int | None = None) -> None:
        super().__init__(conf, url, purpose, attempts(url) if retry is None else retry)

    def reset(self) -> None:
        """Make ready for the next user; if the broker is gone, it is for that one to notice."""
        try:
            super().reset()
        except Exception as error:
            LOG.warning("lost a connection to the broker: %s", error)


def attempts(url: messaging.TransportURL) -> int:
    """Return how often to try again to reach a broker at this URL."""
    return max(1, len(url.hosts))


def bound(transport: messaging.RPCTransport) -> None:
    """Let the transport make connections of ours."""
    transport._driver._connection_pool.connection_cls = BoundedConnection


def reach(transport: messaging.RPCTransport) -> None:
    """Raise what the driver raises unless the broker takes a connection of this transport."""
    with transport._driver._get_connection():
        pass
