"""Keeps the cell conductor informed: which hosts there are, and what they have in hand.

One heartbeat speaks for all hosts of the agent. Its answer, and a
registration's, are the only orders that an agent takes besides its casts.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial

from understudy.compute import journal_states as states
from understudy.compute.agent import Agent
from understudy.compute.bell import Waiting
from understudy.compute.conductor import CellConductor
from understudy.compute.driver import Driver
from understudy.compute.journal import Journal, JournalClosed
from understudy.compute.orders import Unknown
from understudy.compute.refusals import Refusals
from understudy.compute.registrations import Registrations
from understudy.compute.settings import Settings
from understudy.compute.voice import Voice
from understudy.objects.errors import UnderstudyError
from understudy.objects.host import Host
from understudy.objects.orders import Orders
from understudy.rpcapi import errors

LOG = logging.getLogger(__name__)

KEEP_SECONDS = 24 * 3600.0
"""How long a copy of a build may be on the way after its attempt is gone."""


class Reporter:
    """Registers the hosts of one agent, and beats for them."""

    def __init__(
        self,
        voice: Voice,
        driver: Driver,
        conductor: CellConductor,
        journal: Journal,
        agent: Agent,
        registrations: Registrations,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the parts."""
        self._voice = voice
        self._driver = driver
        self._conductor = conductor
        self._journal = journal
        self._agent = agent
        self._registrations = registrations
        self._served = agent.served
        self._refusals = Refusals(clock)
        self._unknown = Unknown()
        self._settings = settings
        self._clock = clock
        self._tries = 0
        self._beat_at = clock()

    def run(self, waiting: Waiting) -> None:
        """Report until `waiting` says that it is over."""
        seconds = 0.0
        while waiting.wait(seconds):
            seconds = self.report()

    def report(self) -> float:
        """Register what has to be, beat once, and return the seconds until the next time."""
        try:
            hosts = self._driver.hosts()
            if self._served.note(hosts):
                self._agent.resume()
            # A beat even where no host could be registered: the others are alive.
            answered = self._register(hosts)
            answered = self._try("heartbeat", partial(self._beat, hosts)) and answered
            self._journal.forget_gone(KEEP_SECONDS)
        except JournalClosed:
            answered = False
        except Exception:
            LOG.exception("%s could not report", self._voice.name)
            answered = False
        self._tries = 0 if answered else self._tries + 1
        if answered:
            return self._settings.heartbeat_seconds
        return min(self._settings.heartbeat_seconds, self._settings.backoff.seconds(self._tries))

    def _register(self, hosts: Sequence[Host]) -> bool:
        """Register hosts up to the first that gets no answer; False if one is left over."""
        complete = True
        for host in hosts:
            if not self._is_wanted(host):
                continue
            try:
                holds = self._everything_on(host)
            except JournalClosed:
                raise
            except Exception:
                LOG.exception("%s is not registered: what it holds is not known", host.name)
                complete = False
                continue
            if not self._try(
                f"registration of {host.name}", partial(self._register_one, host, holds)
            ):
                return False
            self._beat_if_due(hosts)
        return complete

    def _beat_if_due(self, hosts: Sequence[Host]) -> None:
        """Beat between two registrations: many of them take longer than a host may be silent."""
        if self._clock() - self._beat_at >= self._settings.heartbeat_seconds:
            registered = [host for host in hosts if not self._registrations.is_new(host)]
            self._try("heartbeat", partial(self._tell_in_hand, registered))

    def _is_wanted(self, host: Host) -> bool:
        if self._registrations.is_new(host):
            return True
        ordered = self._registrations.is_ordered(host.name)
        return ordered and not self._journal.is_tearing_down(host.name)

    def _register_one(self, host: Host, holds: list[tuple[str, int]]) -> None:
        try:
            orders = self._conductor.register_host(
                self._voice.context(host.compute_node_uuid), host, holds
            )
        except (errors.HostRefused, errors.HostInTwoCells) as refused:
            if self._refusals.is_news(host.name, str(refused)):
                LOG.warning("%s builds nothing until this is mended: %s", host.name, refused)
            return
        self._refusals.end(host.name)
        self._registrations.note(host)
        LOG.info("Registered %s", host.name)
        if self._served.accept(host):
            self._agent.resume()
        self._take(orders)

    def _everything_on(self, host: Host) -> list[tuple[str, int]]:
        """Return what is in hand or made; read in this order, nothing slips between the two."""
        names = self._served.names_of(host)
        tags = (row.tag for name in names for row in self._journal.unfinished(name))
        in_hand = [(tag.instance_uuid, tag.attempt) for tag in tags]
        return sorted({*in_hand, *self._driver.holds(host.name)})

    def _beat(self, hosts: Sequence[Host]) -> None:
        if self._tell_in_hand(hosts).register:
            self._register(hosts)

    def _tell_in_hand(self, hosts: Sequence[Host]) -> Orders:
        self._beat_at = self._clock()
        in_hand: dict[str, list[tuple[str, int]]] = {host.name: [] for host in hosts}
        for row in self._journal.unfinished():
            if row.state in states.IN_HAND and self._served.is_at_work(row.tag.host):
                pairs = in_hand.setdefault(row.tag.host, [])
                pairs.append((row.tag.instance_uuid, row.tag.attempt))
        orders = self._conductor.heartbeat(self._voice.context(), self._voice.name, in_hand)
        self._take(orders)
        return orders

    def _take(self, orders: Orders) -> None:
        for tag in self._unknown.news(orders):
            LOG.warning(
                "%s holds attempt %s of %s that its cell knows nothing of on this host; "
                "it is left as it is",
                *(tag.host, tag.attempt, tag.instance_uuid),
            )
        self._registrations.order(orders.register)
        self._agent.carry_out(orders)

    def _try(self, what: str, call: Callable[[], object]) -> bool:
        """Say whether the conductor answered."""
        if self._journal.closed:
            raise JournalClosed
        try:
            call()
        except JournalClosed:
            raise
        except UnderstudyError as error:
            LOG.warning("The %s will be tried again: %s", what, error)
            return False
        except Exception:
            LOG.exception("The %s will be tried again", what)
            return False
        return True
