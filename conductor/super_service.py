"""Start a super conductor on its bus, and stop it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from understudy.cells.api_store import ApiStore
from understudy.conductor.bounds import RetryBounds
from understudy.conductor.cell_access import CellDirectory
from understudy.conductor.publishing import Notifier
from understudy.conductor.super_parts import MOST_WAITING, SuperParts
from understudy.conductor.sweeping import Sweeper
from understudy.conductor.timing import Timing
from understudy.ledger.protocols import Claims, Vocabulary
from understudy.rpcapi.bus import Bus
from understudy.rpcapi.scheduler import SchedulerClient
from understudy.rpcapi.server import Server


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
        most_waiting: int = MOST_WAITING,
    ) -> None:
        """Serve clients on the API-level `bus` as the process `name`.

        While `most_waiting` instances wait for a host, no more are accepted.

        With a notifier, what the API level announces is published.
        """
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="requests")
        parts = SuperParts(
            api,
            cells,
            claims,
            vocabulary,
            SchedulerClient(bus),
            name=name,
            bounds=bounds,
            timing=timing,
            submit=self._pool.submit,
            notifier=notifier,
            most_waiting=most_waiting,
        )
        self.discovery = parts.discovery
        self._server = Server(
            bus, "super-conductor", [parts.endpoint], name=name, workers=workers, refuses=True
        )
        self._sweepers = [Sweeper(going) for going in parts.rounds]

    def start(self) -> None:
        """Begin to listen, to sweep, to beat and to publish."""
        self._server.start()
        for sweeper in self._sweepers:
            sweeper.start()

    def stop(self) -> None:
        """Take no more calls, finish those begun, and leave the rest to the databases."""
        self._server.stop()
        self._server.wait()
        for sweeper in self._sweepers:
            sweeper.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)
