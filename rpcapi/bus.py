"""One message bus: where it is, and what the topics on it are called.

There is a bus for the API level and one for each cell. Every topic carries its
bus's name, so that two of them never share a queue, not even on a transport
that mixes up its addresses.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import oslo_messaging as messaging
from oslo_config import cfg

from understudy.objects.base import Serializer
from understudy.rpcapi import connections, embedded, options, tls, versions
from understudy.rpcapi.context import ContextSerializer

API: Final = "api"
"""The name of the API-level bus; no cell may be called so."""

EMBEDDED: Final = f"kombu+{embedded.SCHEME}://"
"""The URL of the bus within one process, as the user "guest"; see decision 0003."""

WIRE_ERRORS: Final = ("understudy.objects.errors", "understudy.rpcapi.errors")
"""The modules whose errors are rebuilt on the far side."""


def embedded_url(user: str) -> str:
    """Return the URL of the bus within one process as `user`, who needs no password there."""
    return f"{EMBEDDED}{quote(user, safe='')}@localhost/"


def driver_options(transport_url: str, conf: cfg.ConfigOpts | None) -> cfg.ConfigOpts:
    """Return the options of a transport there: the operator's, or defaults for None."""
    if transport_url.startswith(EMBEDDED):
        embedded.register()
        return options.private(heartbeat_timeout_threshold=0)
    if conf is None:
        return options.private()
    options.register(conf)
    return conf


class Bus:
    """A named transport; open it after the fork, close it when done."""

    def __init__(
        self,
        name: str,
        transport: messaging.RPCTransport,
        release: str | None = None,
        longest_wait: float = options.LONGEST_WAIT,
        *,
        user: str | None = None,
    ) -> None:
        """Take a transport that is open; `open` makes one.

        `longest_wait` is how many seconds of work may wait for a server here
        that tells callers to come back. `user` is whom the broker knows the
        transport's connections as.
        """
        self.name = name
        self.longest_wait = longest_wait
        self.transport = transport
        self.release = release
        self.user = user

    @classmethod
    def open(
        cls,
        name: str,
        transport_url: str,
        *,
        conf: cfg.ConfigOpts | None = None,
        release: str | None = None,
    ) -> Bus:
        """Return the bus called `name`, whose messages go through `transport_url`.

        `conf` holds the operator's options for the driver, [oslo_messaging_rabbit]
        for one; None means their defaults. `release` pins what is sent to what
        services of that release understand, while some on this bus still are
        (a key of versions.CAPS); None means what `conf` says, if anything.
        """
        conf = driver_options(transport_url, conf)
        if release is None:
            release = conf[options.UPGRADE].release
        if release is not None and release not in versions.CAPS:
            raise ValueError(f"release is one of {', '.join(versions.CAPS)}, not {release!r}")
        transport = messaging.get_rpc_transport(
            conf,
            url=tls.demanded(conf, transport_url),
            allowed_remote_exmods=list(WIRE_ERRORS),
        )
        connections.bound(transport)
        return cls(
            name,
            transport,
            release,
            conf[options.OVERLOAD].longest_wait,
            user=connections.user(transport),
        )

    def own_users(self) -> tuple[str | None, ...]:
        """Return as whom the broker knows messages of this process's own user.

        None is among them while services of a release are about that names nobody.
        """
        return (self.user, None) if self.release == versions.NAMES_NOBODY else (self.user,)

    def topic(self, service: str) -> str:
        """Return the topic of `service` here: "understudy.cell1.compute"."""
        return f"understudy.{self.name}.{service}"

    def serializer(self) -> ContextSerializer:
        """Return what turns contexts and objects into what travels on this bus."""
        manifest = None if self.release is None else versions.OBJECTS[self.release]
        return ContextSerializer(Serializer(manifest))

    def reach(self) -> None:
        """Raise whatever says why the broker cannot be reached with this URL."""
        connections.reach(self.transport)

    def close(self) -> None:
        """Give back all connections; stop the servers on this bus first."""
        self.transport.cleanup()
