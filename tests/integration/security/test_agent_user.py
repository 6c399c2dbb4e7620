"""What a host's credentials open on its cell's bus: with the vhost's user, and with its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

# kombu annotates itself in part only.
# mypy: disable-error-code="no-untyped-call"
import amqp
import testtools
from kombu import connection

from tests.functional.rpcapi.recording import Recording
from tests.integration.support import permissions, shared
from tests.unit.objects import samples
from understudy.cli.services import compute, launching
from understudy.cli.services.configuration import Configuration, read
from understudy.rpcapi.bus import Bus
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.compute import ComputeClient
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.server import Server

CTXT = RequestContext("a-project", "a-user")
CELL, AGENT, OTHER = "cell1", "agent-1", "agent-2"
EXCHANGE = "understudy"
CONDUCTORS, MINE, THEIRS = (
    f"{EXCHANGE}.{CELL}.{name}" for name in ("conductor", "compute.agent-1", "compute.agent-2")
)


class AgentUserTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.broker = shared.rabbitmq(self)
        self.vhost_url = shared.vhost(self, CELL)
        allowed = permissions.of_agent(CELL, AGENT)
        self.agent_url = self.broker.add_user(self.vhost_url, AGENT, *allowed)
        self.addCleanup(self.broker.remove_user, self.agent_url)
        self.serving = ExitStack()
        self.addCleanup(self.serving.close)

    def configuration(self, url: str, agent: str) -> Configuration:
        """Return what an agent of this name has, its queues' names among it."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = Path(folder.name)
        (path / "hosts.yaml").write_text("hosts: [{name: host-1, resources: {VCPU: 1}}]\n")
        (path / "compute.conf").write_text(
            f"[DEFAULT]\nstate_path = {path}\ntransport_url = {url}\n[cell]\nname = {CELL}\n"
            f"[compute]\nagent = {agent}\ndriver = fake\njournal = {path}/journal\n"
            f"driver_file = {path}/hosts.yaml\n"
        )
        kind = compute.kind()
        conf = read(kind.prog, [f"--config-file={path}/compute.conf"], kind.checks)
        launching.share_queue_names(conf, f"{kind.prog}-{kind.name(conf)}")
        return conf

    def bus(self, url: str, agent: str) -> Bus:
        bus = Bus.open(CELL, url, conf=self.configuration(url, agent))
        self.addCleanup(bus.close)
        return bus

    def serve(self, bus: Bus, service: str, name: str, *methods: str) -> Recording:
        endpoint = Recording(*methods)
        server = Server(bus, service, [endpoint], name=name)
        server.start()
        self.serving.callback(server.wait)
        self.serving.callback(server.stop)
        return endpoint

    def attempt(self, url: str, act: Callable[[amqp.Channel], object]) -> bool:
        """Return whether the user of this URL may do that."""
        with connection.Connection(url.replace("rabbit://", "amqp://")) as broker:
            channel = broker.channel()
            # So that a refused message is told at once.
            channel.confirm_select()
            try:
                act(channel)
            except amqp.AccessRefused:
                return False
            return True

    def trespass(self, url: str) -> list[str]:
        """Return what a host with this URL can do that is for others."""

        def publish(exchange: str, key: str) -> Callable[[amqp.Channel], object]:
            return lambda channel: channel.basic_publish_confirm(
                amqp.Message("{}"), exchange=exchange, routing_key=key
            )

        attempts: dict[str, Callable[[amqp.Channel], object]] = {
            "read the conductor's queue": lambda channel: channel.basic_get(CONDUCTORS),
            "read another agent's queue": lambda channel: channel.basic_get(THEIRS),
            "have the conductor's messages copied": lambda channel: channel.queue_bind(
                MINE, EXCHANGE, CONDUCTORS
            ),
            "send another agent orders": publish(EXCHANGE, THEIRS),
            "send around the exchange": publish("", THEIRS),
            "make queues": lambda channel: channel.queue_declare("mine", durable=True),
            "empty the conductor's queue": lambda channel: channel.queue_purge(CONDUCTORS),
            "remove another agent's queue": lambda channel: channel.queue_delete(THEIRS),
        }
        return [name for name, act in attempts.items() if self.attempt(url, act)]

    def leave_queues(self) -> None:
        """Make the queues of all, and let nobody listen."""
        self.serve_all()
        self.serving.close()

    def serve_all(self) -> tuple[Recording, Recording]:
        """Serve as the conductor and as both agents; return the conductor's and the first's."""
        cell = self.bus(self.vhost_url, "conductor")
        conductor = self.serve(cell, "conductor", "one", "torn_down")
        self.serve(cell, "compute", OTHER, "tear_down")
        agent = self.serve(self.bus(self.agent_url, AGENT), "compute", AGENT, "tear_down")
        return conductor, agent

    def test_an_agent_works_with_a_user_of_its_own(self) -> None:
        conductor, agent = self.serve_all()
        asking = CellConductorClient(self.bus(self.agent_url, AGENT), timeout=30)
        asking.torn_down(CTXT, "host-1", samples.uuid(2), 1)
        self.assertEqual("torn_down", conductor.next_call()[0])
        ordering = ComputeClient(self.bus(self.vhost_url, "conductor"))
        ordering.tear_down(CTXT, AGENT, "host-1", samples.uuid(4), samples.uuid(2), 1)
        self.assertEqual("tear_down", agent.next_call()[0])

    def test_its_messages_carry_its_name_and_no_other(self) -> None:
        conductor, _ = self.serve_all()
        bus = self.bus(self.agent_url, AGENT)
        CellConductorClient(bus, timeout=30).torn_down(CTXT, "host-1", samples.uuid(2), 1)
        self.assertEqual(urlsplit(self.agent_url).username, conductor.next_call()[1].sender)
        forged = amqp.Message("{}", user_id=urlsplit(self.vhost_url).username)
        with connection.Connection(self.agent_url.replace("rabbit://", "amqp://")) as broker:
            channel = broker.channel()
            channel.confirm_select()
            self.assertRaises(
                amqp.PreconditionFailed,
                channel.basic_publish_confirm,
                forged,
                EXCHANGE,
                CONDUCTORS,
            )

    def test_with_it_nothing_of_others_is_open(self) -> None:
        self.leave_queues()
        self.assertEqual([], self.trespass(self.agent_url))

    def test_with_the_users_of_the_vhost_everything_in_it_is_open(self) -> None:
        """The vhost is the boundary, as the page says."""
        self.leave_queues()
        self.assertEqual(8, len(self.trespass(self.vhost_url)))

    def test_no_user_opens_another_vhost(self) -> None:
        other = shared.vhost(self, "cell2").rpartition("/")[2]
        for url in (self.agent_url, self.vhost_url):
            elsewhere = f"{url.rpartition('/')[0]}/{other}".replace("rabbit://", "amqp://")
            refused = connection.Connection(elsewhere)
            self.assertRaises(amqp.NotAllowed, refused.connect)
