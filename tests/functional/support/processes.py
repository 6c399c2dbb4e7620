"""The processes of a cloud in one process: started, stopped, killed and started again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from tests.fakes.faults import Faults
from tests.functional.support import cut_database, faulty_transport
from tests.functional.support.announcements import Announcements, MortalNotifier
from tests.functional.support.cloud import CloudSpec
from tests.functional.support.faulty_bus import FaultyMessages
from tests.functional.support.gates import GatedDriver, Gates
from tests.functional.support.ground import Ground
from understudy.cells import api_store, cell_store
from understudy.cells.records import CellRecord
from understudy.compute.backoff import Backoff
from understudy.compute.holdings import HeldInMemory, Holdings
from understudy.compute.identity import path_beside
from understudy.compute.service import ComputeService
from understudy.compute.settings import Settings as ComputeSettings
from understudy.conductor.cell_access import CellAccess, CellDirectory
from understudy.conductor.cell_service import CellConductorService
from understudy.conductor.super_service import SuperConductorService
from understudy.conductor.timing import Timing
from understudy.ledger.ledger import Ledger
from understudy.objects.host import Host
from understudy.rpcapi.bus import API, Bus
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.notifier import Notifier
from understudy.scheduler.selector import Limits
from understudy.scheduler.service import SchedulerService
from understudy.scheduler.settings import Settings as SchedulerSettings

COMPUTE = ComputeSettings(
    build_workers=4,
    call_workers=4,
    heartbeat_seconds=0.3,
    answer_seconds=5.0,
    stop_grace_seconds=5.0,
    backoff=Backoff(0.05, 0.2),
)


def timing(spec: CloudSpec) -> Timing:
    """Return the times of a cloud where little is waited for, and no busy host is called down."""
    return Timing(
        lease=spec.lease,
        sweep=0.2,
        retry=0.1,
        settle=spec.settle,
        beat=1.0,
        host_down_time=60.0,
        service_down_time=60.0,
        publish=0.1,
    )


class Service(Protocol):
    """What each service has."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End in good order."""


class Surroundings:
    """What the processes share: the ground they stand on, and what goes wrong on it."""

    def __init__(self, spec: CloudSpec, ground: Ground) -> None:
        """Begin with all well."""
        self.spec = spec
        self.ground = ground
        self.urls = ground.databases.urls
        self.messages = FaultyMessages()
        self.placement = Faults()
        self.announcements = Announcements()
        self.gates = Gates()
        self.cuts = {cell: threading.Event() for cell in spec.cells}

    def ledger(self) -> Ledger:
        """Return a connection to Placement."""
        adapter = self.ground.connect_to_placement()
        faulty_transport.insert(adapter, self.placement)
        return Ledger.on(adapter)

    def bus(self, end: ExitStack, name: str) -> Bus:
        """Return a connection to a bus, closed at the end."""
        return self._opened(end, self.ground.open_bus(name, self.ground.transport_urls[name]))

    def bus_of_agent(self, end: ExitStack, cell: str, user: str, agent: str) -> Bus:
        """Return a connection to a cell's bus as an agent's own user, closed at the end."""
        url = self.ground.url_of_agent(cell, user, agent)
        return self._opened(end, self.ground.open_bus(cell, url, agent))

    def _opened(self, end: ExitStack, opened: Bus) -> Bus:
        bus = self.messages.insert(opened)
        end.callback(bus.close)
        return bus

    def notifier(self, end: ExitStack, bus: str, process: str) -> MortalNotifier | None:
        """Return what a process publishes with on its own bus, if the cloud announces."""
        if not self.spec.announces:
            return None
        url = self.ground.transport_urls[bus]
        inner = Notifier(self.ground.open_notifications(url), process)
        end.callback(inner.close)
        return MortalNotifier(inner, self.announcements)

    def open_cell(self, record: CellRecord) -> CellAccess:
        """Return a cell as the API level reaches it: not at all while it is cut off."""
        cut = self.cuts[record.name]
        bus = self.messages.insert(
            self.ground.open_bus(record.name, record.transport_url), cut.is_set
        )
        store = cut_database.cell_store(
            record.name, record.database_url, cut, announces=self.spec.announces
        )
        conductor = CellConductorClient(bus, timeout=self.spec.lease / 2)
        return CellAccess.over(record, store, bus, conductor, timing(self.spec).retry)


def at_once(steps: Iterable[Callable[[], object]]) -> None:
    """Take all steps together, and return once each has ended; raises what one of them raised."""
    with ThreadPoolExecutor() as pool:
        for step in [pool.submit(step) for step in steps]:
            step.result()


