"""`make cluster` and `make cluster-down`: a cluster for a person to try."""

# ruff: noqa: T201 - it speaks to a person

from __future__ import annotations

import argparse
import os
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.integration.support import cluster as clusters
from tests.integration.support.waiting import wait_until

PID_FILE = Path(tempfile.gettempdir()) / f"understudy-cluster-{os.getuid()}.pid"


def main(argv: Sequence[str]) -> int:
    """Run a cluster until Ctrl-C or SIGTERM; with --down, end the one that runs."""
    parser = argparse.ArgumentParser(prog="cluster", description=main.__doc__)
    parser.add_argument("--down", action="store_true", help="end the cluster that runs")
    parser.add_argument("--cells", type=int, default=2)
    parser.add_argument("--hosts", type=int, default=20, help="in each cell")
    options = parser.parse_args(argv)
    if options.down:
        return end()
    missing = sorted({program for server in clusters.SERVERS for program in server.missing()})
    if missing:
        print(f"{', '.join(missing)} not installed; sudo tools/install-packages integration")
        return 1
    if running() is not None:
        print("a cluster runs already; `make cluster-down` ends it")
        return 1
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    PID_FILE.write_text(str(os.getpid()))
    try:
        run(options.cells, options.hosts)
    finally:
        PID_FILE.unlink(missing_ok=True)
    return 0


def run(cells: int, hosts: int) -> None:
    """Start a cluster, say how to talk to it, and end it when that is asked for."""
    broken = frozenset({"cell1-host01"})
    print("Starting RabbitMQ, MariaDB, Placement, and the services of the cells ...", flush=True)
    with clusters.Cluster(cells=cells, hosts=hosts, broken=broken) as cluster:
        tell(cluster)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
        print("Ending all of it ...", flush=True)
        cluster.stop()


def tell(cluster: clusters.Cluster) -> None:
    """Say how to talk to it."""
    file = cluster.conductor.scratch / "operator.conf"
    file.write_text(cluster.operator_file())
    url = cluster.conductor.scratch / "api.url"
    url.write_text(cluster.transport_url + "\n")
    for secret in (file, url):
        secret.chmod(0o600)
    print(
        f"{cluster.hosts} hosts in {len(cluster.cells)} cells; cell1-host01 is broken.\n\n"
        f"  understudy demo --against-file {url}\n"
        f"  understudy --config-file {file} demo --against-file {url}\n"
        f"  understudy --transport-url-file {url} host list\n"
        f"  understudy-manage --config-file {file} audit\n\n"
        "Logs:",
        *(f"  {service.told}: {service.log}" for service in cluster.services),
        "\nCtrl-C, or `make cluster-down`, ends all of it.",
        sep="\n",
        flush=True,
    )


def end() -> int:
    """End the cluster that this user runs, and wait for that; one that starts ends after it."""
    pid = running()
    if pid is None:
        PID_FILE.unlink(missing_ok=True)
        print("no cluster runs")
        return 0
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the end of the cluster", seconds=300)
    return 0


def running() -> int | None:
    """Return the process of the cluster that this user runs, None without one."""
    try:
        pid = int(PID_FILE.read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None
    return pid if b"cluster" in command else None
