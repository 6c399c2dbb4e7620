"""How soon does work go on after a process was killed?

Starts RabbitMQ, MariaDB, Placement and every service as a process of its own,
with one cell of four fake hosts, each on an agent of its own, and ends all of it.
Without those servers installed it says so and measures nothing.

*_first_answer_*: from SIGKILL to the only process of a service and its master,
to the first answer to a call that was sent after its end. The service is started
again as its systemd unit says, RestartSec after it ended, which is part of the
figure. scheduler: a selection with its claim; super_conductor: an accepted
build; worker: as scheduler, where its worker alone is killed and the master
forks another. dead_host_*: from SIGKILL to an agent in the middle of a build to
the moment the alternate's driver begins that build; `beyond` is what of it is
more than host_down_time, negative where it is less: the silence is counted from
the last heartbeat.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import statistics
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

# Run as a file, Python looks for imports in the file's folder only.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import reporting
from benchmarks.measuring import clouds
from tests.integration.support import cluster as clusters
from tests.integration.support.service import Service
from tests.integration.support.waiting import wait_until
from understudy.compute import build_log
from understudy.compute.build_log import Event
from understudy.compute.tags import Tag
from understudy.objects import states
from understudy.objects.build_request import BuildRequest
from understudy.rpcapi.bus import API, Bus
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.scheduler import SchedulerClient
from understudy.rpcapi.super_conductor import SuperConductorClient

UNITS = Path(__file__).resolve().parents[1] / "etc" / "systemd"
HOSTS = 4
RESOURCES = {"VCPU": 1, "MEMORY_MB": 512}
HOST_DOWN_TIME = 10.0
BUILD_SECONDS = 5.0
"""Long enough to be killed in the middle of it; a delete waits for its end."""
ANSWER_WITHIN = 60.0
CONTEXT = RequestContext("p", "u")
PACE = {
    "conductor": {
        # Both the options' defaults, where the cluster's own are for a person to watch.
        "sweep_interval": 2.0,
        "retry_interval": 2.0,
        "host_down_time": HOST_DOWN_TIME,
        # A host that was killed on purpose is as good as others in the next round.
        "fault_memory": 0.0,
    },
    "compute": {"heartbeat_seconds": HOST_DOWN_TIME / 3},
}


class Bench:
    """One running cluster, whose processes are killed one after the other."""

    def __init__(self, cluster: clusters.Cluster, restart_after: float) -> None:
        self._cluster = cluster
        self._restart_after = restart_after
        self._bus = Bus.open(API, cluster.transport_url)
        self._scheduler = SchedulerClient(self._bus, timeout=ANSWER_WITHIN)
        self._super = SuperConductorClient(self._bus, timeout=ANSWER_WITHIN)
        self._logs = [log for cell in cluster.cells.values() for log in cell.build_logs]

    def close(self) -> None:
        self._bus.close()

    def scheduler(self) -> float:
        """Return how long the first selection takes after the scheduler's end."""
        return self._first_answer(self._cluster.scheduler, self._select)

    def super_conductor(self) -> float:
        """Return how long the first build takes to be accepted after the super's end."""
        return self._first_answer(self._cluster.conductor, self._accept)

    def worker(self) -> float:
        """Return how long the first selection takes after the end of the one worker."""
        (worker,) = self._cluster.scheduler.workers()
        killed = time.monotonic()
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: worker not in self._cluster.scheduler.workers(), "its end", every=0.005)
        self._select()
        return time.monotonic() - killed

    def dead_host(self) -> float:
        """Return how long a build needs to begin on its alternate when its host is dead."""
        request = clouds.request(RESOURCES)
        (instance,) = self._super.build(CONTEXT, request).instance_uuids
        first = self._begun(instance, 1)
        killed = self._agent_of(first.host)
        ended = time.monotonic()
        os.kill(killed.master(), signal.SIGKILL)
        wait_until(lambda: self._began_at(instance, 2), "the alternate's build")
        taken = self._began_at(instance, 2) - ended
        wait_until(lambda: not killed.is_running, "its end")
        killed.start()
        self._super.delete(CONTEXT, instance)
        wait_until(lambda: self._is_deleted(request), "the delete")
        return taken

    def _first_answer(self, service: Service, ask: Callable[[], object]) -> float:
        killed = time.monotonic()
        os.kill(service.master(), signal.SIGKILL)
        # What it takes before it is gone is lost with it, and is no new call.
        wait_until(lambda: not service.is_running, "its end", every=0.005)
        systemd = threading.Thread(target=self._start_again, args=(service,))
        systemd.start()
        ask()
        taken = time.monotonic() - killed
        systemd.join()
        return taken

    def _start_again(self, service: Service) -> None:
        time.sleep(self._restart_after)
        service.start()

    def _select(self) -> None:
        # No super conductor has said whose kind of claim it is.
        request = clouds.request(RESOURCES, consumer_type="UNDERSTUDY")
        instances = [str(uuid.uuid4())]
        self._scheduler.select_destinations(
            CONTEXT, request.request_id, request, instances, alternates=1, held={}
        )

    def _accept(self) -> None:
        # Nothing is built: no host is called so.
        self._super.build(CONTEXT, clouds.request(RESOURCES, only_hosts=["nowhere"]))

    def _begun(self, instance: str, attempt: int) -> Tag:
        wait_until(lambda: self._began_at(instance, attempt), "the build to begin")
        tags = (one.tag for log in self._logs for one in build_log.read(log))
        return next(tag for tag in tags if (tag.instance_uuid, tag.attempt) == (instance, attempt))

    def _began_at(self, instance: str, attempt: int) -> float:
        """Return when it began, 0 if it did not."""
        for log in self._logs:
            for one in build_log.read(log):
                if one.event is Event.BEGUN and one.tag[1:] == (instance, attempt):
                    return one.at
        return 0.0

    def _agent_of(self, host: str) -> Service:
        for cell in self._cluster.cells.values():
            for log, agent in zip(cell.build_logs, cell.agents, strict=True):
                if f"name: {host}\n" in (log.parent / "hosts.yaml").read_text():
                    return agent
        raise LookupError(host)

    def _is_deleted(self, request: BuildRequest) -> bool:
        (instance,) = self._super.result(CONTEXT, request.request_id).instances
        return instance.state == states.DELETED


