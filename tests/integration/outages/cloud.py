"""The cloud of the outages' tests: two of every service, on parts that can be broken.

It takes a while to start, so that all of a module's tests share one. Each test
leaves it as it was: everything runs, and nothing is left that it built.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import testtools

from tests.integration.support import shared
from tests.integration.support.breakable import BreakableCluster
from tests.integration.support.mariadb import MariaDB
from tests.integration.support.placement import Placement
from tests.integration.support.rabbitmq import RabbitMQ
from tests.integration.support.service import Service, Settings
from tests.integration.support.waiting import wait_until
from understudy.cli.manage import auditing
from understudy.compute import build_log
from understudy.objects import states
from understudy.objects.build_request import BuildRequest
from understudy.objects.instance import Instance
from understudy.rpcapi import errors
from understudy.rpcapi.bus import API, Bus
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.super_conductor import SuperConductorClient

PACE: Settings = {
    "conductor": {"lease": 10, "settle_time": 10, "fault_memory": 0},
    "placement": {"read_timeout": 5},
    "scheduler": {"answer_within": 4},
    "compute": {"answer_seconds": 5, "longest_retry_seconds": 2},
}
HOST_DOWN_TIME = {"cell1": 90.0, "cell2": 6.0}
"""Seconds. In cell1 hosts may be silent for as long as the tests' outages last."""
SLOW = "cell2-host01"
"""Builds take an hour there."""
ANSWER_WITHIN = 8.0
CONTEXT = RequestContext("outages", "outages", is_admin=True)


class OutageCluster(BreakableCluster):
    """Two cells; in each, one of four hosts is broken, and two agents serve two hosts each."""

    copies = 2

    def __init__(self) -> None:
        super().__init__(
            hosts=4,
            hosts_per_agent=2,
            broken=frozenset({"cell1-host03", "cell2-host04"}),
            more=PACE,
        )

    def pace_of_cell(self, name: str) -> Mapping[str, object]:
        return {**super().pace_of_cell(name), "host_down_time": HOST_DOWN_TIME[name]}

    def faults(self, hosts: Sequence[str]) -> dict[str, object]:
        return {**super().faults(hosts), "host_delays": {SLOW: 3600.0}}


class OutageTest(testtools.TestCase):
    """A client of that cloud, which is started by the first test and ended after the last."""

    cluster: OutageCluster | None = None
    started = False

    def setUp(self) -> None:
        super().setUp()
        shared.require(self, RabbitMQ, MariaDB, Placement)
        self.cloud = self._started()
        bus = Bus.open(API, self.cloud.transport_url)
        self.addCleanup(bus.close)
        self.client = SuperConductorClient(bus, timeout=ANSWER_WITHIN)
        self.cell_uuids = {cell.name: cell.uuid for cell in self.cloud.api.cells()}
        self.asked: list[BuildRequest] = []
        self.addCleanup(self._leave_nothing)
        wait_until(self._all_hosts_live, "the hosts to be back")

    @classmethod
    def tearDownClass(cls) -> None:
        if cls.cluster is not None:
            cls.cluster.cleanUp()
            cls.cluster = None
        super().tearDownClass()

    def ask(self, count: int = 1, cell: str = "cell1", hosts: Sequence[str] = ()) -> str:
        """Have instances built, asking until there is an answer; return the request's id."""
        request = BuildRequest(
            request_id=str(uuid.uuid4()),
            name="vm",
            count=count,
            resources={"VCPU": 1, "MEMORY_MB": 512},
            ignore_cells=[found for name, found in self.cell_uuids.items() if name != cell],
            ignore_hosts=[] if hosts else [SLOW],
            only_hosts=list(hosts),
            max_attempts=3,
            deadline_seconds=120,
            project_id="outages",
            user_id="outages",
        )
        self.asked.append(request)
        wait_until(lambda: self._is_accepted(request), "an answer to a build")
        return request.request_id

    def instances(self, request_ids: Iterable[str]) -> list[Instance]:
        """Return what these requests have come to, as far as anybody answers."""
        found: list[Instance] = []
        for request_id in request_ids:
            with contextlib.suppress(errors.ServiceUnavailable, errors.CellUnavailable):
                found.extend(self.client.result(CONTEXT, request_id).instances)
        return found

    def wait_for(self, request_ids: Collection[str], state: str = states.ACTIVE) -> list[Instance]:
        """Wait until all instances of these requests are in this state, and return them."""
        found: list[Instance] = []

        def all_are() -> bool:
            found[:] = self.instances(request_ids)
            of = {instance.request_id for instance in found}
            return of == set(request_ids) and {one.state for one in found} == {state}

        try:
            wait_until(all_are, f"{len(request_ids)} requests to be {state}", every=0.2)
        except TimeoutError as error:
            self.fail(f"{error}: {[(one.uuid, one.state, one.fault) for one in found]}")
        return found

    def begun_on(self, request_id: str) -> set[str]:
        """Return the hosts that have begun with an instance of this request."""
        uuids = {instance.uuid for instance in self.instances([request_id])}
        logs = [log for cell in self.cloud.cells.values() for log in cell.build_logs]
        noted = (one for log in logs for one in build_log.read(log))
        return {one.tag.host for one in noted if one.tag.instance_uuid in uuids}

    @contextlib.contextmanager
    def killed(self, *services: Service) -> Iterator[None]:
        """Kill these with SIGKILL; they are back at the end."""
        for service in services:
            os.kill(service.master(), signal.SIGKILL)
        wait_until(lambda: not any(service.is_running for service in services), "their end")
        try:
            yield
        finally:
            for service in services:
                service.start()

    def audit(self) -> list[str]:
        """Return what does not add up in Placement."""
        file = Path(self.cloud.conductor.scratch) / "operator.conf"
        file.write_text(self.cloud.operator_file())
        found = auditing.audit(str(file))
        return [*found.leaked, *found.doubled]

    def _started(self) -> OutageCluster:
        kind = type(self)
        if not kind.started:
            kind.started = True
            cluster = OutageCluster()
            cluster.setUp()
            kind.cluster = cluster
        if kind.cluster is None:
            raise RuntimeError("the cloud did not start for an earlier test")
        return kind.cluster

    def _is_accepted(self, request: BuildRequest) -> bool:
        try:
            self.client.build(CONTEXT, request)
        except (errors.ServiceUnavailable, errors.LedgerDown, errors.CellUnavailable):
            return False
        return True

    def _is_cancelled(self, request_id: str) -> bool:
        try:
            self.client.cancel(CONTEXT, request_id)
        except errors.ServiceUnavailable:
            return False
        return True

    def _all_hosts_live(self) -> bool:
        try:
            found = self.client.list_hosts(CONTEXT, None)
        except errors.ServiceUnavailable:
            return False
        return len(found.hosts) == self.cloud.hosts and all(host.alive for host in found.hosts)

    def _leave_nothing(self) -> None:
        ids = [request.request_id for request in self.asked]
        for request_id in ids:
            wait_until(functools.partial(self._is_cancelled, request_id), "an answer to a cancel")
        self.wait_for(ids, states.DELETED)
        # A claim whose answer was lost is looked for once more some time later.
        wait_until(lambda: not self.audit(), "the claims to add up", every=1.0)
