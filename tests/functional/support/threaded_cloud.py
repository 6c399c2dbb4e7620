"""A whole cloud of threads, each of its services on connections of its own."""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import fixtures
import sqlalchemy as sa

from tests.functional.support.cloud import CloudSpec
from tests.functional.support.ground import Ground
from tests.functional.support.processes import (
    Agent,
    CellConductor,
    Scheduler,
    SuperConductor,
    Surroundings,
    Together,
    at_once,
)
from tests.functional.support.waiting import wait_for
from understudy.cells import mapping_states, primitives, tables_api, tables_cell
from understudy.cells.api import requests
from understudy.cells.cell_store import CellStore
from understudy.cells.engines import Database
from understudy.cells.records import HostRecord
from understudy.compute import identity
from understudy.compute.fake_hosts import fake_host
from understudy.compute.tags import Tag
from understudy.conductor.audit import Audit
from understudy.conductor.cell_access import CellDirectory
from understudy.conductor.host_decisions import HostDecisions
from understudy.ledger.api import PlacementApi
from understudy.ledger.ledger import Ledger
from understudy.objects import states
from understudy.objects.build_request import BuildRequest
from understudy.rpcapi.bus import API
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.scheduler import SchedulerClient
from understudy.rpcapi.super_conductor import SuperConductorClient

LONG_AGO = 3600.0
"""Seconds; longer than any host may be silent."""


