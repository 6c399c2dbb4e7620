"""Take a message from the broker when a worker is free for it, or to refuse it.

oslo.messaging acknowledges what arrives and queues it in the process, without
bound and out of the broker's sight. Here what nobody is free for is parked
without being acknowledged: as many as are prefetched, one for each queue. What
was parked for a while goes back first, so that the broker, on whose clock its
time to live is, says whether its caller still waits.
"""

from __future__ import annotations

import functools
import logging
import math
import time
from collections import deque
from typing import Any, Final

import oslo_messaging as messaging
from oslo_messaging._drivers import amqpdriver, base, common

from understudy.rpcapi import connections
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


class Intake(amqpdriver.RpcAMQPListener):
    """What a server listens with; its poll() returns what is to be handled now.

    Call `done()` of it then. `come_back_after` are the seconds after which its
    caller is told to ask again; None: it is to be served.
    """

    def __init__(
        self,
        driver: Any,
        conn: Any,
        workers: Workers,
        refusers: Workers,
        overload: Overload | None,
    ) -> None:
        """Listen on `conn` for these; without `overload`, nothing is refused."""
        super().__init__(driver, conn)
        self._workers = workers
        self._refusers = refusers
        self._overload = overload
        self._parked: deque[tuple[Any, float]] = deque()
        self._topic = ""
        self._looked = self._said = self._read = -math.inf

    @classmethod
    def listen(
        cls,
        driver: Any,
        target: Any,
        workers: Workers,
        refusers: Workers,
        overload: Overload | None,
    ) -> base.PollStyleListenerAdapter:
        """Do what listening does in the driver, with a listener of this class."""
        conn = driver._get_connection(common.PURPOSE_LISTEN)
        listener = cls(driver, conn, workers, refusers, overload)
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
        """Return the message, acknowledged; None if it came before, or is not ours any more."""
        patience = _patience(message)
        super().__call__(message)
        if not self.incoming:
            whose.give_up(place)
            return None
        taken = self.incoming.pop()
        taken.done = functools.partial(whose.give_back, place)
        taken.come_back_after = None
        if whose is self._refusers and self._overload is not None:
            taken.come_back_after = self._overload.refuse()
        # Over whatever the message itself says.
        taken.ctxt[PATIENCE] = since + patience
        taken.ctxt[SENDER] = _sender(message)
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
        except messaging.MessagingException as error:
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
    """Return how many seconds the caller was to wait when it called; a cast's has no end."""
    milliseconds = message._raw_message.properties.get("expiration")
    return math.inf if milliseconds is None else int(milliseconds) / 1000
