"""Put a super conductor together, start it, stop it."""

from __future__ import annotations

import functools
import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from understudy.cells.api_store import ApiStore
from understudy.conductor.accepting import Acceptance
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
from understudy.conductor.sweeping import Sweeper
from understudy.conductor.takeover import Takeover
from understudy.conductor.timing import Timing
from understudy.ledger.protocols import Claims, Vocabulary
from understudy.rpcapi.bus import Bus
from understudy.rpcapi.scheduler import SchedulerClient
from understudy.rpcapi.server import Server

LOG = logging.getLogger(__name__)

BATCH = 100
"""Waiting requests looked at in one sweep."""


class SuperConductorService:
    """The super conductor: its server, its workers and its sweepers."""

    def __init__(  # noqa: PLR0913 - it puts a service together
        self,
        bus: Bus,
        api: ApiStore,
        cells: CellDirectory,
        claims: Claims,
        vocabulary: Vocabulary,
        *,
        name: str,
        bounds: RetryBounds,
        timing: Timing,
        workers: int = 8,
        notifier: Notifier | None = None,
    ) -> None:
        """Serve clients on the API-level `bus` as the process `name`.

        With a notifier, what the API level announces is published.
        """
        lease = Lease(name, timing.lease)
        scheduler = SchedulerClient(bus)
        first_claims = FirstClaims(claims)
        placer = Placer(api, cells, claims, lease)
        deleter = Deleter(api, cells, first_claims)
        enrich = functools.partial(where_members_are, cells)
        takeover = Takeover(
            api, cells, scheduler, placer, first_claims, enrich, lease.fresh(), timing.retry
        )
        settler = Settler(api, cells, first_claims, lease.fresh())
        self.discovery = Discovery(api, cells, timing.fault_memory)
        self._api = api
        self._requests = RequestWorker(
            api,
            scheduler,
            placer,
            first_claims,
            enrich,
            lease,
            timing,
        )
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="requests")
        self._begun: set[str] = set()
        self._lock = Lock()
        self._server = Server(
            bus,
            "super-conductor",
            [
                SuperConductorEndpoint(
                    SuperConductor(
                        api,
                        cells,
                        Acceptance(api, vocabulary, bounds),
                        deleter,
                        Lookout(api, cells),
                        Fleet(api, cells, timing.service_down_time),
                        self._begin,
                    )
                )
            ],
            name=name,
            workers=workers,
        )
        # A thread for each of what may have to wait for different services.
        self.sweeper = Sweeper(
            "super-sweeper", timing.sweep, [self.discovery.sweep, self._sweep_requests]
        )
        self._deletes = Sweeper("super-deletes", timing.sweep, [deleter.sweep])
        self._takeovers = Sweeper("super-takeovers", timing.sweep, [takeover.sweep, settler.sweep])
        self._beats = Sweeper(
            "super-beats", timing.beat, [functools.partial(api.beat_service, "conductor", name)]
        )
        self._publishing = publishing(api.outbox, notifier, lease, timing.publish)

    def start(self) -> None:
        """Begin to listen, to sweep, to beat and to publish."""
        self._server.start()
        for sweeper in self._sweepers():
            sweeper.start()

    def stop(self) -> None:
        """Take no more calls, finish those begun, and leave the rest to the databases."""
        self._server.stop()
        self._server.wait()
        for sweeper in self._sweepers():
            sweeper.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _sweepers(self) -> tuple[Sweeper, ...]:
        return (self.sweeper, self._deletes, self._takeovers, self._beats, self._publishing)

    def _begin(self, request_id: str) -> None:
        """Work on the request as soon as a thread is free, unless it waits for one already."""
        with self._lock:
            if request_id in self._begun:
                return
            self._begun.add(request_id)
        self._pool.submit(self._work, request_id)

    def _sweep_requests(self) -> None:
        for request_id in self._api.waiting_requests(BATCH):
            self._begin(request_id)

    def _work(self, request_id: str) -> None:
        try:
            self._requests.work(request_id)
        except Exception:
            LOG.exception("request %s is tried again when its lease has run out", request_id)
        finally:
            with self._lock:
                self._begun.discard(request_id)
