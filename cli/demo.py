"""The scenario of `understudy demo`: some hosts are broken, and nobody has to notice.

Everything follows from the seed: which hosts are broken, and what is asked for.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from understudy.cli import figures
from understudy.cli.board import Board
from understudy.cli.cloud import AuditReport, Cloud
from understudy.cli.flight import Flight
from understudy.cli.inputs import providers, read
from understudy.compute.fault_plan import FaultPlan, host_broken
from understudy.objects.build_request import BuildRequest
from understudy.objects.host import Host

if TYPE_CHECKING:
    from understudy.cli.cloud import AuditedCloud
    from understudy.cli.progress import Progress

LARGEST_REQUEST = 5
HOST = {"VCPU": 32, "MEMORY_MB": 131_072, "DISK_GB": 1_000}
FAST_DISK = "CUSTOM_FAST_DISK"
DEADLINE = 120
BUILD_SECONDS = 0.05
BUILD_SPREAD_SECONDS = 0.15
BREAKDOWNS = (
    "the hypervisor does not answer",
    "no space left for the image",
    "the network card has no link",
    "the disk is read-only",
    "the memory has an uncorrectable error",
)
FLAVORS = (
    {"VCPU": 1, "MEMORY_MB": 1_024, "DISK_GB": 10},
    {"VCPU": 2, "MEMORY_MB": 4_096, "DISK_GB": 20},
    {"VCPU": 4, "MEMORY_MB": 8_192, "DISK_GB": 40},
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user may choose."""

    hosts: int = 40
    cells: int = 2
    builds: int = 200
    fail_hosts: float = 0.1
    alternates: int = 3
    seed: int = 1
    state_dir: Path | None = None
    run: str = ""
    """Sets this run's requests apart from others of the same seed, on a cloud that outlives it."""
    fast_disks: bool = True
    """Ask for a fast disk now and then: only the demo's own hosts have any."""


class Create(Protocol):
    """Makes the cloud; see connect.Clouds.create."""

    def __call__(
        self, cells: Mapping[str, Sequence[Host]], plan: FaultPlan, state_dir: Path | None
    ) -> AuditedCloud:
        """Return a new cloud of these hosts."""


def run(
    settings: Settings,
    create: Create,
    progress: Progress,
    pause: Callable[[float], None] = time.sleep,
) -> figures.Run:
    """Build it all, count it, and let the cloud go."""
    hosts = make_hosts(settings.hosts)
    broken = read.pick_broken(hosts, settings.fail_hosts, settings.seed)
    cells = read.in_cells(hosts, settings.cells)
    progress.say(
        f"Starting {len(cells)} cells with {len(hosts)} hosts, {len(broken)} of them broken"
    )
    cloud = create(cells, fault_plan(broken, settings.seed), settings.state_dir)
    try:
        context = cloud.context()
        requests = make_requests(settings, context.project_id or "demo", context.user_id or "demo")
        progress.say(f"Asking for {settings.builds} builds in {len(requests)} requests")
        board = Board(settings.builds)
        with progress.watching(board):
            Flight(cloud, board, progress.update, pause=pause).fly(requests)
        return figures.count(cloud, settings.builds, board.seconds)
    finally:
        cloud.close()


def run_against(
    settings: Settings,
    cloud: Cloud,
    progress: Progress,
    audit: Callable[[], AuditReport] | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> figures.Run:
    """Build it all on a cloud that is there already, and count what is ours.

    Which of its hosts are broken is for it to show. Without `audit` the ledger
    is not looked at.
    """
    context = cloud.context()
    requests = make_requests(settings, context.project_id or "demo", context.user_id or "demo")
    progress.say(f"Asking for {settings.builds} builds in {len(requests)} requests")
    board = Board(settings.builds)
    with progress.watching(board):
        landings = Flight(cloud, board, progress.update, pause=pause).fly(requests)
    found = [instance for landing in landings for instance in landing.instances]
    return figures.tally(
        cloud, found, settings.builds, board.seconds, None if audit is None else audit()
    )


def make_hosts(count: int) -> list[Host]:
    """Return the hosts; every other one has a fast disk."""
    return [
        providers.host(
            f"host-{number:02}",
            [providers.root(f"host-{number:02}", HOST, [FAST_DISK] if number % 2 else [])],
        )
        for number in range(1, count + 1)
    ]


def fault_plan(broken: Sequence[str] | frozenset[str], seed: int) -> FaultPlan:
    """Return the plan by which these hosts fail every build, each in its own way."""
    chance = random.Random(f"breakdowns {seed}")
    return FaultPlan(
        seed=seed,
        hosts={host: host_broken(chance.choice(BREAKDOWNS)) for host in sorted(broken)},
        delay_seconds=BUILD_SECONDS,
        delay_spread_seconds=BUILD_SPREAD_SECONDS,
    )


def make_requests(settings: Settings, project_id: str, user_id: str) -> list[BuildRequest]:
    """Return requests for 1 to 5 builds each, together as many as the settings say.

    An attempt is one host, so so many alternates allow one attempt more.
    """
    chance = random.Random(f"requests {settings.seed}")
    requests: list[BuildRequest] = []
    left = settings.builds
    while left:
        count = min(chance.randint(1, LARGEST_REQUEST), left)
        left -= count
        number = len(requests) + 1
        requests.append(
            BuildRequest(
                request_id=providers.uuid_of(
                    "demo", *filter(None, (settings.run,)), str(settings.seed), str(number)
                ),
                name=f"build-{number:03}",
                count=count,
                resources=dict(chance.choice(FLAVORS)),
                required_traits=[FAST_DISK] if _wants_fast_disk(settings, chance) else [],
                max_attempts=settings.alternates + 1,
                spare_alternates=0,
                deadline_seconds=DEADLINE,
                project_id=project_id,
                user_id=user_id,
            )
        )
    return requests


def _wants_fast_disk(settings: Settings, chance: random.Random) -> bool:
    return chance.random() < 0.1 and settings.fast_disks  # noqa: PLR2004
