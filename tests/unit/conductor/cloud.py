"""A cloud of two cells for the conductors' tests, and the processes that conduct it.

Real databases (SQLite) and a real selector on a ledger in memory. Nothing runs
by itself: `settle` lets everybody work in turn until nothing changes any more.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import fixtures

from tests.fakes.agents import FakeAgents
from tests.fakes.ledger import FakeLedger
from tests.fakes.ledger_inventory import DISABLED
from tests.fakes.ledger_providers import FakeProvider
from tests.functional.support.databases import Databases
from tests.unit.conductor.processes import CellProcess, SuperProcess
from tests.unit.conductor.seams import NEVER, Killed, Process
from tests.unit.scheduler.cloud import FILTERS
from understudy.cells.cell_store import CellStore
from understudy.cells.records import InstanceRecord
from understudy.conductor.audit import Audit, AuditReport
from understudy.conductor.authority import OPERATOR
from understudy.conductor.bounds import RetryBounds
from understudy.conductor.timing import Timing
from understudy.objects import states
from understudy.objects.build_request import BuildRequest
from understudy.objects.fault import Fault
from understudy.objects.fields import Blame
from understudy.objects.host import Host, Provider
from understudy.objects.instance import Instance
from understudy.objects.selection_answer import SelectionAnswer
from understudy.rpcapi import errors as wire
from understudy.scheduler.directory import CachedHostDirectory
from understudy.scheduler.hosts import HostCandidate
from understudy.scheduler.ranking import Weighted
from understudy.scheduler.selector import Selector

TIMING = Timing(lease=60.0, retry=30.0, settle=30.0, host_down_time=1000.0)
HOSTS: Mapping[str, Mapping[str, int]] = {
    # The emptier a host, the better: builds begin in cell one.
    "one": {"one-a": 9, "one-b": 8, "one-c": 7},
    "two": {"two-a": 4, "two-b": 3},
}


def uuid_of(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def broken(code: str = "disk-broken", blames: str = Blame.HOST) -> Fault:
    return Fault(code=code, blames=blames, message=f"it is {code}")


def request(**fields: Any) -> BuildRequest:
    defaults = {
        "request_id": uuid_of("request"),
        "resources": {"VCPU": 1},
        "project_id": "project",
        "user_id": "user",
    }
    return BuildRequest(**(defaults | fields))


class Emptiest:
    """A weigher: the host with the most VCPUs left."""

    def weigh(self, hosts: Sequence[HostCandidate], request: BuildRequest) -> Sequence[float]:
        return [float(host.free["VCPU"]) for host in hosts]


class FakeScheduler:
    """`rpcapi.scheduler.SchedulerClient` with a new scheduler behind it at every call."""

    def __init__(self, ledger: FakeLedger, registry: Any) -> None:
        self.ledger = ledger
        self._registry = registry
        self.failing: list[Exception] = []
        self.unanswered = 0
        self.asked = 0

    def select_destinations(
        self,
        ctxt: Any,
        request_id: str,
        request: BuildRequest,
        instance_uuids: Sequence[str],
        alternates: int,
        held: Mapping[str, int],
        timeout: float | None = None,
    ) -> SelectionAnswer:
        self.asked += 1
        if self.failing:
            raise self.failing.pop(0)
        directory = CachedHostDirectory(self._registry, max_age=0.0, min_age=0.0)
        selector = Selector(
            self.ledger, self.ledger, directory, FILTERS, (Weighted(Emptiest(), 1.0),)
        )
        answer = selector.select(request_id, request, instance_uuids, alternates, held)
        if self.unanswered:
            self.unanswered -= 1
            raise wire.ServiceUnavailable("scheduler", "no answer")
        return answer


class Cloud(fixtures.Fixture):
    """Hosts are registered and mapped; `super` and `cell(name)` are the processes that live.

    `kill(name, seam)` makes a process, "super" or a cell's name, die at its seam;
    a new one takes its place at once.
    """

    def __init__(self, hosts: Mapping[str, Mapping[str, int]] = HOSTS) -> None:
        super().__init__()
        self.hosts = hosts
        self.cell_of = {host: cell for cell, names in hosts.items() for host in names}

    def _setUp(self) -> None:  # noqa: N802
        self.log = self.useFixture(
            fixtures.FakeLogger(level=logging.WARNING, format="%(levelname)s %(message)s")
        )
        self.databases = self.useFixture(Databases(*self.hosts))
        self.api = self.databases.api
        self.ledger = FakeLedger()
        self.scheduler = FakeScheduler(self.ledger, self.api)
        self.agents = FakeAgents(lambda host: self.cell(self.cell_of[host]))
        self.bounds = RetryBounds(max_attempts=2, spare_alternates=0, max_cells=1)
        self.timing = TIMING
        self.deaths: list[str] = []
        self.uuids: list[str] = []
        self.broken_cells: set[str] = set()
        self._made = 0
        self._cells = {name: self._new_cell(name) for name in self.hosts}
        self.super = self._new_super()
        self.beat()
        self.super.discovery.sweep()

    # Processes.

    def kill(self, name: str, seam: int) -> None:
        """Let the process die at its seam, counted from now."""
        if name == "super":
            self.super = self._new_super(seam)
        else:
            self._cells[name] = self._new_cell(name, seam)

    def kill_again(self) -> None:
        """Put the super conductor together anew: with other bounds, and as mortal as it was."""
        self.super = self._new_super(self.super.process.dies_at)

    def cell(self, name: str) -> CellProcess:
        return self._cells[name]

    def store(self, name: str = "one") -> CellStore:
        return self.databases.cells[name]

    def _process(self, kind: str, dies_at: int) -> Process:
        self._made += 1
        return Process(f"{kind}-{self._made}", dies_at)

    def _new_super(self, dies_at: int = NEVER) -> SuperProcess:
        return SuperProcess(self._process("super", dies_at), self)

    def _new_cell(self, name: str, dies_at: int = NEVER) -> CellProcess:
        return CellProcess(self._process(name, dies_at), self, name)

    def guard(self, action: Callable[[], object]) -> None:
        """Let a process act; if it dies of that, start another one."""
        try:
            action()
        except Killed as killed:
            self.deaths.append(str(killed))
        if self.super.process.dead:
            self.super = self._new_super()
        for name, cell in self._cells.items():
            if cell.process.dead:
                self._cells[name] = self._new_cell(name)

    # What clients and time do.

    def build(self, wanted: BuildRequest | None = None) -> list[str]:
        """Ask until there is an answer."""
        asked = wanted or request()
        answers: list[list[str]] = []
        while not answers:
            self.guard(lambda: answers.append(self.super.acceptance.accept(asked).instance_uuids))
        self.uuids += answers[0]
        self.guard(lambda: self.super.requests.work(asked.request_id))
        return answers[0]

    def delete(self, instance_uuid: str) -> None:
        """Ask until there is an answer."""
        died = len(self.deaths)
        self.guard(lambda: self.super.deleter.delete(instance_uuid))
        if len(self.deaths) > died:
            self.delete(instance_uuid)

    def expire_leases(self) -> None:
        """Let the time of every lease, and of all that was put off, pass."""
        tables = [(self.api, "requests"), (self.api, "instance_mappings")]
        for store, table in [*tables, *((cell, "instances") for cell in self.cells())]:
            with store.database.engine.begin() as connection:
                connection.exec_driver_sql(f"UPDATE {table} SET lease_until = 0")

    def pass_deadline(self) -> None:
        """Let every deadline pass."""
        for store, table in [
            (self.api, "requests"),
            *((cell, "instances") for cell in self.cells()),
        ]:
            with store.database.engine.begin() as connection:
                connection.exec_driver_sql(f"UPDATE {table} SET deadline = 1")

    def cells(self) -> list[Any]:
        return list(self.databases.cells.values())

    def round(self) -> None:
        """Let everybody who is not silent do one thing."""
        self.expire_leases()
        self.guard(self.super.sweep)
        for name in self.hosts:
            if name not in self.broken_cells:
                self.guard(self.cell(name).recovery.sweep)
        for _ in range(3):
            self.guard(self.agents.work)
        self.guard(self.beat)

    def settle(self, most: int = 40) -> None:
        """Go on until nothing changes any more."""
        before: object = None
        for _ in range(most):
            self.round()
            now = self._snapshot()
            if now == before and not self.agents.busy:
                return
            before = now
        raise AssertionError(f"it does not come to rest: {before}")

    def beat(self) -> None:
        """Register the hosts that have to, and beat for those that are not silent."""
        for name in [name for name in self.hosts if name not in self.broken_cells]:
            keeper = self.cell(name).keeper
            mine = [host for host in self.hosts[name] if host not in self.agents.silent]
            in_hand = {host: self.agents.in_hand(host) for host in mine}
            orders = keeper.heartbeat(f"{name}-agent", in_hand)
            self.agents.carry_out(orders)
            for host in orders.register:
                if not self.agents.busy or not self.agents.held:
                    self.register(host)

    def register(self, host: str) -> None:
        keeper = self.cell(self.cell_of[host]).keeper
        self.agents.carry_out(keeper.register(self.host(host), self.agents.holds(host)))

    def host(self, name: str) -> Host:
        cell = self.cell_of[name]
        inventories = {"VCPU": {"total": self.hosts[cell][name]}}
        return Host(
            name=name,
            nodename=name,
            compute_node_uuid=uuid_of(name),
            agent=f"{cell}-agent",
            providers=[Provider(uuid=uuid_of(name), name=name, inventories=inventories)],
        )

    def break_cell(self, name: str) -> None:
        """Let nobody reach the cell's database."""
        self.broken_cells.add(name)

    def mend_cell(self, name: str) -> None:
        self.broken_cells.discard(name)

    def lose_host(self, host: str) -> None:
        """Silence a host, and let its conductor find it down."""
        self.agents.silent.add(host)
        store = self.store(self.cell_of[host])
        with store.database.engine.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE hosts SET seen_at = seen_at - 10000 WHERE name = ?", (host,)
            )

    # What is there in the end.

    def shown(self, instance_uuid: str) -> Instance:
        return self.super.lookout.show(OPERATOR, instance_uuid)

    def row(self, instance_uuid: str, cell: str = "one") -> InstanceRecord:
        return self.store(cell).instance(instance_uuid)

    def timeline(self, instance_uuid: str) -> list[tuple[int, str, str]]:
        return [
            (attempt.number, attempt.service_host, attempt.state)
            for attempt in self.shown(instance_uuid).attempts
        ]

    def hosts_of_claim(self, instance_uuid: str) -> set[str]:
        names = {uuid_of(host): host for host in self.cell_of}
        return {names[provider] for provider in self.ledger.holding.get(instance_uuid, {})}

    def provider(self, host: str) -> FakeProvider:
        return self.ledger.provider(uuid_of(host))

    def schedulable(self, host: str) -> bool:
        """May the ledger name it in a selection?"""
        return DISABLED not in self.provider(host).traits

    def audit(self) -> AuditReport:
        return Audit(self.super.cells, self.ledger, self.ledger, "UNDERSTUDY").run()

    def wrongs(self) -> list[str]:
        """What must always hold and does not, once all has come to rest."""
        report = self.audit()
        found = [*report.leaked, *report.doubled, *report.missing, *report.miscounted]
        found += report.foreign
        # What nobody foresaw is logged as an error, and the sweepers go on.
        found += [line for line in self.log.output.splitlines() if line.startswith("ERROR")]
        expected: set[tuple[str, str, int]] = set()
        for uuid_ in self.uuids:
            instance = self.shown(uuid_)
            if instance.state not in states.ENDED:
                found.append(f"{uuid_} is {instance.state}")
            if instance.state == states.ACTIVE:
                expected.add((str(instance.service_host), uuid_, instance.attempt))
        held = {(tag.host, tag.uuid, tag.attempt) for tag in self.agents.held}
        found += [f"{one} is held for nobody" for one in sorted(held - expected)]
        found += [f"{one} is ACTIVE and not there" for one in sorted(expected - held)]
        return found

    def _snapshot(self) -> object:
        said = [
            _rows(self.api, "SELECT instance_uuid, state, attempt FROM instance_mappings"),
            _rows(self.api, "SELECT request_id, state FROM requests"),
        ]
        for cell in self.cells():
            said.append(_rows(cell, "SELECT uuid, state, attempt FROM instances"))
            said.append(_rows(cell, "SELECT state, missed, cleaned FROM attempts"))
        counted = len(self.deaths), self.scheduler.asked
        return said, self.ledger.holding, dict(self.agents.journal), counted


def _rows(store: Any, query: str) -> list[tuple[Any, ...]]:
    with store.database.engine.connect() as connection:
        return sorted(tuple(row) for row in connection.exec_driver_sql(query))
