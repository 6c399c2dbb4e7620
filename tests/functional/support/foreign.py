"""A client of a bus that is none of ours: it says whatever it likes, in AMQP alone."""

from __future__ import annotations

# kombu annotates itself in part only.
# mypy: disable-error-code="no-untyped-call"
import contextlib
import json
import uuid
from typing import Any
from urllib.parse import urlsplit

import fixtures
from kombu.connection import Connection
from kombu.entity import Queue

from tests.functional.support.waiting import wait_for
from understudy.rpcapi import embedded

EXCHANGE = "understudy"


def envelope(message: Any) -> dict[str, str]:
    """Return what oslo.messaging puts around a message."""
    return {"oslo.version": "2.0", "oslo.message": json.dumps(message)}


class ForeignClient(fixtures.Fixture):
    """A connection to the broker at a URL of kombu's, with a queue for what is answered."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self.user = urlsplit(url).username

    def _setUp(self) -> None:  # noqa: N802
        embedded.register()
        connection = Connection(self._url, transport_options={"confirm_publish": True})
        self.addCleanup(connection.release)
        self._connection = connection
        self.reply_queue = f"reply_{uuid.uuid4().hex}"
        self._listens = False
        self.replies: list[Any] = []
        """(reply, properties of its message), the oldest first."""

    def listen(self) -> None:
        """Take what comes to `reply_queue`; until then it is not there."""
        if self._listens:
            return
        self._listens = True
        queue = Queue(self.reply_queue, durable=True, queue_arguments={"x-queue-type": "quorum"})
        consumer = self._connection.Consumer(queue, callbacks=[self._take])
        consumer.consume()
        self.addCleanup(consumer.queues[0].delete)

    def publish(self, topic: str, body: Any, exchange: str = EXCHANGE, **properties: Any) -> None:
        """Send a body, as JSON where it is no text; return once the broker has it."""
        said = {"content_type": "application/json", "content_encoding": "utf-8", **properties}
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        with self._connection.channel() as channel:
            producer = self._connection.Producer(channel)
            producer.publish(text, exchange=exchange, routing_key=topic, **said)

    def cast(self, topic: str, message: Any, **properties: Any) -> None:
        """Send a message that nobody answers."""
        self.publish(topic, envelope(message), **properties)

    def call(self, topic: str, message: dict[str, Any], **properties: Any) -> dict[str, Any]:
        """Send a message, and return what is answered, as it came."""
        msg_id = uuid.uuid4().hex
        self.listen()
        addressed = {"_msg_id": msg_id, "_reply_q": self.reply_queue, **message}
        self.publish(topic, envelope(addressed), **properties)
        return self.next_reply()[0]

    def next_reply(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the oldest reply, with the properties of its message."""
        wait_for(self._has_reply, "a reply")
        reply, properties = self.replies.pop(0)
        return reply, properties

    def _has_reply(self) -> bool:
        with contextlib.suppress(TimeoutError):
            self._connection.drain_events(timeout=0.1)
        return bool(self.replies)

    def _take(self, body: Any, message: Any) -> None:
        message.ack()
        self.replies.append((json.loads(body["oslo.message"]), message.properties))
