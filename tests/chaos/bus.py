"""A simulated bus: the real clients and endpoints, and the real serializer, on a broker of ours.

All that travels is text on the way. A call's message lives as long as its caller
waits, a cast's for ever; a queue is there from the time that its first listener
came, and keeps what comes while nobody listens.
"""

from __future__ import annotations

import functools
import json
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import oslo_messaging as messaging
from oslo_config import cfg
from oslo_messaging import transport as rpc_transport
from oslo_messaging._drivers import common as wire_form
from oslo_messaging.rpc import dispatcher as rpc_dispatcher

from tests.chaos.kernel import Kernel, Mailbox
from tests.chaos.process import Process
from tests.chaos.simulated.gate import Lost, Refused
from understudy.rpcapi import options, server
from understudy.rpcapi.bus import WIRE_ERRORS, Bus
from understudy.rpcapi.context import PATIENCE, SENDER


class Post(Protocol):
    """What becomes of messages."""

    def message(self) -> list[float]:
        """Return in how many seconds each copy of a message arrives."""

    def is_cut_off(self, process: Process, target: str) -> bool:
        """Does nothing reach this process from there?"""


@dataclass(slots=True)
class Envelope:
    """One copy of a message."""

    method: str
    text: str
    expires: float
    answer: Callable[[str], None] | None
    """Where the answer goes; None: nobody waits for one."""
    sender: str
    """The user of the broker who sent it."""
    behalf: object | None
    """On whose behalf it is handled, if anybody's."""


@dataclass(slots=True)
class Listener:
    """A process that takes messages."""

    process: Process
    service: str
    dispatcher: Any
    workers: int
    busy: int = 0
    held: dict[int, tuple[str, Envelope]] = field(default_factory=dict)
    """By number, what is being handled, and the queue that it came from."""


@dataclass(slots=True)
class Queue:
    """What waits, and who takes it."""

    waiting: deque[Envelope] = field(default_factory=deque)
    listeners: list[Listener] = field(default_factory=list)


class Broker:
    """One bus."""

    def __init__(
        self, name: str, kernel: Kernel, post: Post, chance: random.Random, redelivers: bool
    ) -> None:
        """If it `redelivers`, what a killed process had taken comes again."""
        self.name = name
        self._kernel = kernel
        self._post = post
        self._choice = chance.choice
        self._redelivers = redelivers
        self._queues: dict[str, Queue] = {}
        self._number = 0

    def open(self, process: Process) -> Bus:
        """Return the bus as one process has it."""
        transport = rpc_transport.RPCTransport(Driver(self, process))
        return Bus(self.name, transport, user=process.user)

    def listen(self, process: Process, service: str, endpoint: object, workers: int = 8) -> None:
        """Hand messages to the endpoint, each on a thread of its process."""
        bus = self.open(process)
        dispatcher = server.TypedDispatcher(service, [endpoint], bus.serializer())
        listener = Listener(process, service, dispatcher, workers)
        topic = bus.topic(service)
        for name in (topic, f"{topic}.{process.name}"):
            self._queues.setdefault(name, Queue()).listeners.append(listener)
            self._pump(name)
        process.on_death.append(partial(self._bury, listener))

    def is_idle(self) -> bool:
        """Is nothing waiting or being handled?"""
        return all(
            not queue.waiting and not any(listener.busy for listener in queue.listeners)
            for queue in self._queues.values()
        )

    def pump(self) -> None:
        """Hand out what waits: somebody may be reachable again."""
        for name in self._queues:
            self._pump(name)

    def send(self, queue: str, envelope: Envelope) -> None:
        """Let copies of the message arrive, as fate has it. Raises MessageUndeliverable."""
        if queue not in self._queues:
            raise messaging.MessageUndeliverable("NO_ROUTE", "", queue, "312")
        for seconds in self._post.message():
            self._kernel.later(seconds, partial(self._arrive, queue, envelope))

    def answer_arrives(self, answer: Callable[[str], None], text: str) -> None:
        """Let copies of an answer arrive."""
        for seconds in self._post.message():
            self._kernel.later(seconds, partial(answer, text))

    def _arrive(self, queue: str, envelope: Envelope) -> None:
        self._queues[queue].waiting.append(envelope)
        self._pump(queue)

    def _pump(self, name: str) -> None:
        queue = self._queues[name]
        while queue.waiting:
            free = [one for one in queue.listeners if self._takes(one)]
            if not free:
                return
            envelope = queue.waiting.popleft()
            if envelope.expires > self._kernel.now:
                self._hand_out(name, self._choice(free), envelope)

    def _takes(self, listener: Listener) -> bool:
        return listener.busy < listener.workers and not self._post.is_cut_off(
            listener.process, self.name
        )

    def _hand_out(self, name: str, listener: Listener, envelope: Envelope) -> None:
        self._number += 1
        number = self._number
        listener.busy += 1
        listener.held[number] = name, envelope

        def handle() -> None:
            try:
                Handling(self, listener, envelope).run()
            finally:
                listener.busy -= 1
                if not listener.process.dead:
                    del listener.held[number]
                    self._kernel.later(0.0, partial(self._pump, name))

        listener.process.spawn(envelope.method, handle).behalf = envelope.behalf

    def _bury(self, listener: Listener) -> None:
        for queue in self._queues.values():
            if listener in queue.listeners:
                queue.listeners.remove(listener)
        if self._redelivers:
            for name, envelope in listener.held.values():
                self._kernel.later(0.01, partial(self._arrive, name, envelope))
        listener.held.clear()


