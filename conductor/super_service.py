"""Put a super conductor together, start it, stop it."""

from __future__ import annotations

import functools
import logging
from concurrent.futures import ThreadPoolExecutor

from understudy.cells.api_store import ApiStore
from understudy.conductor.accepting import Acceptance
from understudy.conductor.bounds import RetryBounds
from understudy.conductor.cell_access import CellDirectory
from understudy.conductor.deleting import Deleter
from understudy.conductor.discovery import Discovery
from understudy.conductor.endpoints import SuperConductorEndpoint
from understudy.conductor.first_claims import FirstClaims
from understudy.conductor.lease import Lease
from understudy.conductor.looking import Lookout
from understudy.conductor.placing import Placer
from understudy.conductor.selecting import RequestWorker
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
    """The super conductor: its server, its workers and its sweeper."""

    def __init__(
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
    ) -> None:
        """Serve clients on the API-level `bus` as the process `name`."""
        lease = Lease(name, timing.lease)
        scheduler = SchedulerClient(bus)
        first_claims = FirstClaims(claims)
        placer = Placer(api, cells, claims, first_claims)
        deleter = Deleter(api, cells, first_claims)
        takeover = Takeover(api, cells, scheduler, placer, first_claims, lease)
        self.discovery = Discovery(api, cells)
        self._api = api
        self._requests = RequestWorker(
            api,
            scheduler,
            placer,
            first_claims,
            functools.partial(where_members_are, cells),
            lease,
            timing.retry,
        )
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="requests")
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
                        Lookout(api, cells, timing.service_down_time),
                        self._begin,
                    )
                )
            ],
            name=name,
            workers=workers,
        )
        self.sweeper = Sweeper(
            "super-sweeper",
            timing.sweep,
            [
                self.discovery.sweep,
                self._sweep_requests,
                takeover.sweep,
                takeover.settle,
                deleter.sweep,
            ],
        )
        self._beats = Sweeper(
            "super-beats", timing.beat, [functools.partial(api.beat_service, "conductor", name)]
        )

    def start(self) -> None:
        """Begin to listen, to sweep and to beat."""
        self._server.start()
        self.sweeper.start()
        self._beats.start()

    def stop(self) -> None:
        """Take no more calls, finish those begun, and leave the rest to the databases."""
        self._server.stop()
        self._server.wait()
        self.sweeper.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._beats.stop()

    def _begin(self, request_id: str) -> None:
        self._pool.submit(self._work, request_id)

    def _sweep_requests(self) -> None:
        for request_id in self._api.waiting_requests(BATCH):
            self._begin(request_id)

    def _work(self, request_id: str) -> None:
        try:
            self._requests.work(request_id)
        except Exception:
            LOG.exception("request %s is tried again when its lease has run out", request_id)
