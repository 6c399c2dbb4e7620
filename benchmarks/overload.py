"""What becomes of twenty times more requests than can be served?

Starts RabbitMQ, MariaDB, Placement and every service as a process of its own,
and ends all of it. Without those servers installed it says so and measures nothing.

First it measures how many builds a second the cloud accepts and brings to their
hosts with as many callers as it has workers. Then it asks for `--times` as many,
each second, without waiting for answers and without coming back as told, for
`--seconds`; where this machine cannot ask that fast, `offered_per_s` says what
it did. accepted, refused, unanswered: what callers heard, Overloaded being
refused. answer_*_ms: from asking to hearing either. most_in_broker: calls that
nobody had taken, by service; most_waiting: instances without a host;
grown_mb_*: resident memory of all processes of a service at the end, less that
before the flood. All that was accepted must end: `active`, `error`, `lost`.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

# Run as a file, Python looks for imports in the file's folder only.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pymysql

from benchmarks import reporting
from benchmarks.measuring import clouds
from tests.integration.support import cluster as clusters
from tests.integration.support.service import Service
from tests.integration.support.waiting import wait_until
from understudy.objects import states
from understudy.rpcapi import errors
from understudy.rpcapi.bus import API, Bus
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.super_conductor import SuperConductorClient

CONTEXT = RequestContext("p", "u")
HOSTS = 50
RESOURCES = {"VCPU": 1, "MEMORY_MB": 64}
SERVED_BY = 8
"""Callers at a time when it is measured how many are served: the workers of a service."""
SAMPLED_EVERY = 0.25
ENDED = (states.ACTIVE, states.ERROR, states.DELETED)


@dataclass
class Heard:
    """What callers were told, and after how many seconds."""

    answers: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Bench:
    """One running cluster, and who asks too much of it."""

    def __init__(self, cluster: clusters.Cluster, callers: int) -> None:
        self._cluster = cluster
        self._bus = Bus.open(API, cluster.transport_url)
        self._client = SuperConductorClient(self._bus, timeout=30.0)
        # It is counted how often one is told to come back, so nobody does.
        self._client._come_back = None
        self._pool = ThreadPoolExecutor(callers)
        self._root = pymysql.connect(
            unix_socket=cluster.mariadb.socket, user="root", autocommit=True
        )
        self.most: Counter[str] = Counter()
        self.accepted: list[str] = []

    def close(self) -> None:
        self._root.close()
        self._pool.shutdown()
        self._bus.close()

    def served(self, seconds: float) -> float:
        """Return how many builds a second are accepted and brought to a host."""
        heard, until = Heard(), time.monotonic() + seconds
        began = time.monotonic()

        def caller() -> None:
            while time.monotonic() < until:
                self._ask(heard)

        with ThreadPoolExecutor(SERVED_BY) as pool:
            for _ in range(SERVED_BY):
                pool.submit(caller)
        self.wait_for(heard)
        return len(heard.accepted) / (time.monotonic() - began)

    def flood(self, rate: float, seconds: float) -> tuple[Heard, float]:
        """Ask so often; return what was heard, and how often it was really asked."""
        heard, asked = Heard(), 0
        began = time.monotonic()
        while (now := time.monotonic()) < began + seconds:
            for _ in range(int((now - began) * rate) - asked):
                self._pool.submit(self._ask, heard)
                asked += 1
            time.sleep(0.01)
        wait_until(lambda: sum(heard.answers.values()) == asked, "all answers", seconds=120)
        return heard, asked / (time.monotonic() - began)

    def wait_for(self, heard: Heard) -> Counter[str]:
        """Return how all that was accepted has ended."""
        found: Counter[str] = Counter()

        def ended() -> bool:
            found.clear()
            found.update(self._states())
            return sum(found[state] for state in ENDED) >= len(self.accepted)

        self.accepted.extend(heard.accepted)
        wait_until(ended, "the builds' endings", seconds=600, every=0.1)
        return found

    def sample(self) -> None:
        """Look how much waits where."""
        for service in ("super-conductor", "scheduler"):
            waiting = self._cluster.rabbitmq.ready(
                self._cluster.transport_url, f"understudy.{API}.{service}"
            )
            self.most[service] = max(self.most[service], waiting)
        without_host = self._cluster.api.count_waiting(1_000_000)
        self.most["instances"] = max(self.most["instances"], without_host)

    def memory(self) -> dict[str, float]:
        """Return the resident memory of each service's processes, in MB."""
        watched = {"conductor": self._cluster.conductor, "scheduler": self._cluster.scheduler}
        return {name: _resident(service) for name, service in watched.items()}

    def _ask(self, heard: Heard) -> None:
        request = clouds.request(RESOURCES)
        began = time.monotonic()
        answer, delay = "accepted", None
        try:
            self._client.build(CONTEXT, request)
        except errors.Overloaded as error:
            answer, delay = "refused", error.retry_after_seconds
        except errors.WireError as error:
            answer = type(error).__name__
        with heard.lock:
            heard.answers[answer] += 1
            heard.seconds.append(time.monotonic() - began)
            if delay is not None:
                heard.delays.append(delay)
            if answer == "accepted":
                heard.accepted.append(request.request_id)

    def _states(self) -> Counter[str]:
        """Return how many instances of ours are in each state, wherever they are."""
        found: Counter[str] = Counter()
        with self._root.cursor() as cursor:
            for cell in self._cluster.cells.values():
                cursor.execute(
                    f"SELECT state, COUNT(*) FROM `{_database(cell.database_url)}`.instances"
                    " GROUP BY state"
                )
                found.update(dict(cursor.fetchall()))
            cursor.execute(
                f"SELECT COUNT(*) FROM `{_database(self._cluster.database_url)}`"
                ".instance_mappings WHERE state = 'ERROR'"
            )
            found[states.ERROR] += cursor.fetchone()[0]
        return found


