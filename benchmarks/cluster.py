"""How fast are builds and retries on a whole cloud, and what does a build cost?

Starts RabbitMQ, MariaDB, Placement and every service as a process of its own,
with 100 fake hosts in two cells, and ends all of it. Without those servers
installed it says so and measures nothing.

builds_per_s: requests for one instance each, all in flight together, from the
first one sent until all are ACTIVE in their cells' databases. retry_*: one build
at a time of an image that fails everywhere, from the moment the driver fails it
to the moment the alternate's driver begins; both on the machine's monotonic
clock. claim_p50_ms: one swap of a claim by itself in Placement, in the same
rounds as the retries. messages_per_build: what RabbitMQ counts as published.
statements_per_build: what MariaDB counts for our users, Placement's left out,
that read or write rows; COMMIT and ROLLBACK are "other". From both, what the
idle cloud does in the same time is subtracted.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Run as a file, Python looks for imports in the file's folder only.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pymysql
from keystoneauth1 import token_endpoint

from benchmarks import reporting
from benchmarks.measuring import clouds, counters, retries
from benchmarks.measuring.counters import Counted, Rates
from tests.integration.support import cluster as clusters
from tests.integration.support.waiting import wait_until
from understudy.cli.remote import RemoteCloud
from understudy.compute import build_log
from understudy.ledger import http
from understudy.ledger.api import PlacementApi
from understudy.ledger.claims import PlacementClaims
from understudy.ledger.protocols import Claims, Owner, WantedClaim
from understudy.objects import states
from understudy.objects.build_request import BuildRequest

CELLS = 2
HOSTS_PER_AGENT = 25
BROKEN_IMAGE = "broken"
RESOURCES = {"VCPU": 1, "MEMORY_MB": 512}
PACE = {
    "conductor": {
        "sweep_interval": 2.0,
        "retry_interval": 2.0,
        "beat_interval": 5.0,
        "host_down_time": 60.0,
        # One failure on purpose is no reason to prefer other hosts.
        "fault_memory": 0.0,
    },
    "compute": {"heartbeat_seconds": 5.0},
}
"""The options' defaults, where the cluster's own are for a person to watch."""
COUNTED_AFTER = 6.0
"""Seconds; RabbitMQ adds its counters up every five."""
IDLE = 15.0
ENDED = (states.ACTIVE, states.ERROR)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of retries and claims took, in seconds."""

    retries: list[float]
    claims: list[float]


class Bench:
    """One running cluster, driven and watched from outside."""

    def __init__(self, cluster: clusters.Cluster, cloud: RemoteCloud) -> None:
        self._cluster = cluster
        self._cloud = cloud
        self._root = pymysql.connect(
            unix_socket=cluster.mariadb.socket, user="root", autocommit=True
        )
        self._query("SET GLOBAL userstat = 1")
        self._databases = [_database(cell.database_url) for cell in cluster.cells.values()]
        self._claims = _claims(cluster)

    def close(self) -> None:
        self._root.close()

    def build(self, builds: int, senders: int) -> float:
        """Return how many builds a second went from being asked for to being ACTIVE."""
        requests = [clouds.request(RESOURCES) for _ in range(builds)]
        began = time.monotonic()
        with ThreadPoolExecutor(senders) as pool:
            list(pool.map(self._send, requests))
        self._wait_for(requests)
        return builds / (time.monotonic() - began)

    def retry(self, builds: int, attempts: int) -> Iterator[None]:
        """Fail one build after the other, each `attempts` times."""
        for _ in range(builds):
            request = clouds.request(
                RESOURCES, image=BROKEN_IMAGE, max_attempts=attempts, spare_alternates=0
            )
            self._send(request)
            self._wait_for([request])
            yield

    def claim(self) -> float:
        """Return how long moving one claim takes, with nobody else at it."""
        consumer = str(uuid.uuid4())
        first = _claim(consumer, self._uuid_of("cell1-host01"), None)
        generation = self._claims.claim_many([first]).claimed[consumer]
        wanted = _claim(consumer, self._uuid_of("cell1-host02"), generation)
        began = time.monotonic()
        generation = self._claims.swap(wanted)
        taken = time.monotonic() - began
        self._claims.unclaim(consumer, wanted.owner, generation)
        return taken

    def counted(self) -> Counted:
        """Return the servers' counters, once they show all that has happened."""
        time.sleep(COUNTED_AFTER)
        users = [_database(self._cluster.database_url), *self._databases]
        ((statements, other),) = self._query(
            "SELECT SUM(select_commands + update_commands), SUM(other_commands)"
            " FROM information_schema.user_statistics WHERE user IN %s",
            (users,),
        )
        urls = [cell.transport_url for cell in self._cluster.cells.values()]
        messages = map(self._cluster.rabbitmq.published, [self._cluster.transport_url, *urls])
        return Counted(time.monotonic(), sum(messages), int(statements), int(other))

    def retries_since(self, began: float) -> list[float]:
        """Return how long each retry took, of the failures from then on."""
        logs = (log for cell in self._cluster.cells.values() for log in cell.build_logs)
        noted = (one for log in logs for one in build_log.read(log))
        return retries.seconds(one for one in noted if one.at >= began)

    def _send(self, request: BuildRequest) -> None:
        self._cloud.client.build(self._cloud.context(), request)

    def _wait_for(self, requests: Sequence[BuildRequest]) -> None:
        """Wait until they have ended, without asking any service of ours."""
        waiting = {request.request_id for request in requests}

        def ended() -> bool:
            for database in self._databases:
                found = self._query(
                    f"SELECT request_id FROM `{database}`.instances"
                    " WHERE request_id IN %s AND state IN %s",
                    (sorted(waiting) or [""], ENDED),
                )
                waiting.difference_update(request_id for (request_id,) in found)
            return not waiting

        wait_until(ended, f"{len(requests)} builds", seconds=300, every=0.02)

    def _uuid_of(self, host: str) -> str:
        for database in self._databases:
            query = f"SELECT compute_node_uuid FROM `{database}`.hosts WHERE name = %s"
            for (found,) in self._query(query, (host,)):
                return str(found)
        raise LookupError(host)

    def _query(self, query: str, values: tuple[Any, ...] | None = None) -> list[tuple[Any, ...]]:
        with self._root.cursor() as cursor:
            cursor.execute(query, values)
            return list(cursor.fetchall())