def restart_seconds(unit: str) -> float:
    """Return how long systemd waits before it starts this unit again."""
    text = (UNITS / unit).read_text()
    found = re.search(r"^RestartSec=([0-9.]+)(ms)?$", text, re.MULTILINE)
    assert found is not None, f"{unit} does not say RestartSec in s or ms"
    return float(found[1]) / (1000 if found[2] else 1)


def measure(bench: Bench, rounds: int) -> dict[str, object]:
    """Return all figures."""
    found: dict[str, object] = {"benchmark": "recovery", "rounds": rounds}
    for name, kill in (
        ("scheduler_first_answer", bench.scheduler),
        ("worker_first_answer", bench.worker),
        ("super_conductor_first_answer", bench.super_conductor),
        ("dead_host", bench.dead_host),
    ):
        taken = [kill() for _ in range(rounds)]
        found[f"{name}_p50_s"] = round(statistics.median(taken), 2)
        found[f"{name}_max_s"] = round(max(taken), 2)
        if kill == bench.dead_host:
            beyond = [one - HOST_DOWN_TIME for one in taken]
            found["dead_host_beyond_p50_s"] = round(statistics.median(beyond), 2)
            found["dead_host_beyond_max_s"] = round(max(beyond), 2)
    return found


def main() -> None:
    parser = reporting.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="kills of each kind")
    options: argparse.Namespace = parser.parse_args()
    if not clouds.can_start(options, "recovery"):
        return
    restart_after = restart_seconds("understudy-scheduler.service")
    planned = clusters.Cluster(
        cells=1, hosts=HOSTS, hosts_per_agent=1, build_seconds=BUILD_SECONDS, more=PACE
    )
    with planned as cluster, closing(Bench(cluster, restart_after)) as bench:
        found = measure(bench, options.rounds)
    found |= {"restart_after_s": restart_after, "host_down_time_s": HOST_DOWN_TIME}
    reporting.table(("figure", ""), [(name, f"{value}") for name, value in found.items()][1:])
    reporting.finish(options, found)


if __name__ == "__main__":
    main()