class ThreadedProcess:
    """A service on connections of its own."""

    def __init__(self, surroundings: Surroundings, name: str) -> None:
        """Run nothing before `start`."""
        self._around = surroundings
        self._name = name
        self._end: ExitStack | None = None

    def start(self) -> None:
        """Begin anew, with what is left on disk, unless it runs."""
        if self._end is not None:
            return
        end = ExitStack()
        service = self.compose(end)
        service.start()
        end.callback(service.stop)
        self._end = end

    def stop(self) -> None:
        """End, if it runs."""
        if self._end is not None:
            end, self._end = self._end, None
            end.close()

    def compose(self, end: ExitStack) -> Service:
        """Return the service, on connections that are closed at the end."""
        raise NotImplementedError


class Together:
    """Several processes of one service."""

    def __init__(self, each: Sequence[ThreadedProcess]) -> None:
        """Run nothing before `start`."""
        self.each = each

    def start(self) -> None:
        """Start all that do not run."""
        at_once(process.start for process in self.each)

    def stop(self) -> None:
        """Stop all that run."""
        at_once(process.stop for process in self.each)


class Scheduler(ThreadedProcess):
    """A scheduler that notices new hosts soon."""

    def compose(self, end: ExitStack) -> SchedulerService:
        """Return the service."""
        api = api_store.connect(self._around.urls["api"])
        end.callback(api.close)
        ledger = self._around.ledger()
        lease = self._around.spec.lease
        return SchedulerService(
            self._around.bus(end, API),
            api,
            ledger.candidates,
            ledger.claims,
            name=self._name,
            settings=SchedulerSettings(
                hosts_max_age=0.2, beat_interval=1.0, limits=Limits(seconds=0.4 * lease)
            ),
        )


class SuperConductor(ThreadedProcess):
    """A super conductor that can be cut off from cells."""

    def compose(self, end: ExitStack) -> SuperConductorService:
        """Return the service."""
        around = self._around
        api = api_store.connect(around.urls["api"], announces=around.spec.announces)
        end.callback(api.close)
        cells = CellDirectory(api, around.open_cell)
        end.callback(cells.close)
        ledger = around.ledger()
        return SuperConductorService(
            around.bus(end, API),
            api,
            cells,
            ledger.claims,
            ledger.vocabulary,
            name=self._name,
            bounds=around.spec.bounds,
            timing=timing(around.spec),
            notifier=around.notifier(end, API, self._name),
        )


class CellConductor(ThreadedProcess):
    """The conductor of one cell."""

    def __init__(self, surroundings: Surroundings, name: str, cell: str) -> None:
        """Conduct the cell of this name."""
        super().__init__(surroundings, name)
        self._cell = cell

    def compose(self, end: ExitStack) -> CellConductorService:
        """Return the service."""
        around = self._around
        store = cell_store.connect(
            self._cell, around.urls[self._cell], announces=around.spec.announces
        )
        end.callback(store.close)
        ledger = around.ledger()
        return CellConductorService(
            around.bus(end, self._cell),
            store,
            ledger.claims,
            ledger.inventory,
            name=self._name,
            timing=timing(around.spec),
            notifier=around.notifier(end, self._cell, self._name),
        )


class Agent(ThreadedProcess):
    """An agent, with a user of its own; what it built outlives it."""

    def __init__(
        self, surroundings: Surroundings, cell: str, hosts: Sequence[Host], journal: Path
    ) -> None:
        """Serve these hosts, which name this agent, in a cell."""
        super().__init__(surroundings, hosts[0].agent)
        self.cell = cell
        self.user = self._name
        self.hosts = hosts
        self.journal = journal
        self._left_over = ExitStack()
        self.holdings: Holdings = HeldInMemory()

    def compose(self, end: ExitStack) -> ComputeService:
        """Return the service."""
        self._service = ComputeService(
            self._around.bus_of_agent(end, self.cell, self.user, self._name),
            self._name,
            GatedDriver(self.hosts, self._around.gates, self.holdings),
            self.journal,
            COMPUTE,
        )
        return self._service

    def rename(self, hosts: Sequence[Host]) -> None:
        """Serve these hosts from the next start on, under the name that they give their agent."""
        self._name = hosts[0].agent
        self.hosts = hosts

    def kill(self) -> None:
        """End it at once, if it runs; its connections stay open until `bury`."""
        if self._end is not None:
            end, self._end = self._end, None
            self._service.kill()
            self._left_over.push(end)

    def lose_disk(self) -> None:
        """Forget all that it wrote down, but not who it is."""
        for file in self.journal.parent.glob(f"{self.journal.name}*"):
            if file != path_beside(self.journal):
                file.unlink()

    def bury(self) -> None:
        """Kill it, and close what killed processes left open."""
        self.kill()
        self._left_over.close()
