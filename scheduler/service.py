"""Put a scheduler together, start it, stop it."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Collection, Sequence
from typing import Final, Protocol

from understudy.cells.records import CellRecord, HostMapping
from understudy.ledger.protocols import Candidates, Claims
from understudy.rpcapi.bus import Bus
from understudy.rpcapi.server import Server
from understudy.scheduler import plugins
from understudy.scheduler.directory import CachedHostDirectory
from understudy.scheduler.door import Door
from understudy.scheduler.endpoints import SchedulerEndpoint, Selects
from understudy.scheduler.heartbeat import Heartbeat
from understudy.scheduler.selector import CONSUMER_TYPE, Selector
from understudy.scheduler.settings import Settings

SERVICE = "scheduler"
SILENT: Final = frozenset({"0.1"})
"""The releases whose services do not say to the broker which user sends."""


class Registry(Protocol):
    """What the scheduler uses of the API database."""

    def cells(self) -> Sequence[CellRecord]:
        """Return every cell."""

    def host_mappings(self) -> Sequence[HostMapping]:
        """Return the mapping of every host."""

    def beat_service(self, binary: str, name: str) -> None:
        """Write down that this process is alive now."""


class SchedulerParts:
    """What a scheduler is made of, without bus or threads: its interface and its heartbeat."""

    def __init__(
        self,
        registry: Registry,
        candidates: Candidates,
        claims: Claims,
        *,
        name: str,
        settings: Settings,
        around: Callable[[Selects], Selects] | None = None,
        callers: Collection[str | None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Work as the process `name`, for `callers` alone; see SchedulerService for the rest."""
        types = settings.consumer_types
        self.selector = Selector(
            candidates,
            claims,
            CachedHostDirectory(registry, max_age=settings.hosts_max_age, clock=clock),
            plugins.load_filters(settings.filters),
            plugins.load_weighers(settings.weighers),
            limits=settings.limits,
            consumer_type=types[0] if types else CONSUMER_TYPE,
            clock=clock,
        )
        self.endpoint = SchedulerEndpoint(
            around(self.selector) if around else self.selector,
            Door(callers, types or None, settings.request_limits),
        )
        self.beat = functools.partial(registry.beat_service, SERVICE, name)


class SchedulerService:
    """The scheduler: its server and its heartbeat. It keeps nothing between requests."""

    def __init__(
        self,
        bus: Bus,
        registry: Registry,
        candidates: Candidates,
        claims: Claims,
        *,
        name: str,
        settings: Settings | None = None,
        around: Callable[[Selects], Selects] | None = None,
    ) -> None:
        """Serve on the API-level `bus` as the process `name`; `registry` is the ApiStore.

        Unless the settings name callers, whoever has the bus's own user is answered.
        `around` puts something around the selector, to measure it for instance.
        Raises PluginNotLoaded where a filter or a weigher is missing.
        """
        settings = settings or Settings()
        parts = SchedulerParts(
            registry,
            candidates,
            claims,
            name=name,
            settings=settings,
            around=around,
            callers=_callers(bus, settings),
        )
        self.selector = parts.selector
        self._server = Server(
            bus, SERVICE, [parts.endpoint], name=name, workers=settings.workers, refuses=True
        )
        self._heartbeat = Heartbeat(parts.beat, settings.beat_interval)

    def start(self) -> None:
        """Begin to listen and to beat."""
        self._server.start()
        self._heartbeat.start()

    def stop(self) -> None:
        """Take no more calls, finish those begun, then fall silent."""
        self._server.stop()
        self._server.wait()
        self._heartbeat.stop()


def _callers(bus: Bus, settings: Settings) -> set[str | None]:
    """Return whom to answer: while the bus is pinned to an older release, what it sends too."""
    callers: set[str | None] = set(settings.callers) or {bus.user}
    return callers | {None} if bus.release in SILENT else callers
