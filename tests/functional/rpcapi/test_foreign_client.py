"""A client that knows the page on RPC only, and nothing of ours, is understood.

It speaks AMQP as any language can: plain JSON, the least that the schemas ask for.
"""

from __future__ import annotations

# kombu annotates itself in part only.
# mypy: disable-error-code="no-untyped-call"
import contextlib
import json
import uuid
from typing import Any

from kombu.connection import Connection
from kombu.entity import Exchange, Queue

from tests.functional.rpcapi.recording import PATIENCE, Recording
from tests.functional.support.buses import BusTestCase
from tests.functional.support.waiting import wait_for
from tests.unit.objects import samples
from understudy.objects.build_request import BuildRequest
from understudy.rpcapi import errors
from understudy.rpcapi.embedded import SCHEME

REQUEST = {
    "understudy_object.namespace": "understudy",
    "understudy_object.name": "BuildRequest",
    "understudy_object.version": "1.0",
    "understudy_object.data": {
        "request_id": samples.uuid(1),
        "project_id": "a-project",
        "user_id": "a-user",
        "resources": {"VCPU": 2},
    },
}


class ForeignClientTest(BusTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.buses = self.make_buses()
        self.connection = Connection(f"{SCHEME}://")
        self.addCleanup(self.connection.release)
        self.answers: list[Any] = []

    def call(self, topic: str, method: str, args: dict[str, Any]) -> dict[str, Any]:
        """Send as the page says, and return the reply."""
        ours, msg_id = f"reply_{uuid.uuid4().hex}", uuid.uuid4().hex
        replies = Queue(ours, Exchange(ours), routing_key=ours, auto_delete=True)
        message = {
            "method": method,
            "version": "1.0",
            "args": args,
            "_msg_id": msg_id,
            "_reply_q": ours,
            "_unique_id": uuid.uuid4().hex,
        }
        body = {"oslo.version": "2.0", "oslo.message": json.dumps(message)}
        with self.connection.Consumer(replies, callbacks=[self.take]):
            self.connection.Producer().publish(
                json.dumps(body),
                exchange="understudy",
                routing_key=topic,
                content_type="application/json",
                content_encoding="utf-8",
                expiration=PATIENCE,
            )
            wait_for(self.has_answer, f"a reply to {method}")
        reply: dict[str, Any] = json.loads(self.answers.pop()["oslo.message"])
        self.assertEqual(msg_id, reply["_msg_id"])
        return reply

    def has_answer(self) -> bool:
        with contextlib.suppress(TimeoutError):
            self.connection.drain_events(timeout=0.1)
        return bool(self.answers)

    def take(self, body: Any, message: Any) -> None:
        message.ack()
        self.answers.append(body)

    def build(self, answer: Any) -> tuple[Recording, dict[str, Any]]:
        endpoint = Recording("build", answer=answer)
        self.buses.serve(self.buses.api, "super-conductor", endpoint)
        topic = f"understudy.{self.buses.api.name}.super-conductor"
        return endpoint, self.call(topic, "build", {"request": REQUEST})

    def test_what_it_sends_arrives_and_what_it_left_out_has_its_default(self) -> None:
        endpoint, _ = self.build(None)
        _, _, arguments = endpoint.next_call()
        expected = BuildRequest(**REQUEST["understudy_object.data"])  # type: ignore[arg-type]
        self.assertEqual({"request": expected}, arguments)

    def test_it_can_read_the_answer(self) -> None:
        _, reply = self.build(samples.everything()["BuildAccepted"])
        self.assertIsNone(reply["failure"])
        data = reply["result"]["understudy_object.data"]
        self.assertEqual([samples.uuid(2), samples.uuid(7)], data["instance_uuids"])

    def test_it_can_read_an_error(self) -> None:
        _, reply = self.build(errors.RequestIdTaken(samples.uuid(1)))
        failure = json.loads(reply["failure"])
        self.assertEqual(
            ("RequestIdTaken", [samples.uuid(1)]), (failure["class"], failure["args"])
        )