def _database(url: str) -> str:
    """Return the name of the database, and of the user that it belongs to."""
    return url.rpartition("/")[2]


def _claims(cluster: clusters.Cluster) -> Claims:
    auth = token_endpoint.Token(cluster.placement.url, "admin")
    return PlacementClaims(PlacementApi(http.connect(auth)))


def _claim(consumer: str, provider: str, generation: int | None) -> WantedClaim:
    body = {"allocations": {provider: {"resources": RESOURCES}}}
    return WantedClaim(consumer, Owner("p", "u", "BENCHMARK"), json.dumps(body), generation)


def run_round(bench: Bench, options: argparse.Namespace) -> Round:
    """Fail builds and move claims, in turns."""
    began = time.monotonic()
    claims: list[float] = []
    for _ in bench.retry(options.retries, options.attempts):
        claims.extend(bench.claim() for _ in range(options.attempts - 1))
    return Round(bench.retries_since(began), claims)


def measure(bench: Bench, options: argparse.Namespace) -> dict[str, object]:
    """Return all figures, of as many rounds as were asked for."""
    bench.build(options.builds, options.senders)
    for _ in bench.retry(1, options.attempts):
        bench.claim()
    before = bench.counted()
    time.sleep(IDLE)
    idle_until = bench.counted()
    idle = counters.per_second(before, idle_until)
    rates = [bench.build(options.builds, options.senders) for _ in range(options.rounds)]
    cost = counters.per_build(idle_until, bench.counted(), idle, options.rounds * options.builds)
    return figures(rates, [run_round(bench, options) for _ in range(options.rounds)], cost, idle)


def figures(
    rates: Sequence[float], rounds: Sequence[Round], cost: Rates, idle: Rates
) -> dict[str, object]:
    """Return what is printed: medians of the rounds, percentiles of all single times."""
    waited = [one for each in rounds for one in each.retries]
    claims = [one for each in rounds for one in each.claims]
    retry_p50, claim_p50 = milliseconds(waited, 0.5), milliseconds(claims, 0.5)
    return {
        "benchmark": "cluster",
        "builds_per_s": round(statistics.median(rates), 2),
        "retry_p50_ms": retry_p50,
        "retry_p95_ms": milliseconds(waited, 0.95),
        "claim_p50_ms": claim_p50,
        "claim_p95_ms": milliseconds(claims, 0.95),
        "retry_in_claims": round(retry_p50 / claim_p50, 2),
        "retries": len(waited),
        "messages_per_build": round(cost.messages, 1),
        "statements_per_build": round(cost.statements, 1),
        "other_statements_per_build": round(cost.other, 1),
        "idle_messages_per_s": round(idle.messages, 1),
        "idle_statements_per_s": round(idle.statements, 1),
        "rounds": [
            {
                "builds_per_s": round(rate, 2),
                "retry_p50_ms": milliseconds(each.retries, 0.5),
                "claim_p50_ms": milliseconds(each.claims, 0.5),
            }
            for rate, each in zip(rates, rounds, strict=True)
        ],
    }


def milliseconds(values: Sequence[float], share: float) -> float:
    return round(reporting.percentile(values, share) * 1000, 1)


def tell(found: dict[str, object]) -> None:
    """Print the figures for people."""
    single = {name: value for name, value in found.items() if name not in ("benchmark", "rounds")}
    reporting.table(("figure", ""), [(name, f"{value}") for name, value in single.items()])


def main() -> None:
    parser = reporting.parser(__doc__)
    parser.add_argument("--hosts", type=int, default=100, help="in all cells together")
    parser.add_argument("--rounds", type=int, default=3, help="rounds that the medians are of")
    parser.add_argument("--builds", type=int, default=40, help="builds in flight in a round")
    parser.add_argument("--senders", type=int, default=8, help="threads that ask for builds")
    parser.add_argument("--retries", type=int, default=10, help="builds that fail in a round")
    parser.add_argument("--attempts", type=int, default=4, help="attempts of each that fails")
    options = parser.parse_args()
    if not clouds.can_start(options, "cluster"):
        return
    planned = clusters.Cluster(
        cells=CELLS,
        hosts=options.hosts // CELLS,
        build_seconds=0.0,
        broken_images=frozenset({BROKEN_IMAGE}),
        hosts_per_agent=HOSTS_PER_AGENT,
        more=PACE,
    )
    with planned as cluster, closing(RemoteCloud(None, cluster.transport_url)) as cloud:
        with closing(Bench(cluster, cloud)) as bench:
            found = measure(bench, options)
        cluster.stop()
    tell(found)
    reporting.finish(options, found)


if __name__ == "__main__":
    main()
