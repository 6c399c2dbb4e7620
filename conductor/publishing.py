"""Publish what a database says became of its instances: at least once, in order.

An event is forgotten only when the broker has it; so a conductor that dies
between the two leaves it to be published again, under the same sequence.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Protocol

from understudy.cells import errors as cell_errors
from understudy.cells.outbox import Outbox, Waiting
from understudy.conductor.lease import Lease
from understudy.conductor.sweeping import Round
from understudy.objects.notification import InstanceNotification
from understudy.rpcapi import errors as wire

LOG = logging.getLogger(__name__)

BATCH = 100
"""Events published before they are forgotten together."""


class Notifier(Protocol):
    """Where notifications go."""

    def publish(self, event: InstanceNotification) -> None:
        """Return once the broker has the event; raise ServiceUnavailable otherwise."""


class Publisher:
    """Publishes one database's events while it is this process's turn."""

    def __init__(
        self,
        outbox: Outbox,
        notifier: Notifier,
        lease: Lease,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take turns under `lease`, which another's must outlast."""
        self._outbox = outbox
        self._notifier = notifier
        self._lease = lease.fresh()
        self._clock = clock

    def sweep(self) -> None:
        """Publish until nothing waits, unless another conductor does.

        Raises CellUnreachable, ApiDatabaseUnreachable.
        """
        if not self._outbox.is_waiting():
            return
        try:
            while self._publish_some():
                pass
        except cell_errors.LeaseHeld as held:
            LOG.debug("not published here: %s", held)
        except wire.ServiceUnavailable as error:
            LOG.warning("notifications wait: %s", error)
            self._outbox.release(self._lease.owner)
        else:
            self._outbox.release(self._lease.owner)

    def _publish_some(self) -> bool:
        """Publish a batch; may there be more? Raises LeaseHeld, ServiceUnavailable."""
        until = self._clock() + self._lease.seconds / 2
        self._outbox.take(self._lease.owner, self._lease.seconds)
        waiting = self._outbox.oldest(BATCH)
        self._publish(waiting, until)
        return len(waiting) == BATCH

    def _publish(self, waiting: list[Waiting], until: float) -> None:
        """Publish in order, and forget what was published, even if the rest was not."""
        sent: list[int] = []
        try:
            for number, event in waiting:
                if self._clock() > until:
                    # Not forever mine: go on only after the turn was prolonged.
                    break
                self._notifier.publish(event)
                sent.append(number)
        finally:
            if sent:
                self._outbox.published(self._lease.owner, sent)


def publishing(outbox: Outbox, notifier: Notifier | None, lease: Lease, interval: float) -> Round:
    """Return the round that publishes every `interval` seconds; without a notifier, nothing."""
    duties = () if notifier is None else (Publisher(outbox, notifier, lease).sweep,)
    return Round("notifications", interval, duties)
