"""Take a message from the broker when a worker is free for it, or to refuse it.

oslo.messaging acknowledges what arrives and queues it in the process, without
bound and out of the broker's sight. Here what nobody is free for is parked
without being acknowledged: as many as are prefetched, one for each queue. What
was parked for a while goes back first, so that the broker, on whose clock its
time to live is, says whether its caller still waits.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import oslo_messaging as messaging
from kombu import exceptions as kombu_errors
from oslo_messaging._drivers import amqpdriver, base, common

from understudy.objects.errors import UnderstudyError
from understudy.rpcapi import call, connections, errors
from understudy.rpcapi.context import PATIENCE, SENDER
from understudy.rpcapi.overload import Overload
from understudy.rpcapi.workers import Workers

LOG = logging.getLogger(__name__)

PARKED_TOO_LONG: Final = 0.1
"""Seconds after which a parked call is given back, for the broker to judge."""
LOOK: Final = 0.25
"""Seconds between two looks at how much waits, while all workers are busy."""
IDLE: Final = 0.5
"""Seconds after which a listener reads its connection again, for the heartbeats."""
SAY_SO: Final = 10.0
"""Seconds between two lines in the log about being overloaded."""


class WorkersPlace:
    """A worker's place that a message has taken; given back once, whoever does it first."""

    def __init__(self, workers: Workers, place: float) -> None:
        self._workers = workers
        self._place = place
        self._lock = threading.Lock()
        self._kept = True

    def give_back(self) -> None:
        """Free it; the call that had it is done."""
        with self._lock:
            kept, self._kept = self._kept, False
        if kept:
            self._workers.give_back(self._place)


class Taken(amqpdriver.AMQPIncomingMessage):
    """A message that a worker has in hand."""

    refusal: UnderstudyError | None = None
    by_refuser = False
    done: Callable[[], None]