class ThreadedCloud(fixtures.Fixture):
    """A `CloudUnderTest` whose services are threads."""

    def __init__(self, spec: CloudSpec, ground: Ground) -> None:
        """Make the cloud of this description at `setUp`, on ground that is ready."""
        super().__init__()
        self.spec = spec
        self._ground = ground
        self._databases = ground.databases
        self.agents: dict[str, Agent] = {}
        self.context = RequestContext("a-project", "a-user", is_admin=True)

    def _setUp(self) -> None:  # noqa: N802
        self._folder = Path(self.useFixture(fixtures.TempDir()).path)
        self._register_cells()
        around = self._around = Surroundings(self.spec, self._ground)
        self.builds, self.messages = around.gates, around.messages
        self.placement, self.announcements = around.placement, around.announcements
        self._ledger = Ledger.on(self._ground.connect_to_placement())
        self._make(around)
        self.addCleanup(self._end)
        self._start()
        end = ExitStack()
        self.addCleanup(end.close)
        bus = around.bus(end, API)
        self.client = SuperConductorClient(bus, timeout=20.0, pause=_pause)

    def cut_off(self, cell: str) -> None:
        """Let the API level reach neither the cell's database nor its bus."""
        self._around.cuts[cell].set()

    def reconnect(self, cell: str) -> None:
        """Let it reach them again."""
        self._around.cuts[cell].clear()

    def pass_host_down_time(self, host: str) -> None:
        """Let the cell's database say that it heard of the host long ago."""
        hosts = tables_cell.hosts
        long_ago = sa.update(hosts).where(hosts.c.name == host)
        store = self._databases.cells[self.spec.hosts[host]]
        store.database.write(
            lambda connection: connection.execute(
                long_ago.values(seen_at=hosts.c.seen_at - LONG_AGO)
            )
        )

    def add_host(self, cell: str, host: str, vcpus: int) -> Agent:
        """Start a new host's agent; a host of that name may be in another cell."""
        agent = self._add_agent(cell, host, vcpus, f"{cell}/{host}")
        agent.start()
        return agent

    def clone(self, host: str) -> Agent:
        """Return what a copy of the machine would run; it does not run yet."""
        original = self.agents[host]
        journal = self._folder / f"clone-of-{host}.journal"
        clone = Agent(self._around, original.cell, original.hosts, journal)
        clone.user = original.user
        shutil.copy(identity.path_beside(original.journal), identity.path_beside(journal))
        for tag in original.holdings.on(original.hosts[0].name):
            clone.holdings.add(tag)
        return clone

    def settle_agent(self, name: str, agent: Any) -> None:
        """Take this agent for the one of the host of that name from now on, and no other."""
        left = {key: known for key, known in self.agents.items() if known is not agent}
        if name in left:
            self.addCleanup(left[name].bury)
        self.agents = {**left, name: agent}

    def speak(self, cell: str, user: str) -> CellConductorClient:
        """Return a client of the cell's conductor as a user of its broker."""
        end = ExitStack()
        self.addCleanup(end.close)
        bus = self._around.bus_of_agent(end, cell, user, user)
        return CellConductorClient(bus, timeout=20.0)

    def decisions(self) -> HostDecisions:
        """Return what carries out an operator's decisions about hosts."""
        ledger = self._ledger
        return HostDecisions(self._databases.api, self._directory, ledger.inventory, ledger.books)

    def known_hosts(self, cell: str) -> list[HostRecord]:
        """Return the cell's hosts as its database has them."""
        return self._databases.cells[cell].hosts()

    def back_up(self, cell: str) -> Callable[[], None]:
        """Copy the rows of the cell's database, and return what copies them back."""
        database = self._databases.cells[cell].database
        tables = tables_cell.metadata.sorted_tables
        copy = [(table, [row._asdict() for row in select(database, table)]) for table in tables]

        def copy_back(connection: sa.Connection) -> None:
            for table, _ in reversed(copy):
                connection.execute(table.delete())
            for table, rows in copy:
                if rows:
                    connection.execute(table.insert(), rows)

        def restore() -> None:
            self.conductors[cell].stop()
            database.write(copy_back)
            self.conductors[cell].start()

        return restore

    def scheduler_as(self, user: str | None) -> SchedulerClient:
        """Return a client of the scheduler, as this user of the bus (None: as its services)."""
        ground = self._ground
        if user is None:
            bus = ground.open_bus(API, ground.transport_urls[API])
        else:
            bus = ground.open_bus_as(API, user)
        self.addCleanup(bus.close)
        return SchedulerClient(bus, timeout=20.0)

    def forge(self, cell: str, request: BuildRequest) -> None:
        """Let the cell's database say that all that it has is of this request and its owner."""
        whose = {
            "name": request.name,
            "project_id": request.project_id,
            "user_id": request.user_id,
            "consumer_type": str(request.consumer_type),
            "cells_left": 1000,
            "deadline": tables_cell.instances.c.deadline + LONG_AGO,
        }

        def forge(connection: sa.Connection) -> None:
            body = primitives.dump(request)
            connection.execute(sa.update(tables_cell.requests).values(body=body))
            connection.execute(sa.update(tables_cell.instances).values(**whose))

        self._databases.cells[cell].database.write(forge)

    def placement_api(self) -> PlacementApi:
        """Return a connection to Placement, on which nothing goes wrong."""
        return PlacementApi(self._ground.connect_to_placement())

    def plant(self, host: str, instance_uuid: str, attempt: int) -> None:
        """Let something exist on the host that nobody here asked for."""
        self.agents[host].holdings.add(Tag(host, instance_uuid, attempt))

    def uproot(self, host: str, instance_uuid: str, attempt: int) -> None:
        """Take it away again."""
        self.agents[host].holdings.remove(Tag(host, instance_uuid, attempt))

    def held(self, host: str) -> list[tuple[str, int]]:
        """Return what exists on the host."""
        tags = self.agents[host].holdings.on(host.rpartition("/")[2])
        return [(tag.instance_uuid, tag.attempt) for tag in tags]

    def findings(self) -> list[str]:
        """Return what the audit finds, and everything that is not at rest."""
        audit = Audit(
            self._directory,
            self._ledger.books,
            self._ledger.claims,
            self.spec.bounds.consumer_type,
        )
        report = audit.run()
        found = [*report.leaked, *report.doubled, *report.missing, *report.miscounted]
        found += report.foreign
        return [*found, *self._not_at_rest()]

    def _not_at_rest(self) -> Iterator[str]:
        for store in self._databases.cells.values():
            yield from _not_at_rest_in(store)
        api = self._databases.api
        for request in select(api.database, tables_api.requests):
            if request.state != requests.DONE:
                yield f"request {request.request_id} is {request.state}"
        for mapping in select(api.database, tables_api.instance_mappings):
            if mapping.state in (mapping_states.HANDING_OVER, mapping_states.DELETING):
                yield f"{mapping.instance_uuid} is {mapping.state}"

    def _register_cells(self) -> None:
        for name, record in self._databases.records.items():
            url = self._ground.transport_urls[name]
            known = dataclasses.replace(record, transport_url=url)
            self._databases.records[name] = known
            self._databases.api.update_cell(known)

    def _make(self, around: Surroundings) -> None:
        names = self._names
        self.conductors = {
            cell: Together([CellConductor(around, name, cell) for name in names(cell)])
            for cell in self.spec.cells
        }
        self.super_conductor = Together(
            [SuperConductor(around, name) for name in names("super-conductor")]
        )
        self.scheduler = Together([Scheduler(around, name) for name in names("scheduler")])
        self.agents = {}
        for cell, hosts in self.spec.cells.items():
            for host, vcpus in hosts.items():
                self._add_agent(cell, host, vcpus, host)
        self._directory = CellDirectory(self._databases.api, around.open_cell)

    def _start(self) -> None:
        """Start the conductors first, for the agents register there."""
        at_once(conductor.start for conductor in self.conductors.values())
        at_once([self.super_conductor.start, *(agent.start for agent in self.agents.values())])
        self._wait_for_hosts(list(self.spec.hosts))
        # After the hosts, so that the first that it knows of them is all of them.
        self.scheduler.start()

    def _end(self) -> None:
        self._directory.close()
        buried = [agent.bury for agent in self.agents.values()]
        at_once([self.scheduler.stop, self.super_conductor.stop, *buried])
        at_once(conductor.stop for conductor in self.conductors.values())

    def _names(self, service: str) -> list[str]:
        return [f"{service}-{number}" for number in range(self.spec.replicas)]

    def _add_agent(self, cell: str, host: str, vcpus: int, key: str) -> Agent:
        described = fake_host(host, f"agent-of-{host}", {"VCPU": vcpus})
        journal = self._folder / f"{cell}-{host}.journal"
        agent = self.agents[key] = Agent(self._around, cell, [described], journal)
        return agent

    def _wait_for_hosts(self, hosts: list[str]) -> None:
        """Wait until builds may go to all of them."""

        def missing() -> set[str]:
            known = [h for store in self._databases.cells.values() for h in store.hosts()]
            mapped = {mapping.host for mapping in self._databases.api.host_mappings()}
            return set(hosts) - mapped.intersection(h.name for h in known if h.schedulable)

        wait_for(lambda: not missing(), "the hosts are schedulable")


def _not_at_rest_in(store: CellStore) -> Iterator[str]:
    holders = list(store.holders())
    for holder in holders:
        if holder.state in states.WORKING:
            yield f"{holder.uuid} is {holder.state} in {store.name}"
        elif holder.state != states.ACTIVE and store.uncleaned(holder.uuid):
            yield f"{holder.uuid} is {holder.state} and not cleaned in {store.name}"
    alive = {holder.uuid for holder in holders if holder.state == states.ACTIVE}
    for member in select(store.database, tables_cell.group_members):
        if member.instance_uuid not in alive:
            yield f"{member.instance_uuid} keeps {member.service_host} in its group"


def select(database: Database, table: sa.Table) -> Sequence[sa.Row[Any]]:
    """Return all rows of a table."""
    return database.read(lambda connection: connection.execute(sa.select(table)).fetchall())


def _pause(seconds: float) -> None:
    time.sleep(min(seconds, 0.03))
