"""Connections to a broker that give up, so that who waits for them may.

oslo.messaging takes a caller's timeout and number of retries for the sending
alone: to connect for the replies, or anew after a failure, it tries for ever
within the call. And of a broker that takes connections and says nothing, it
waits for each answer anew: to the message, to its own hanging up, to each try to
connect again. Pinned to its rabbit driver by tests/functional/rpcapi and
tests/integration/rpcapi.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import logging
import math
import ssl
from typing import Any, Final

import oslo_messaging as messaging
from amqp.exceptions import MessageNacked
from kombu import exceptions as kombu_errors
from oslo_messaging._drivers import common, impl_rabbit

from understudy.rpcapi import embedded, frames, message_size, options, patience, tls
from understudy.rpcapi.call import brief

LOG = logging.getLogger(__name__)

GUEST: Final = "guest"
"""The user of a URL that names none."""
_ANSWERS: Final = "direct"
"""How oslo.messaging listens for the answers to what it asked; see message_size."""


class QueueFull(messaging.MessageUndeliverable):
    """The broker takes no more for this queue: a policy bounds its length."""


class SilentBroker(Exception):
    """It has taken a message, and does not say whether it has it."""


class SigningProducer:
    """A producer whose messages name the user of their connection, which the broker verifies."""

    def __init__(self, producer: Any, user: str) -> None:
        self._producer = producer
        self._user = user

    def publish(self, body: Any, **how: Any) -> None:
        """Publish it; a broker where the connection is another user's refuses it."""
        self._producer.publish(body, user_id=self._user, **how)


