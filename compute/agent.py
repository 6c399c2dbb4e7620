"""Takes casts in, and sees each attempt through to its answer.

The bus's thread only writes down what came and wakes the place it is for; the
work is done on the pools' threads, one at a time for each place. Whatever is
left when the agent ends, however it ends, `resume` finds in the journal.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from understudy.compute import journal_states as states
from understudy.compute.backoff import Backoff
from understudy.compute.conductor import Again
from understudy.compute.journal import Journal, JournalClosed
from understudy.compute.orders import read
from understudy.compute.pools import Pools
from understudy.compute.served import Served
from understudy.compute.steps import Steps
from understudy.compute.tags import Place, Tag
from understudy.compute.turns import Turns
from understudy.objects.build_request import BuildRequest
from understudy.objects.errors import InvalidRequest
from understudy.objects.fault import Fault
from understudy.objects.fields import Blame
from understudy.objects.orders import Orders
from understudy.objects.selection import Selection
from understudy.objects.text import shown
from understudy.rpcapi.context import RequestContext

LOG = logging.getLogger(__name__)

ATTEMPT_OVER: Final = "attempt-over"
"""The host had ended the attempt, and nobody knows why any more."""


@dataclass(frozen=True)
class Next:
    """What a place needs after a turn; all false: nothing."""

    soon: bool = False
    build: bool = False
    later: bool = False


class Agent:
    """What one agent process has in hand, for all its hosts."""

    def __init__(
        self,
        journal: Journal,
        served: Served,
        steps: Steps,
        pools: Pools,
        backoff: Backoff | None = None,
    ) -> None:
        """Take the parts; nothing runs before the first cast or `resume`."""
        self._journal = journal
        self.served = served
        self._steps = steps
        self._pools = pools
        self._backoff = backoff or Backoff()
        self._turns = Turns()
        self._lock = threading.Lock()
        self._tries: dict[Place, int] = {}
        self._alarms: dict[Place, object] = {}

    def build(
        self,
        host: str,
        instance_uuid: str,
        attempt: int,
        request: BuildRequest,
        selection: Selection,
    ) -> None:
        """Take a build in; a copy of one that is in hand, or an older attempt, is ignored.

        Of one that has ended, the end is told again: it is asked for by a late
        copy, or by a database that has forgotten what it was told. Raises
        InvalidRequest where it is not for exactly one of the hosts served.
        """
        tag = self._to_build(host, instance_uuid, attempt, request, selection)
        if self._journal.receive(tag, request, selection):
            self._wake(tag.place)
        elif self._journal.repeat(tag, _over()):
            LOG.info("%s came again: its end is told again", tag)
            self._wake(tag.place)
        else:
            LOG.info("%s came again, or too late: ignored", tag)

    def tear_down(
        self,
        host: str,
        instance_uuid: str,
        attempt: int,
        host_uuid: str | None = None,
        context: RequestContext | None = None,
    ) -> None:
        """Take a teardown in; it covers the older attempts of the instance here as well.

        A build that is in progress runs to its end, is found to be superseded,
        and is destroyed then. Raises InvalidRequest where it is not for exactly
        one of the hosts served.
        """
        tag = self.served.ordered(host, host_uuid, instance_uuid, attempt)
        if context is not None:
            self._steps.remember(tag.place, context)
        self._journal.tear_down(tag)
        self._wake(tag.place)

    def carry_out(self, orders: Orders) -> None:
        """Tear down exactly what the conductor says; what is no order is left out, and said."""
        for order in read(orders):
            try:
                self.tear_down(*order)
            except InvalidRequest as error:
                LOG.warning("An order to tear down is not carried out: %s", error)

    def resume(self) -> None:
        """Go on with whatever an earlier process left unfinished."""
        for place in dict.fromkeys(row.tag.place for row in self._journal.unfinished()):
            self._wake(place)

    def _wake(self, place: Place) -> None:
        self._pools.call(partial(self._turn, place, self._finish))

    def _to_build(
        self,
        host: str,
        instance_uuid: str,
        attempt: int,
        request: BuildRequest,
        selection: Selection,
    ) -> Tag:
        for field, value, kind in (
            ("request", request, BuildRequest),
            ("selection", selection, Selection),
        ):
            if not isinstance(value, kind):
                raise InvalidRequest(field, f"{shown(value)} is none", f"send a {kind.__name__}")
        return self.served.ordered(host, selection.compute_node_uuid, instance_uuid, attempt)

    def _turn(self, place: Place, work: Callable[[Place], Next]) -> None:
        """Work on a place unless somebody does; whoever does is told to look again.

        Where the host's name is nobody's now, all waits until it is: then comes a `resume`.
        """
        if not self.served.is_at_work(place.host) or not self._turns.take(place):
            return
        following = Next(later=True)
        try:
            following = work(place)
        except JournalClosed:
            return
        except Exception:
            LOG.exception("The work on %s of %s broke off", place.instance_uuid, place.host)
        finally:
            if following == Next():
                self._steps.forget(place)
            came = self._turns.give_back(place)
        if came or following.soon:
            self._wake(place)
        elif following.build:
            self._pools.build(partial(self._turn, place, self._build))
        self._set_alarm(place, following)

    def _finish(self, place: Place) -> Next:
        """Do all there is to do at a place but build."""
        waits = False
        for row in self._journal.unfinished_at(place):
            with self._steps.logged(row.tag):
                try:
                    self._steps.finish(row)
                except Again as again:
                    LOG.warning("%s will be tried again: %s", row.tag, again)
                    waits = True
        left = [row.state for row in self._journal.unfinished_at(place)]
        build = any(state in states.TO_BUILD for state in left)
        more = any(state not in states.TO_BUILD for state in left)
        return Next(soon=more and not waits, build=build, later=waits)

    def _build(self, place: Place) -> Next:
        """Build the oldest attempt of a place that is to be built."""
        for row in self._journal.unfinished_at(place):
            if row.state in states.TO_BUILD:
                with self._steps.logged(row.tag):
                    try:
                        self._steps.build(row)
                    except Again as again:
                        LOG.warning("%s waits for an answer: %s", row.tag, again)
                        return Next(later=True)
                    return Next(soon=True)
        return Next()

    def _set_alarm(self, place: Place, following: Next) -> None:
        """Come back later, if so; the newest alarm of a place is the only one."""
        with self._lock:
            if following == Next():
                self._tries.pop(place, None)
            if not following.later:
                return
            tries = self._tries[place] = self._tries.get(place, 0) + 1
            alarm = self._alarms[place] = object()
        self._pools.call(partial(self._ring, place, alarm), after=self._backoff.seconds(tries))

    def _ring(self, place: Place, alarm: object) -> None:
        with self._lock:
            if self._alarms.get(place) is not alarm:
                return
            del self._alarms[place]
        self._turn(place, self._finish)


def _over() -> Fault:
    message = "the host had torn this attempt down before it was asked for it again"
    return Fault(code=ATTEMPT_OVER, blames=Blame.NETWORK, message=message)