class Intake(amqpdriver.RpcAMQPListener):
    """What a server listens with; its poll() returns what is to be handled now.

    Call `done()` of it then. `refusal` is the error to answer with; None: it is
    to be served. `by_refuser` says whose place it has. What cannot be read is
    refused too, where somebody waits for the answer; elsewhere it is dropped.
    """

    message_cls = Taken

    def __init__(
        self,
        service: str,
        driver: Any,
        conn: Any,
        workers: Workers,
        refusers: Workers,
        overload: Overload | None,
    ) -> None:
        """Listen on `conn` for these; without `overload`, nothing is refused."""
        super().__init__(driver, conn)
        self._service = service
        self._workers = workers
        self._refusers = refusers
        self._overload = overload
        self._parked: deque[tuple[Any, float]] = deque()
        self._topic = ""
        self._looked = self._said = self._read = -math.inf

    @classmethod
    def listen(
        cls,
        service: str,
        driver: Any,
        target: Any,
        workers: Workers,
        refusers: Workers,
        overload: Overload | None,
    ) -> base.PollStyleListenerAdapter:
        """Do what listening does in the driver, with a listener of this class."""
        conn = driver._get_connection(common.PURPOSE_LISTEN)
        listener = cls(service, driver, conn, workers, refusers, overload)
        listener._topic = target.topic
        exchange = driver._get_exchange(target)
        for topic in (target.topic, f"{target.topic}.{target.server}"):
            conn.declare_topic_consumer(exchange_name=exchange, topic=topic, callback=listener)
        conn.declare_fanout_consumer(target.topic, listener)
        return base.PollStyleListenerAdapter(listener, 1, None)

    def __call__(self, message: Any) -> None:
        """Park what has arrived."""
        self._parked.append((message, time.monotonic()))

    def poll(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Return the next message, alone; nothing once stopped."""
        while not self._shutdown.is_set():
            if not self._parked:
                self._fetch(IDLE)
                continue
            taken = self._take_in()
            if taken is not None:
                return [taken]
        self._leave()
        self._shutoff.set()
        return []

    def _take_in(self) -> Any:
        """Return the oldest that is parked, if a worker is free for it or it is refused."""
        message, since = self._parked[0]
        place = self._workers.take()
        if place is None:
            return self._refuse()
        self._parked.popleft()
        if _patience(message) < math.inf and time.monotonic() - since > PARKED_TOO_LONG:
            self._workers.give_up(place)
            self._give_back(message)
            return None
        return self._take(message, since, self._workers, place)

    def _refuse(self) -> Any:
        """Return the oldest that is parked, to be refused; or wait, and return None."""
        message, since = self._parked[0]
        if not self._has_surplus() or "_msg_id" not in message:
            self._workers.wait(LOOK)
            if time.monotonic() - self._read > IDLE:
                self._fetch(0.001)
            return None
        place = self._refusers.take()
        if place is None:
            # Soon: a refuser only answers.
            self._refusers.wait(LOOK)
            return None
        self._parked.popleft()
        return self._take(message, since, self._refusers, place)

    def _take(self, message: Any, since: float, whose: Workers, place: float) -> Any:
        """Return the message, acknowledged, for a worker to answer; None: there is none."""
        taken = self._opened(message)
        if taken is None:
            whose.give_up(place)
            return None
        taken.done = WorkersPlace(whose, place).give_back
        taken.by_refuser = whose is self._refusers
        if taken.by_refuser and self._overload is not None:
            come_back_after = self._overload.refuse()
            taken.refusal = taken.refusal or errors.Overloaded(self._service, come_back_after)
        # Over whatever the message itself says.
        taken.ctxt[PATIENCE] = since + _patience(message)
        taken.ctxt[SENDER] = _sender(message)
        # Not a promise of ours: it would cost a thread and a reply every few seconds.
        taken.client_timeout = None
        return taken

    def _opened(self, message: Any) -> Any:
        """Return the message as the driver has it; None if it came before, or is nobody's.

        From here on nobody gets it again: whatever is in it, a caller has an answer.
        """
        caller, waits = call.reply_address(message), "_msg_id" in message
        try:
            super().__call__(message)
            if waits and caller is None:
                raise call.Unreadable("it does not say where the answer is to go")
            return self.incoming.pop() if self.incoming else None
        except Exception as error:
            self.incoming.clear()
            problem = f"{type(error).__name__}: {call.brief(str(error))}"
            if caller is None:
                sender = _sender(message)
                LOG.warning(
                    "%s dropped a message from %s that it cannot read: %s",
                    self._service,
                    "nobody that is known" if sender is None else call.brief(sender),
                    problem,
                )
                return None
            return self._unreadable(caller, problem)

    def _unreadable(self, caller: call.ReplyAddress, problem: str) -> Any:
        """Return what has nothing but a caller, to be refused."""
        taken = self.message_cls(
            self,
            {},
            {},
            None,
            caller.msg_id,
            caller.reply_queue,
            None,
            self._obsolete_reply_queues,
            self._message_operations_handler,
        )
        taken.refusal = errors.BadRequest(self._service, problem)
        return taken

    def _has_surplus(self) -> bool:
        """Do more wait than can be served in time?"""
        if self._overload is None:
            return False
        now = time.monotonic()
        if now - self._looked >= LOOK:
            self._looked = now
            self._look(self._overload)
        return self._overload.surplus > 0

    def _look(self, overload: Overload) -> None:
        try:
            waiting, servers = connections.waiting(self.driver, self._topic)
        except (messaging.MessagingException, kombu_errors.KombuError, OSError) as error:
            LOG.debug("how many wait for %s is not known now: %s", self._topic, error)
            return
        overload.note(waiting, servers, self._workers.seconds_each())
        if overload.surplus and self._looked - self._said >= SAY_SO:
            self._said = self._looked
            LOG.warning(
                "%s is overloaded: %d calls wait for %d servers; those for which there is no "
                "time are told to come back later",
                self._topic,
                waiting,
                servers,
            )

    def _fetch(self, seconds: float) -> None:
        """Park what arrives within so many seconds."""
        try:
            self.conn.consume(timeout=seconds)
        except common.Timeout:
            LOG.debug("nothing has come for %s", self._topic)
        self._read = time.monotonic()

    def _leave(self) -> None:
        """Take nothing more, and let others have what is parked."""
        self.conn.stop_delivery()
        while self._parked:
            self._give_back(self._parked.popleft()[0])

    def _give_back(self, message: Any) -> None:
        try:
            message.requeue()
        except Exception as error:
            # The connection that it came by is gone, and so the broker has it already.
            LOG.debug("a message for %s went back by itself: %s", self._topic, error)


def _sender(message: Any) -> str | None:
    """Return the user of the broker who sent it, as the broker has verified; None: not said."""
    sender: str | None = message._raw_message.properties.get("user_id")
    return sender


def _patience(message: Any) -> float:
    """Return how many seconds the caller was to wait when it called; a cast has no end."""
    milliseconds = message._raw_message.properties.get("expiration")
    try:
        return math.inf if milliseconds is None else int(milliseconds) / 1000
    except (TypeError, ValueError, OverflowError):
        # Brokers let only numbers pass, and judge by them themselves.
        return math.inf