class BoundedConnection(tls.Connection):
    """A connection that is tried once for each host of the URL, and once more.

    Whatever it publishes, replies and notifications too, is signed.
    """

    channel: Any
    _producer: Any

    def __init__(self, conf: Any, url: Any, purpose: Any, retry: int | None = None) -> None:
        self._tries = 1 + attempts(url)
        self._declares = False
        self._may_give_up = False
        self._names_user = names_user(conf, url)
        self._most_bytes: int = conf[options.LIMITS].message_bytes
        try:
            super().__init__(conf, url, purpose, attempts(url) if retry is None else retry)
        except kombu_errors.OperationalError as error:
            hint = tls_hint(error.__cause__, speaks_tls=conf.oslo_messaging_rabbit.ssl)
            if not hint:
                raise
            raise kombu_errors.OperationalError(f"{error}; {hint}") from error.__cause__

    def reset(self) -> None:
        """Make ready for the next user; if the broker is gone, it is for that one to notice."""
        try:
            super().reset()
        except Exception as error:
            LOG.warning("lost a connection to the broker: %s", error)

    def ensure_connection(self) -> None:
        """Connect, within what is left of the caller's patience."""
        self.connection.connect_timeout = patience.for_a_connection(self._tries)
        self.connection.transport_options["frame_handler"] = frames.frame_handler
        super().ensure_connection()

    def ensure(self, method: Any, retry: int | None = None, **kwargs: Any) -> Any:
        """Do it, and try again as often as is said; who consumes, and who replies, for ever."""
        if retry is None and self._declares:
            retry = self._tries - 1
        self.connection.connect_timeout = patience.for_a_connection(self._tries)
        self._may_give_up = retry is not None
        return super().ensure(method, retry=retry, **kwargs)

    def declare_consumer(self, consumer: Any) -> Any:
        """Declare a queue to listen to, or give up: whoever wants to listen tries again."""
        self._declares = True
        consumer._callback = functools.partial(self._deliver, consumer)
        try:
            self.set_transport_socket_timeout()
            return super().declare_consumer(consumer)
        finally:
            self._declares = False

    def _deliver(self, consumer: Any, message: Any) -> None:
        """Hand over what has come; what cannot be read is dropped, and told in one line."""
        sender = message.properties.get("user_id")
        try:
            if consumer.type != _ANSWERS:
                message_size.check_body(message.body, self._most_bytes)
            if not self.kombu_compression and _is_compressed(message):
                raise ValueError("it is compressed")
            shown = consumer.queue.channel.message_to_python(message)
            consumer.callback(impl_rabbit.RabbitMessage(shown))
        except Exception as error:
            LOG.warning(
                "a message from %s to %s cannot be read and is dropped: %s: %s",
                "nobody that is known" if sender is None else brief(sender),
                consumer.queue_name,
                type(error).__name__,
                brief(str(error)),
            )
            self._drop(consumer.queue.channel, message)

    @staticmethod
    def _drop(channel: Any, message: Any) -> None:
        try:
            channel.basic_reject(message.delivery_tag, requeue=False)
        except Exception as error:
            LOG.debug("it is gone already: %s", error)

    def set_transport_socket_timeout(self, timeout: float | None = None) -> None:
        """Wait for a single answer no longer than that, and than whoever asked for it waits."""
        if self.purpose == common.PURPOSE_SEND or self._declares:
            timeout = min(math.inf if timeout is None else timeout, patience.for_an_answer())
        super().set_transport_socket_timeout(timeout)

    def close(self) -> None:
        """Hang up; a broker that is silent is not asked for its leave."""
        with contextlib.suppress(OSError):
            super().set_transport_socket_timeout(patience.SHORTEST)
        super().close()

    def waiting(self, queue: str) -> tuple[int, int]:
        """Return how many messages in a queue nobody has taken, and how many listen to it."""
        found: list[Any] = []

        def look() -> None:
            found.append(self.channel.queue_declare(queue=queue, passive=True))

        with self._connection_lock:
            self.ensure(look, retry=1)
        return int(found[-1].message_count), int(found[-1].consumer_count)

    def stop_delivery(self) -> None:
        """Have no more messages delivered, and wait for no answer to that."""
        with self._connection_lock:
            try:
                for tag in self._consumers.values():
                    self.channel.basic_cancel(str(tag), nowait=True)
            except Exception as error:
                LOG.debug("delivery ended by itself: %s", error)

    def _set_current_channel(self, new_channel: Any) -> None:
        before = self._producer
        super()._set_current_channel(new_channel)
        if self._names_user and self._producer is not before:
            # As whom it is logged in where the hosts of the URL have users of their own.
            self._producer = SigningProducer(self._producer, self.connection.userid)

    def _publish(
        self, exchange: Any, msg: Any, routing_key: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        if exchange.name:
            message_size.check_message(msg, self._most_bytes)
        self.set_transport_socket_timeout()
        try:
            super()._publish(exchange, msg, routing_key, *args, **kwargs)
        except MessageNacked as error:
            raise QueueFull(error, exchange.name, routing_key, msg) from error
        except TimeoutError as error:
            self._hang_up()
            if not self._may_give_up:
                raise
            raise SilentBroker("it took the message and said nothing more") from error

    def _hang_up(self) -> None:
        """Let go of the connection without a word: nobody knows what is still to come on it."""
        with contextlib.suppress(OSError):
            super().set_transport_socket_timeout(patience.SHORTEST)
        self.connection.collect()
        self._producer = self.channel = None
        self._declared_queues.clear()
        self._declared_exchanges.clear()

    def _heartbeat_thread_job(self) -> None:
        """Keep alive what lives; to connect anew is for the next user, who says for how long."""
        while not self._heartbeat_exit_event.wait(self._heartbeat_wait_timeout):
            with self._connection_lock.for_heartbeat():
                try:
                    self._beat()
                except Exception as error:
                    LOG.info("lost a connection to the broker: %s", error)
                    self._hang_up()

    def _beat(self) -> None:
        if not self.connection.connected:
            return
        self._heartbeat_check()
        # The broker's own heartbeats are read here, where nothing else is.
        with contextlib.suppress(TimeoutError):
            self.connection.drain_events(timeout=0.001)


def _is_compressed(message: Any) -> bool:
    """Would it be unpacked, into who knows how much, before anybody has read it?"""
    headers = message.properties.get("application_headers") or getattr(message, "headers", None)
    return bool((headers or {}).get("compression"))


def attempts(url: messaging.TransportURL) -> int:
    """Return how often to try again to reach a broker at this URL."""
    return max(1, len(url.hosts))


def tls_hint(cause: BaseException | None, *, speaks_tls: bool) -> str:
    """Return what to look at where one side speaks TLS and the other does not; "" elsewhere."""
    match cause:
        case ssl.SSLCertVerificationError():
            return "check [oslo_messaging_rabbit] ssl_ca_file, and for which names it is valid"
        case ssl.SSLError() if cause.reason == "WRONG_VERSION_NUMBER":
            return "that port does not speak TLS, but [oslo_messaging_rabbit] ssl is on"
        case TimeoutError():
            return ""
        # py-amqp gives no number where it finds the connection closed.
        case OSError(errno=errno.ECONNRESET | errno.EPIPE | None) if not speaks_tls:
            return "if that port speaks TLS, turn [oslo_messaging_rabbit] ssl on"
    return ""


def names_user(conf: Any, url: messaging.TransportURL) -> bool:
    """Is it known as whom a connection there is logged in?

    Not with a certificate that stands for the user, unless the URL says which.
    """
    if conf.oslo_messaging_rabbit.rabbit_login_method != "EXTERNAL":
        return True
    return all(host.username for host in url.hosts) and bool(url.hosts)


def user(transport: messaging.RPCTransport) -> str | None:
    """Return as whom this transport's connections are logged in; None where that depends."""
    driver = transport._driver
    if not names_user(driver.conf, driver._url):
        return None
    users = {host.username or GUEST for host in driver._url.hosts} or {GUEST}
    return users.pop() if len(users) == 1 else None


def bound(transport: messaging.RPCTransport) -> None:
    """Let the transport make connections of ours."""
    driver = transport._driver
    driver._connection_pool.connection_cls = BoundedConnection
    if driver.conf.oslo_messaging_rabbit.rabbit_transient_quorum_queue:
        # A durable queue that is not there will not be soon: whoever waited for a reply is
        # gone, or never was, and no worker waits for him.
        driver.missing_destination_retry_timeout = 0
    if driver._url.transport == f"kombu+{embedded.SCHEME}":
        # It was for oslo.messaging to choose its driver by, and is warned of elsewhere.
        driver._url.transport = embedded.SCHEME


def reach(transport: messaging.RPCTransport) -> None:
    """Raise what the driver raises unless the broker takes a connection of this transport."""
    with transport._driver._get_connection():
        pass


def waiting(driver: Any, queue: str) -> tuple[int, int]:
    """Return how many messages in a queue nobody has taken, and how many listen to it.

    On a connection of its own: a queue that is not there would close the listener's.
    """
    with driver._get_connection(common.PURPOSE_SEND) as connection:
        waiting: tuple[int, int] = connection.waiting(queue)
    return waiting
