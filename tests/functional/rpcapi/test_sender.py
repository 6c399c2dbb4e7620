"""Who sent a message, the broker says; what the message itself says of that counts for nothing."""

from __future__ import annotations

import queue
import uuid
from typing import Any

import testtools
from amqp.exceptions import PreconditionFailed

from tests.functional.rpcapi.recording import Recording
from tests.functional.support.buses import BusTestCase
from tests.unit.objects import samples
from understudy.rpcapi import embedded
from understudy.rpcapi.bus import embedded_url
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.notifier import Notifier

CTXT = RequestContext("a-project", "a-user")
END = {"method": "end_instances", "version": "1.0", "args": {"instance_uuids": ["1"]}}


class SenderTest(BusTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.buses = self.make_buses()
        [self.cell] = self.buses.cells
        self.topic = self.cell.topic("conductor")
        self.endpoint = Recording("torn_down", "end_instances")
        self.buses.serve(self.cell, "conductor", self.endpoint)

    def sender(self) -> str | None:
        return self.endpoint.next_call()[1].sender

    def test_the_user_of_each_client_arrives_with_its_calls_and_casts(self) -> None:
        for name in ("agent-1", "agent-2"):
            bus = self.buses.open(self.cell.name, name)
            client = CellConductorClient(bus)
            self.assertIn(name, str(bus.user))
            client.torn_down(CTXT, "host-1", samples.uuid(1), 1)
            self.assertEqual(bus.user, self.sender())
            client.end_instances(CTXT, ["1"])
            self.assertEqual(bus.user, self.sender())

    def test_replies_are_signed_too(self) -> None:
        stranger = self.buses.foreign(self.cell, "stranger")
        stranger.listen()
        said = END | {"_msg_id": "1", "_reply_q": stranger.reply_queue}
        stranger.cast(self.topic, said)
        self.assertEqual(self.cell.user, stranger.next_reply()[1]["user_id"])

    def test_who_does_not_say_who_he_is_is_nobody(self) -> None:
        self.buses.foreign(self.cell, "stranger").cast(self.topic, END)
        self.assertIsNone(self.sender())

    def test_what_a_message_says_of_its_sender_is_ignored(self) -> None:
        stranger = self.buses.foreign(self.cell, "stranger")
        claims: list[Any] = [self.cell.user, ["conductor"], {}, 1, None]
        for claim in claims:
            said = END | {"_context_sender": claim, "sender": claim, "user_id": claim}
            stranger.cast(self.topic, said)
            self.assertIsNone(self.sender())
            stranger.cast(self.topic, said, user_id=stranger.user, headers={"user_id": "x"})
            self.assertEqual(stranger.user, self.sender())

    def test_nobody_sends_in_anothers_name(self) -> None:
        stranger = self.buses.foreign(self.cell, "stranger")
        attempts: list[dict[str, Any]] = [
            {"user_id": self.cell.user},
            {"user_id": "nobody-of-that-name"},
            # Around the exchange, into the queue itself.
            {"user_id": self.cell.user, "exchange": ""},
        ]
        for forged in attempts:
            self.assertRaises(PreconditionFailed, stranger.cast, self.topic, END, **forged)
        self.assertRaises(queue.Empty, self.endpoint.calls.get_nowait)
        # And it can go on as itself.
        stranger.cast(self.topic, END, user_id=stranger.user)
        self.assertEqual(stranger.user, self.sender())


class NotifierTest(testtools.TestCase):
    def test_notifications_are_signed_too(self) -> None:
        topic = f"notifications-{uuid.uuid4().hex}"
        self.addCleanup(embedded.forget, topic)
        notifier = Notifier.open("one", embedded_url("conductor"), topics=[topic])
        self.addCleanup(notifier.close)
        notifier.publish(samples.everything()["InstanceNotification"])
        [name] = [name for name in embedded.Channel.queues if name.startswith(topic)]
        _, message = embedded.Channel.queues[name].get_nowait()
        self.assertEqual("conductor", message["properties"]["user_id"])
