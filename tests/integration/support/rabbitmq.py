"""A RabbitMQ of the tests' own: one vhost and one user for each bus.

It talks to its management plugin, which answers in milliseconds; rabbitmqctl
starts a virtual machine for each command.
"""

from __future__ import annotations

# kombu annotates itself in part only.
# mypy: disable-error-code="no-untyped-call"
import itertools
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from kombu import connection, entity

from tests.integration.support.certificates import Authority
from tests.integration.support.ports import LOOPBACK, free_port
from tests.integration.support.server import Server

ADMINISTRATOR = "administrator"
PASSWORD = "secret"

_CONFIGURATION = """\
listeners.tcp.1 = {loopback}:{port}
listeners.ssl.1 = {loopback}:{tls_port}
ssl_options.cacertfile = {authority}
ssl_options.certfile = {certificate}
ssl_options.keyfile = {key}
# Who connects shows a password, not a certificate.
ssl_options.verify = verify_none
ssl_options.fail_if_no_peer_cert = false
management.tcp.ip = {loopback}
management.tcp.port = {management_port}
default_user = {administrator}
default_pass = {password}
default_user_tags.administrator = true
log.console = true
log.console.level = info
log.file = false
# The machine is shared: neither its memory nor its disk is for this broker to watch.
vm_memory_high_watermark.absolute = 1GiB
disk_free_limit.absolute = 1MB
"""