def _resident(service: Service) -> float:
    kilobytes = 0
    for pid in {service.master(), *service.workers()}:
        status = Path(f"/proc/{pid}/status").read_text().splitlines()
        kilobytes += sum(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return kilobytes / 1024


def _database(url: str) -> str:
    return url.rpartition("/")[2]


def _meanwhile(work: Callable[[], None], done: threading.Event) -> None:
    while not done.wait(SAMPLED_EVERY):
        work()


def measure(bench: Bench, options: argparse.Namespace) -> dict[str, object]:
    """Return all figures."""
    bench.served(3.0)
    served = bench.served(options.seconds / 2)
    before, done = bench.memory(), threading.Event()
    sampler = threading.Thread(target=_meanwhile, args=(bench.sample, done))
    sampler.start()
    heard, offered = bench.flood(served * options.times, options.seconds)
    done.set()
    sampler.join()
    after = bench.memory()
    ended = bench.wait_for(heard)
    answers = heard.answers
    known = sum(ended[state] for state in ENDED)
    return {
        "benchmark": "overload",
        "served_per_s": round(served, 2),
        "offered_per_s": round(offered, 1),
        "accepted": answers["accepted"],
        "refused": answers["refused"],
        "unanswered": sum(answers.values()) - answers["accepted"] - answers["refused"],
        "shortest_delay_s": round(min(heard.delays, default=0.0), 3),
        "longest_delay_s": round(max(heard.delays, default=0.0), 3),
        "answer_p50_ms": round(reporting.percentile(heard.seconds, 0.5) * 1000, 1),
        "answer_p99_ms": round(reporting.percentile(heard.seconds, 0.99) * 1000, 1),
        "most_in_broker": bench.most["super-conductor"],
        "most_in_broker_scheduler": bench.most["scheduler"],
        "most_waiting": bench.most["instances"],
        "grown_mb_conductor": round(after["conductor"] - before["conductor"], 1),
        "grown_mb_scheduler": round(after["scheduler"] - before["scheduler"], 1),
        "active": ended[states.ACTIVE],
        "error": ended[states.ERROR],
        "lost": len(bench.accepted) - known,
    }


def main() -> None:
    parser = reporting.parser(__doc__)
    parser.add_argument("--times", type=float, default=20.0, help="more than can be served")
    parser.add_argument("--seconds", type=float, default=20.0, help="that the flood lasts")
    parser.add_argument("--callers", type=int, default=200, help="who wait at the same time")
    parser.add_argument("--most-waiting", type=int, default=100, help="[conductor] most_waiting")
    options = parser.parse_args()
    if not clouds.can_start(options, "overload"):
        return
    planned = clusters.Cluster(
        cells=1,
        hosts=HOSTS,
        build_seconds=0.0,
        hosts_per_agent=HOSTS,
        more={"conductor": {"most_waiting": options.most_waiting}},
    )
    with planned as cluster, closing(Bench(cluster, options.callers)) as bench:
        found = measure(bench, options)
        cluster.stop()
    reporting.table(("figure", ""), [(k, f"{v}") for k, v in found.items() if k != "benchmark"])
    reporting.finish(options, found)


if __name__ == "__main__":
    main()
