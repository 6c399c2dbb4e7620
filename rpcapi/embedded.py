"""A message broker within one process, for the demo and the tests.

A transport for kombu's virtual AMQP, under oslo.messaging's driver for RabbitMQ:
all is serialized as on a real bus. Unlike kombu's own memory transport it waits
without polling, drops what has expired, returns what was to arrive but has no
queue to go to, and lets nobody publish in another user's name. The broker's
contents belong to the process, not to a bus; anybody may log in, as anybody.
"""

from __future__ import annotations

# kombu annotates itself in part only.
# mypy: disable-error-code="no-untyped-call"
import math
import threading
import time
from collections import defaultdict
from queue import Empty, Queue
from typing import Any, ClassVar, Final

from amqp.exceptions import PreconditionFailed
from kombu import exceptions, transport
from kombu.transport import base, virtual

SCHEME: Final = "understudy-embedded"

LONGEST_WAIT: Final = 0.1
"""Seconds after which a listener looks whether it was stopped."""

_broker: Any = virtual.BrokerState()
_declaring = threading.RLock()
_arrivals: dict[str, set[threading.Event]] = {}
"""By queue, what to set for each connection that consumes it."""


def register() -> None:
    """Make kombu know "understudy-embedded://"; doing it again is harmless."""
    transport.TRANSPORT_ALIASES[SCHEME] = f"{Transport.__module__}:{Transport.__name__}"


def forget(prefix: str) -> None:
    """Remove all queues whose names begin with `prefix`, with what waits in them."""
    with _declaring:
        for name in [name for name in Channel.queues if name.startswith(prefix)]:
            del Channel.queues[name]
        for exchange in _broker.exchanges.values():
            exchange["table"] = [row for row in exchange["table"] if not row[2].startswith(prefix)]
        for name in [name for name in _broker.queue_index if name.startswith(prefix)]:
            _broker.queue_bindings_delete(name)


class Channel(virtual.Channel):
    """Queues in memory, shared by all channels of the process."""

    queues: ClassVar[dict[str, Queue[tuple[float, Any]]]] = {}
    do_restore = False
    supports_fanout = True
    # Nowhere: what matches no queue is gone, as on a broker.
    deadletter_queue = None

    def __init__(self, connection: Transport, **kwargs: Any) -> None:
        super().__init__(connection, **kwargs)
        self.events: dict[str, set[Any]] = defaultdict(set)

    def exchange_declare(self, *args: Any, **kwargs: Any) -> None:
        with _declaring:
            super().exchange_declare(*args, **kwargs)

    def queue_bind(self, *args: Any, **kwargs: Any) -> None:
        with _declaring:
            super().queue_bind(*args, **kwargs)

    def basic_publish(
        self, message: Any, exchange: str, routing_key: str, mandatory: bool = False, **kwargs: Any
    ) -> Any:
        """Publish; what is `mandatory` and matches no queue goes back to the producer.

        Raises PreconditionFailed where it names another user than the connection's.
        """
        self._verify(message["properties"].get("user_id"))
        # It is for the broker to say, when the message comes.
        message["properties"].pop("expiry", None)
        if mandatory and not self._reaches_a_queue(exchange, routing_key):
            reason = exceptions.ChannelError("NO_ROUTE", (60, 50), "Basic.return", "312")
            for returned in tuple(self.events["basic_return"]):
                returned(reason, exchange, routing_key, message)
            return None
        return super().basic_publish(message, exchange, routing_key, **kwargs)

    def basic_consume(self, queue: str, *args: Any, **kwargs: Any) -> None:
        with _declaring:
            _arrivals.setdefault(queue, set()).add(self.connection.arrival)
        super().basic_consume(queue, *args, **kwargs)

    def basic_cancel(self, consumer_tag: str, nowait: bool = False) -> None:
        with _declaring:
            consumed = str(self._tag_to_queue.get(consumer_tag))
            _arrivals.get(consumed, set()).discard(self.connection.arrival)
        super().basic_cancel(consumer_tag)

    def queue_declare(self, queue: str | None = None, *args: Any, **kwargs: Any) -> Any:
        """Return how many messages wait and how many listen, as a broker does."""
        declared = super().queue_declare(queue, *args, **kwargs)
        with _declaring:
            return declared._replace(consumer_count=len(_arrivals.get(declared.queue, ())))

    def _verify(self, user: str | None) -> None:
        own = self.connection.user
        if user not in (None, own):
            raise PreconditionFailed(
                f"PRECONDITION_FAILED - user_id property set to '{user}' "
                f"but authenticated user was '{own}'",
                (60, 40),
            )

    def _reaches_a_queue(self, exchange: str, routing_key: str) -> bool:
        if exchange:
            return bool(self._lookup(exchange, routing_key))
        return self._has_queue(routing_key)

    def _has_queue(self, queue: str, **kwargs: Any) -> bool:
        return queue in self.queues

    def _new_queue(self, queue: str, **kwargs: Any) -> None:
        self._messages(queue)

    def _messages(self, queue: str) -> Queue[tuple[float, Any]]:
        # One step, so that two threads never make it twice.
        return self.queues.setdefault(queue, Queue())

    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        messages, aged = self._messages(queue), (_expiry(message), message)
        if message.get("redelivered"):
            # It was given back: it is the next again, and lives no longer for that.
            with messages.mutex:
                messages.queue.appendleft(aged)
        else:
            messages.put(aged)
        with _declaring:
            waiting = tuple(_arrivals.get(queue, ()))
        for arrival in waiting:
            arrival.set()

    def _queue_bind(self, *args: Any) -> None:
        """Nothing more: fanout goes by the bindings too."""

    def _put_fanout(self, exchange: str, message: Any, routing_key: str, **kwargs: Any) -> None:
        for queue in self._lookup(exchange, routing_key):
            self._put(queue, message)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        """Return the oldest message that has not expired; raises Empty."""
        while True:
            expiry, message = self._messages(queue).get(block=False)
            if time.monotonic() < expiry:
                return message

    def _size(self, queue: str) -> int:
        return self._messages(queue).qsize()

    def _purge(self, queue: str) -> int:
        purged = self.queues.pop(queue, Queue())
        return purged.qsize()

    def _delete(self, queue: str, *args: Any, **kwargs: Any) -> None:
        self.queues.pop(queue, None)


class Transport(virtual.Transport):
    """A connection to the process's broker."""

    Channel = Channel
    implements = base.Transport.implements
    driver_type = "memory"
    driver_name = SCHEME
    cycle: Any
    default_connection_params: ClassVar[dict[str, Any]] = {}

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        self.user: str = client.userid or "guest"
        self.state = _broker
        self.arrival = threading.Event()

    def drain_events(self, connection: Any, timeout: float | None = None, **_: Any) -> None:
        """Deliver one message; raises TimeoutError after `timeout` seconds, or earlier."""
        # First cleared, then looked: what arrives in between is not slept through.
        self.arrival.clear()
        try:
            self.cycle.get(self._deliver)
            return
        except Empty:
            self.arrival.wait(LONGEST_WAIT if timeout is None else min(timeout, LONGEST_WAIT))
        try:
            self.cycle.get(self._deliver)
        except Empty:
            raise TimeoutError from None

    def driver_version(self) -> str:
        return "N/A"


def _expiry(message: Any) -> float:
    """Return when the message expires, by time.monotonic(): counted from when it first came."""
    properties = message["properties"]
    milliseconds = properties.get("expiration")
    if milliseconds is None:
        return math.inf
    expiry: float = properties.setdefault("expiry", time.monotonic() + int(milliseconds) / 1000)
    return expiry
