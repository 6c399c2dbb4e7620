"""What a super conductor is made of: its interface and its rounds, without bus or threads."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Final

from understudy.cells.api_store import ApiStore
from understudy.conductor.accepting import Acceptance
from understudy.conductor.admission import Admission
from understudy.conductor.aftercare import Aftercare
from understudy.conductor.beginning import Beginner
from understudy.conductor.bounds import RetryBounds
from understudy.conductor.cell_access import CellDirectory
from understudy.conductor.deleting import Deleter
from understudy.conductor.discovery import Discovery
from understudy.conductor.endpoints import SuperConductorEndpoint
from understudy.conductor.first_claims import FirstClaims
from understudy.conductor.fleet import Fleet
from understudy.conductor.lease import Lease
from understudy.conductor.looking import Lookout
from understudy.conductor.placing import Placer
from understudy.conductor.publishing import Notifier, publishing
from understudy.conductor.selecting import RequestWorker
from understudy.conductor.settling import Settler
from understudy.conductor.super import SuperConductor, where_members_are
from understudy.conductor.sweeping import Round
from understudy.conductor.takeover import Takeover
from understudy.conductor.timing import Timing
from understudy.ledger.protocols import Claims, Vocabulary
from understudy.rpcapi.scheduler import SchedulerClient

MOST_WAITING: Final = 1000
LOOKS_AFTER: Final = 4
"""How often a settling time what has ended is looked after."""


class SuperParts:
    """Every part, put together once.

    `endpoint` is what is called, `rounds` what is to be done again and again,
    each on a thread of its own.
    """

    def __init__(  # noqa: PLR0913 - it puts a service together
        self,
        api: ApiStore,
        cells: CellDirectory,
        claims: Claims,
        vocabulary: Vocabulary,
        scheduler: SchedulerClient,
        *,
        name: str,
        bounds: RetryBounds,
        timing: Timing,
        submit: Callable[[Callable[[], None]], object],
        notifier: Notifier | None = None,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        """Work as the process `name`; `submit` runs what it is given on some thread.

        While `most_waiting` instances wait for a host, no more are accepted.

        With a notifier, what the API level announces is published.
        """
        lease = Lease(name, timing.lease)
        first_claims = FirstClaims(claims)
        enrich = functools.partial(where_members_are, api, cells)
        self.cells = cells
        admission = Admission(api.count_waiting, most_waiting)
        self.acceptance = Acceptance(api, vocabulary, bounds, admission)
        self.placer = Placer(api, cells, claims, lease)
        self.deleter = Deleter(api, cells, first_claims)
        self.takeover = Takeover(
            api, cells, scheduler, self.placer, first_claims, enrich, lease.fresh(), timing.retry
        )
        self.settler = Settler(api, cells, first_claims, lease.fresh())
        self.aftercare = Aftercare(api, cells, first_claims, timing)
        self.discovery = Discovery(api, cells, timing.fault_memory)
        self.lookout = Lookout(api, cells)
        self.requests = RequestWorker(
            api, scheduler, self.placer, first_claims, enrich, lease, timing
        )
        self.beginner = Beginner(api, self.requests, submit)
        self.endpoint = SuperConductorEndpoint(
            SuperConductor(
                api,
                cells,
                self.acceptance,
                self.deleter,
                self.lookout,
                Fleet(api, cells, timing.service_down_time),
                self.beginner.begin,
            )
        )
        beat = functools.partial(api.beat_service, "conductor", name)
        looks_after = max(timing.sweep, timing.settle / LOOKS_AFTER)
        # A round for each of what may have to wait for different services.
        self.rounds = (
            Round("super-sweeper", timing.sweep, (self.discovery.sweep, self.beginner.sweep)),
            Round("super-deletes", timing.sweep, (self.deleter.sweep,)),
            Round("super-takeovers", timing.sweep, (self.takeover.sweep, self.settler.sweep)),
            Round("super-aftercare", looks_after, (self.aftercare.sweep,)),
            Round("super-beats", timing.beat, (beat,)),
            publishing(api.outbox, notifier, lease, timing.publish),
        )