class RabbitMQ(Server):
    """Add a vhost for each bus with `add_vhost`; Erlang's epmd is ours too."""

    programs = ("rabbitmq-server", "epmd", "openssl")
    # Debian's wrapper on the PATH insists on being root or rabbitmq.
    folders = ("/usr/lib/rabbitmq/bin", "/usr/libexec/rabbitmq")

    def prepare(self) -> None:
        self.port = free_port()
        self.tls_port = free_port()
        self.authority = Authority(self.scratch)
        own = self.authority.issue("broker", valid_for=f"IP:{LOOPBACK}")
        self._management_port = free_port()
        self._epmd_port = free_port()
        self._distribution_port = free_port()
        self._numbers = itertools.count(1)
        (self.scratch / "rabbitmq.conf").write_text(
            _CONFIGURATION.format(
                loopback=LOOPBACK,
                port=self.port,
                tls_port=self.tls_port,
                authority=self.authority.file,
                certificate=own.certificate,
                key=own.key,
                management_port=self._management_port,
                administrator=ADMINISTRATOR,
                password=PASSWORD,
            )
        )
        (self.scratch / "plugins").write_text("[rabbitmq_management].\n")

    def command(self) -> list[str]:
        return [self.find("rabbitmq-server") or ""]

    def environment(self) -> dict[str, str]:
        here = self.scratch
        return {
            # Where Erlang keeps the cookie.
            "HOME": str(here),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_NODENAME": f"understudy-{os.getpid()}-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ("-kernel inet_dist_use_interface {127,0,0,1}"),
            "RABBITMQ_MNESIA_BASE": str(here / "mnesia"),
            "RABBITMQ_LOG_BASE": str(here),
            "RABBITMQ_PID_FILE": str(here / "rabbitmq.pid"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(here / "generated"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(here / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(here / "rabbitmq.conf"),
            # Not the system's.
            "RABBITMQ_CONF_ENV_FILE": str(here / "absent.env"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(here / "absent.config"),
        }

    def answers(self) -> bool:
        try:
            # Every listener is up, AMQP's among them.
            return self._ask("GET", f"health/checks/port-listener/{self.port}").ok
        except requests.RequestException:
            return False

    def add_vhost(self, name: str) -> str:
        """Return the transport URL of a new vhost, as a user who may do all in it and no more."""
        unique = f"{name}-{next(self._numbers)}"
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self._manage("PUT", f"vhosts/{quote(unique)}")
        self._manage("PUT", f"users/{quote(unique)}", {"password": PASSWORD, "tags": ""})
        self._manage("PUT", f"permissions/{quote(unique)}/{quote(unique)}", everything)
        return f"rabbit://{unique}:{PASSWORD}@{LOOPBACK}:{self.port}/{unique}"

    def over_tls(self, url: str) -> str:
        """Return the same vhost's URL at the port where only TLS is spoken."""
        return url.replace(f":{self.port}/", f":{self.tls_port}/")

    def add_user(
        self,
        url: str,
        name: str,
        permissions: Mapping[str, str],
        topics: Mapping[str, str] | None = None,
    ) -> str:
        """Return the URL of the same vhost for a new user, who may do less in it.

        `permissions` are patterns by "configure", "write" and "read"; `topics` are those
        of the routing keys that it may "write" to and "read" of an "exchange".
        """
        vhost = _vhost(url)
        user = f"{name}-{next(self._numbers)}"
        self._manage("PUT", f"users/{quote(user)}", {"password": PASSWORD, "tags": ""})
        own = url.replace(f"//{vhost}:", f"//{user}:")
        self.allow(own, permissions, topics)
        return own

    def allow(
        self, url: str, permissions: Mapping[str, str], topics: Mapping[str, str] | None = None
    ) -> None:
        """Let the user of this URL do this in its vhost, and nothing else."""
        where = f"{quote(_vhost(url))}/{urlsplit(url).username}"
        self._manage("PUT", f"permissions/{where}", dict(permissions))
        if topics is not None:
            self._manage("PUT", f"topic-permissions/{where}", dict(topics))

    def remove_user(self, url: str) -> None:
        """Remove the user whom `add_user` made."""
        self._ask("DELETE", f"users/{urlsplit(url).username}").raise_for_status()

    def remove_vhost(self, url: str) -> None:
        """Remove what `add_vhost` made; its connections are closed."""
        vhost = quote(_vhost(url))
        self._ask("DELETE", f"users/{vhost}").raise_for_status()
        self._ask("DELETE", f"vhosts/{vhost}").raise_for_status()

    def management_url(self, path: str) -> str:
        """Return the URL of something in the API of the management plugin."""
        return f"http://{LOOPBACK}:{self._management_port}/api/{path}"

    def queues(self, url: str) -> list[str]:
        """Return the names of the queues in the vhost of this URL."""
        return sorted(self.queue_kinds(url))

    def queue_kinds(self, url: str) -> dict[str, str]:
        """Return the type of each queue in the vhost of this URL, by its name."""
        found = self._manage("GET", f"queues/{quote(_vhost(url))}")
        return {queue["name"]: queue["type"] for queue in found}

    def ready(self, url: str, queue: str) -> int:
        """Return how many messages in the queue nobody has taken; asked of the queue itself."""
        with connection.Connection(url.replace("rabbit://", "amqp://")) as broker:
            declared = entity.Queue(queue, channel=broker.channel()).queue_declare(passive=True)
            return int(declared.message_count)

    def bound_queues(self, url: str, length: int) -> None:
        """Let no queue of ours in the vhost of this URL hold more messages than that."""
        self._manage(
            "PUT",
            f"policies/{quote(_vhost(url))}/bounded",
            {
                "pattern": "^understudy[.]",
                "definition": {"max-length": length, "overflow": "reject-publish"},
                "apply-to": "queues",
            },
        )

    def published(self, url: str) -> int:
        """Return how many messages were ever published in the vhost; five seconds late at most."""
        found = self._manage("GET", f"vhosts/{quote(_vhost(url))}?columns=message_stats")
        return int(found.get("message_stats", {}).get("publish", 0))

    def connections(self, url: str) -> list[str]:
        """Return the names of the connections to the vhost of this URL."""
        found = self._manage("GET", f"vhosts/{quote(_vhost(url))}/connections?columns=name")
        return sorted(one["name"] for one in found)

    def cut_connections(self, url: str) -> int:
        """Close every connection to the vhost of this URL; return how many there were."""
        names = self.connections(url)
        for name in names:
            self._ask("DELETE", f"connections/{quote(name)}")
        return len(names)

    def _manage(self, method: str, path: str, body: object = None) -> Any:
        response = self._ask(method, path, body)
        response.raise_for_status()
        return response.json() if response.content else None

    def _ask(self, method: str, path: str, body: object = None) -> requests.Response:
        return requests.request(
            method,
            self.management_url(path),
            auth=(ADMINISTRATOR, PASSWORD),
            json=body,
            timeout=30,
        )


def _vhost(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")
