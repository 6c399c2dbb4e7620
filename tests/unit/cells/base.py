"""Databases to test on, and short ways to fill them."""

from __future__ import annotations

import json
import threading
import uuid as uuids
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import testtools

from tests.functional.support.databases import Databases
from understudy.cells.api_store import ApiStore
from understudy.cells.cell_store import CellStore
from understudy.cells.records import InstanceRecord, NewBuild
from understudy.objects.build_request import Affinity, BuildRequest
from understudy.objects.fault import Fault
from understudy.objects.fields import AffinityPolicy, Blame
from understudy.objects.host import Host, Provider
from understudy.objects.selection import Selection

_R = TypeVar("_R")

ME = "me"
SOMEONE = "someone"
LONG = 60.0
OVER = -1.0
"""Seconds of a lease or a deadline that is over as soon as it is written."""


def uuid() -> str:
    return str(uuids.uuid4())


def node_of(host: str) -> str:
    return str(uuids.uuid5(uuids.NAMESPACE_DNS, host))


def request(**changes: Any) -> BuildRequest:
    wanted = {"request_id": uuid(), "project_id": "a-project", "user_id": "a-user"}
    return BuildRequest(**(wanted | changes))


def apart(group_uuid: str) -> BuildRequest:
    return request(affinity=Affinity(group_uuid=group_uuid, policy=AffinityPolicy.ANTI_AFFINITY))


def selection(host: str) -> Selection:
    node = node_of(host)
    return Selection(
        compute_node_uuid=node,
        service_host=host,
        nodename=f"{host}.example",
        cell_uuid=node_of("cell"),
        allocation_request=json.dumps({"allocations": {node: {"resources": {"VCPU": 1}}}}),
        allocation_request_version="1.39",
    )


def fault(code: str = "disk-broken", blames: str = Blame.HOST) -> Fault:
    return Fault(code=code, blames=blames, message=f"it was {code}")


def host(name: str = "h1", agent: str = "agent", **changes: Any) -> Host:
    known = {
        "name": name,
        "nodename": f"{name}.example",
        "compute_node_uuid": node_of(name),
        "agent": agent,
        "providers": [Provider(uuid=node_of(name), name=name)],
    }
    return Host(**(known | changes))


def new_build(*hosts: str, **changes: Any) -> NewBuild:
    """A build claimed on the first host, with the others as its alternates."""
    claimed, *alternates = hosts or ("h1", "h2", "h3")
    values: dict[str, Any] = {
        "instance_uuid": uuid(),
        "name": "instance",
        "request": request(),
        "consumer_type": "UNDERSTUDY",
        "attempt": 1,
        "selection": selection(claimed),
        "alternates": [selection(alternate) for alternate in alternates],
        "generation": 1,
        "attempts_left": 2,
        "cells_left": 1,
        "deadline_seconds": LONG,
    }
    return NewBuild(**(values | changes))


def together(count: int, work: Callable[[int], _R]) -> list[_R | Exception]:
    """What `work` returned or raised in each of so many threads that begin at once."""
    barrier = threading.Barrier(count)
    outcomes: list[_R | Exception] = []

    def run(number: int) -> None:
        barrier.wait()
        try:
            outcomes.append(work(number))
        except Exception as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


class StoreTest(testtools.TestCase):
    """`api` and the cell `one`, each with its schema and nothing else in it."""

    cell_names: tuple[str, ...] = ("one",)
    returning = True
    """False: as on a server that cannot return the row that a statement changed."""
    announces = False
    """Do the stores write down what is to be published?"""

    def setUp(self) -> None:
        super().setUp()
        self.databases = self.make_databases()
        self.api: ApiStore = self.databases.api
        self.cell: CellStore = self.databases.cells["one"]
        for store in (self.api, self.cell):
            self.limit(store.database.engine.dialect)

    def make_databases(self) -> Databases:
        """Databases for the cells of `cell_names`; elsewhere, these tests run on servers."""
        return self.useFixture(Databases(*self.cell_names, announces=self.announces))

    def limit(self, dialect: Any) -> None:
        dialect.update_returning = dialect.insert_returning = self.returning


class CellTest(StoreTest):
    """A build in each state, reached the short way."""

    def insert(self, *hosts: str, **changes: Any) -> InstanceRecord:
        return self.cell.insert_build(new_build(*hosts, **changes))

    def delete(self, instance_uuid: str) -> InstanceRecord:
        return self.cell.begin_deleting(
            instance_uuid,
            request_id=uuid(),
            name="instance",
            project_id="a-project",
            user_id="a-user",
            consumer_type="UNDERSTUDY",
        )

    def register(self, *names: str, agent: str = "agent") -> None:
        for name in names:
            self.cell.register_host(host(name, agent))

    def building(self, *hosts: str, **changes: Any) -> InstanceRecord:
        """Cast to the first host."""
        return self.cell.mark_cast(self.insert(*hosts, **changes))

    def failed(self, *hosts: str, **changes: Any) -> InstanceRecord:
        """Its first attempt failed and was cleaned; still BUILDING."""
        record = self.building(*hosts, **changes)
        return self.cell.fail(record.uuid, record.attempt, host_of(record), fault(), cleaned=True)

    def moving(self, *hosts: str, **changes: Any) -> InstanceRecord:
        """The second attempt is written down, leased to me."""
        record = self.failed(*hosts, **changes)
        target, *remaining = record.alternates
        return self.cell.next_attempt(record, target, remaining, ME, LONG)

    def exhausted(self, *hosts: str, **changes: Any) -> InstanceRecord:
        return self.cell.exhaust(self.failed(*hosts, **changes), fault())

    def handing_over(self, *hosts: str, **changes: Any) -> InstanceRecord:
        """Leased to me."""
        return self.cell.begin_hand_over(self.exhausted(*hosts, **changes), ME, LONG)

    def handed_over(self, *hosts: str, **changes: Any) -> InstanceRecord:
        return self.cell.handed_over(self.handing_over(*hosts, **changes))

    def failing(self, *hosts: str, **changes: Any) -> InstanceRecord:
        return self.cell.begin_failing(self.failed(*hosts, **changes), fault())

    def deleting(self, *hosts: str, **changes: Any) -> InstanceRecord:
        return self.delete(self.building(*hosts, **changes).uuid)

    def active(self, *hosts: str, **changes: Any) -> InstanceRecord:
        record = self.building(*hosts, **changes)
        return self.cell.succeed(record.uuid, record.attempt, host_of(record))

    def error(self, *hosts: str, **changes: Any) -> InstanceRecord:
        return self.cell.end(self.failing(*hosts, **changes))

    def deleted(self, *hosts: str, **changes: Any) -> InstanceRecord:
        return self.cell.end(self.deleting(*hosts, **changes))

    def states_of_attempts(self, instance_uuid: str) -> list[tuple[int, int, str]]:
        return [
            (attempt.number, attempt.position, attempt.state)
            for attempt in self.cell.attempts(instance_uuid)
        ]


def host_of(record: InstanceRecord) -> str:
    assert record.selection is not None
    return record.selection.service_host


def hosts_of(selections: Sequence[Selection]) -> list[str]:
    return [one.service_host for one in selections]
