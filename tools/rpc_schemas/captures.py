"""Real messages, as they pass the broker, for the page that shows the envelope.

A service answers on the embedded bus, which is a broker under oslo.messaging's
driver for RabbitMQ; what its channel is given to publish is written down. Ids
are renumbered and tracebacks cut, so that the same run gives the same text.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any
from unittest import mock

import oslo_messaging as messaging

from understudy.objects.build_answer import BuildAccepted
from understudy.objects.build_request import BuildRequest
from understudy.objects.selection import Selection
from understudy.rpcapi import embedded, errors
from understudy.rpcapi.bus import API, EMBEDDED, Bus
from understudy.rpcapi.compute import ComputeClient
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.server import Server
from understudy.rpcapi.super_conductor import SuperConductorClient

CELL = "cell1"
REQUEST = "6f0c6f0c-11aa-4c2f-9d59-0f2f8c1d7a01"
INSTANCE = "b1d5e3c2-22bb-4e0a-8a0e-5a7f3b9c4d02"
HOST = "3c9d1a52-6d7e-4b0f-9b1c-2f4e8a7d5c03"
CTXT = RequestContext("a-project", "a-user", "req-9a1b6c1e-8f0d-4c57-a3d2-1e5b7f9c2d04")

_HEX = re.compile("(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")

Published = list[dict[str, Any]]


class _SuperConductor:
    """Accepts a request, and refuses another one under its id."""

    target = messaging.Target(version=SuperConductorClient.version)

    def __init__(self) -> None:
        self._accepted: dict[str, BuildRequest] = {}

    @messaging.expose
    def build(self, ctxt: RequestContext, request: BuildRequest) -> BuildAccepted:
        if self._accepted.setdefault(request.request_id, request) != request:
            raise errors.RequestIdTaken(request.request_id)
        return BuildAccepted(request_id=request.request_id, instance_uuids=[INSTANCE])


class _Agent:
    target = messaging.Target(version=ComputeClient.version)

    @messaging.expose
    def build(self, ctxt: RequestContext, **arguments: Any) -> None:
        """Take it."""


def messages() -> dict[str, str]:
    """Return what was captured: the text of each file, by its name."""
    published: Published = []
    with _publishing_to(published), contextlib.ExitStack() as closing:
        client = SuperConductorClient(_serve(closing, API, "super-conductor", _SuperConductor()))
        agents = ComputeClient(_serve(closing, CELL, "compute", _Agent()))
        client.build(CTXT, _request())
        with contextlib.suppress(errors.RequestIdTaken):
            client.build(CTXT, _request(count=2))
        agents.build(CTXT, "agent-1", "host-1", INSTANCE, 1, _request(), _selection())
    call, reply, _, error, cast = published
    named = {"call": call, "reply": reply, "error-reply": error, "cast": cast}
    text = json.dumps(named, indent=2)
    for number, found in enumerate(dict.fromkeys(_HEX.findall(text)), 1):
        text = text.replace(found, f"{number:032x}")
    return {f"{name}.json": json.dumps(m, indent=2) + "\n" for name, m in json.loads(text).items()}


def _serve(closing: contextlib.ExitStack, name: str, service: str, endpoint: object) -> Bus:
    closing.callback(embedded.forget, f"understudy.{name}.")
    bus = Bus.open(name, EMBEDDED)
    closing.callback(bus.close)
    server = Server(bus, service, [endpoint], name="agent-1")
    server.start()
    closing.callback(server.wait)
    closing.callback(server.stop)
    return bus


@contextlib.contextmanager
def _publishing_to(published: Published) -> Iterator[None]:
    real = embedded.Channel.basic_publish

    def publish(
        channel: embedded.Channel, message: Any, exchange: str, routing_key: str, **more: Any
    ) -> Any:
        published.append(_readable(message, exchange, routing_key, more))
        return real(channel, message, exchange, routing_key, **more)

    with mock.patch.object(embedded.Channel, "basic_publish", publish):
        yield


def _readable(
    message: Any, exchange: str, routing_key: str, more: dict[str, Any]
) -> dict[str, Any]:
    """Return what is published as JSON; `decoded` repeats the body's text, parsed."""
    properties = {
        "content_type": message["content-type"],
        "content_encoding": message["content-encoding"],
        "delivery_mode": message["properties"]["delivery_mode"],
    }
    if "expiration" in message["properties"]:
        properties["expiration"] = message["properties"]["expiration"]
    body = json.loads(message["body"])
    inner = json.loads(body["oslo.message"])
    if inner.get("failure"):
        failure = json.loads(inner["failure"])
        # Paths of the machine that it was captured on.
        failure["tb"] = ["Traceback (most recent call last):\n", "..."]
        inner["failure"] = json.dumps(failure)
        body["oslo.message"] = json.dumps(inner)
    return {
        "exchange": exchange,
        "routing_key": routing_key,
        "mandatory": bool(more.get("mandatory")),
        "properties": properties,
        "body": body,
        "decoded": inner,
    }


def _request(count: int = 1) -> BuildRequest:
    return BuildRequest(
        request_id=REQUEST,
        name="web",
        count=count,
        resources={"VCPU": 2, "MEMORY_MB": 4096},
        project_id="a-project",
        user_id="a-user",
    )


def _selection() -> Selection:
    claimed = {HOST: {"resources": {"VCPU": 2, "MEMORY_MB": 4096}}}
    return Selection(
        compute_node_uuid=HOST,
        service_host="host-1",
        nodename="host-1",
        cell_uuid="0d8f6b3a-4c21-4f5e-8e9d-7b6a5c4d3e05",
        allocation_request=json.dumps({"allocations": claimed}),
        allocation_request_version="1.39",
    )
