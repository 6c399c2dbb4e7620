"""`make chaos-real KILLS=N`: kill processes of a real cloud under load, and see what holds.

The last line is one JSON object. The seed decides what is killed and broken, in
which order; what it meets is decided by the machine.
"""

# ruff: noqa: T201 - it speaks to a person

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.real import telling
from tests.chaos.real.cloud import ChaosCluster
from tests.chaos.real.run import Run
from tests.chaos.real.verdict import Findings
from tests.integration.support import cluster as clusters

TOLD = 10
"""Instances that are told about in full."""


def main(argv: Sequence[str]) -> int:
    """Run it; 1 if something does not hold."""
    parser = argparse.ArgumentParser(prog="chaos-real", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, help="what is broken in which order; any by default")
    options = parser.parse_args(argv)
    missing = sorted({program for server in clusters.SERVERS for program in server.missing()})
    if missing:
        print(f"{', '.join(missing)} not installed; sudo tools/install-packages integration")
        return 2
    # The client's own bus has much to say while the broker is away.
    logging.getLogger().addHandler(logging.NullHandler())
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}: starting RabbitMQ, MariaDB, Placement and two cells ...", flush=True)
    with ChaosCluster() as cluster:
        run = Run(cluster, seed, lambda line: print(line, flush=True))
        with contextlib.closing(run):
            findings = run.go(options.kills)
        tell(cluster, run, findings)
    print(json.dumps(run.summary(findings)), flush=True)
    return int(findings.violations > 0)


def tell(cluster: ChaosCluster, run: Run, findings: Findings) -> None:
    """Print what was met, and all that is known of what is wrong; then keep the logs."""
    for what, times in telling.tracebacks(cluster).most_common():
        print(f"traceback, {times} times: {what}")
    if not findings.violations:
        return
    print(*findings.lines(), sep="\n")
    for uuid in findings.instances[:TOLD]:
        print(*telling.about(cluster, run.claims, uuid), sep="\n")
    folder = Path(tempfile.gettempdir()) / f"understudy-chaos-{run.seed}-{int(time.time())}"
    telling.keep_logs(cluster, folder)
    print(f"the logs are in {folder}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
