"""Bytes that RabbitMQ passes on and py-amqp cannot read stop no server."""

from __future__ import annotations

import contextlib
import logging
import struct
from urllib.parse import urlsplit

# py-amqp annotates itself in part only.
# mypy: disable-error-code="no-untyped-call"
import amqp
import fixtures
from amqp import spec

from tests.functional.rpcapi.recording import PATIENCE, Recording
from tests.functional.support.waiting import wait_for
from tests.integration.rpcapi.subject import OnOneBus
from tests.unit.objects import samples
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.context import RequestContext

CTXT = RequestContext("a-project", "a-user")
MESSAGE_ID, HEADERS = struct.pack(">H", 0x0080), struct.pack(">H", 0x2000)
NO_TEXT = b"\xff\xfe"


def short(text: bytes) -> bytes:
    return bytes([len(text)]) + text


def table(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def deep(levels: int) -> bytes:
    """Return a table that holds so many others, each within the last."""
    content = b""
    for _ in range(levels):
        content = short(b"k") + b"F" + table(content)
    return table(content)


PROPERTIES = {
    "an id that is no text": MESSAGE_ID + short(NO_TEXT),
    "a time that is none": HEADERS + table(short(b"k") + b"T" + struct.pack(">Q", 2**63 - 1)),
    "tables without end": HEADERS + deep(3000),
}


class FramesTest(OnOneBus):
    def setUp(self) -> None:
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger(level=logging.WARNING))
        self.topic = self.cell.topic("conductor")
        self.endpoint = Recording("torn_down")
        self.buses.serve(self.cell, "conductor", self.endpoint, workers=1)

    def publish(self, properties: bytes, exchange: str, key: bytes) -> None:
        """Send a message of these bytes, and wait until the broker has it."""
        where = urlsplit(self.url)
        connection = amqp.Connection(
            f"{where.hostname}:{where.port}",
            userid=where.username,
            password=where.password,
            virtual_host=where.path[1:],
        )
        connection.connect()
        channel = connection.channel()
        channel.confirm_select()
        message = amqp.Message("{}")
        message._serialize_properties = lambda: properties
        arguments = struct.pack(">H", 0) + short(exchange.encode()) + short(key) + b"\0"
        connection.frame_writer(1, channel.channel_id, spec.Basic.Publish, arguments, message)
        channel.wait([spec.Basic.Ack], timeout=PATIENCE)
        with contextlib.suppress(OSError):
            connection.close()

    def assert_answers(self) -> None:
        client = CellConductorClient(self.cell, timeout=PATIENCE)
        client.torn_down(CTXT, "host-1", samples.uuid(1), 1)
        self.assertEqual("torn_down", self.endpoint.next_call()[0])

    def assert_dropped(self, said: str) -> None:
        wait_for(lambda: "is dropped" in self.log.output, "the line in the log")
        self.assertIn(said, self.log.output)
        self.assertNotIn("Traceback", self.log.output)
        self.assertNotIn("unreachable", self.log.output)

    def test_properties_that_cannot_be_read_stop_no_server(self) -> None:
        for properties in PROPERTIES.values():
            self.publish(properties, "understudy", self.topic.encode())
            self.assert_answers()
        self.assert_dropped("the properties of a message cannot be read")
        self.assertEqual(len(PROPERTIES), self.log.output.count("is dropped"))

    def test_a_routing_key_that_cannot_be_read_stops_no_server(self) -> None:
        self.publish(struct.pack(">H", 0), f"{self.topic}_fanout", NO_TEXT)
        self.assert_dropped("the routing key of a message cannot be read")
        self.assert_answers()