class Handling:
    """One message in a process that took it."""

    def __init__(self, broker: Broker, listener: Listener, envelope: Envelope) -> None:
        self._broker = broker
        self._listener = listener
        self._envelope = envelope

    def run(self) -> None:
        """Do what it asks for, and answer."""
        process, method = self._listener.process, self._envelope.method
        gate = process.to("taken")
        gate.before(f"bus take {method}")
        gate.after(f"bus take {method}")
        text = self._dispatched()
        if self._envelope.answer is not None:
            gate.before(f"bus answer {method}")
            self._broker.answer_arrives(self._envelope.answer, text)
            gate.after(f"bus answer {method}")

    def _dispatched(self) -> str:
        """Return the answer, or the error, as it travels."""
        context, message = json.loads(self._envelope.text)
        # What a server notes as a message comes in, on its own clock.
        context[PATIENCE] = self._envelope.expires + self._listener.process.skew
        context[SENDER] = self._envelope.sender
        try:
            result = self._listener.dispatcher.dispatch(Incoming(context, message))
        except rpc_dispatcher.ExpectedException as expected:
            return json.dumps(["error", _as_text(expected.exc_info[1])])
        except Exception as error:
            return json.dumps(["error", _as_text(error)])
        return json.dumps(["result", result])


def _as_text(error: BaseException) -> str:
    # Without tracebacks, at which nobody looks: to put them into words takes long.
    error.__cause__ = error.__context__ = None
    text: str = wire_form.serialize_remote_exception((type(error), error, None))
    return text


class Incoming:
    """A message as oslo.messaging's dispatcher takes it."""

    client_timeout = 0
    refusal = None

    def __init__(self, context: dict[str, Any], message: dict[str, Any]) -> None:
        self.ctxt = context
        self.message = message


class Driver:
    """`oslo_messaging._drivers.base.BaseDriver`, as far as clients use it."""

    def __init__(self, broker: Broker, process: Process) -> None:
        self.conf = _conf()
        self._broker = broker
        self._process = process
        self._gate = process.to(broker.name)

    def send(
        self,
        target: messaging.Target,
        ctxt: dict[str, Any],
        message: dict[str, Any],
        wait_for_reply: bool | None = None,
        timeout: float | None = None,
        **options: Any,
    ) -> Any:
        """Send it, and with `wait_for_reply` return the answer or raise MessagingTimeout."""
        method = f"{target.topic.rpartition('.')[2]}.{message['method']}"
        seam = f"bus send {method}"
        queue = target.topic if target.server is None else f"{target.topic}.{target.server}"
        answers = Mailbox(self._process.kernel)
        self._pass(self._gate.before, seam)
        self._broker.send(
            queue,
            Envelope(
                method,
                json.dumps([ctxt, message]),
                self._process.kernel.now + timeout if timeout else float("inf"),
                answers.put if wait_for_reply else None,
                self._process.user,
                self._behalf(method, calls=bool(wait_for_reply)),
            ),
        )
        if not wait_for_reply:
            self._pass(self._gate.after, seam)
            return None
        if not answers.wait(timeout or 60.0):
            raise messaging.MessagingTimeout(method)
        self._pass(self._gate.after, seam)
        return _unpacked(answers.content)

    def _behalf(self, method: str, *, calls: bool) -> object | None:
        """Return for whom this is done: whoever waits for an answer waits for what it does."""
        if self._process.behalf_of is not None:
            return self._process.behalf_of(method)
        return self._process.kernel.behalf if calls else None

    @staticmethod
    def _pass(way: Callable[[str], None], seam: str) -> None:
        try:
            way(seam)
        except Refused:
            raise messaging.MessageDeliveryFailure(f"refused: {seam}") from None
        except Lost:
            raise messaging.MessagingTimeout(seam) from None


def _unpacked(text: str) -> Any:
    kind, content = json.loads(text)
    if kind == "error":
        raise wire_form.deserialize_remote_exception(content, list(WIRE_ERRORS))
    return content


@functools.cache
def _conf() -> cfg.ConfigOpts:
    return options.private()
