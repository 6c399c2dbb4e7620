"""Play a list of requests into a cloud made of a list of nodes, and count what became of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.cli import demo, reasons
from understudy.cli.board import Board
from understudy.cli.flight import Flight, Landing
from understudy.cli.inputs import read
from understudy.objects.build_request import BuildRequest, ResourceGroup
from understudy.objects.host import Host

if TYPE_CHECKING:
    from understudy.cli.progress import Progress


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user may choose."""

    nodes: Path
    requests: Path
    limit: int | None = None
    sample_hosts: int | None = None
    fail_hosts: float = 0.0
    cells: int = 2
    seed: int = 1
    state_dir: Path | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a replay, in requests; the names are those of `--json`."""

    requests: int
    placed: int
    refused: int
    retried: int
    claims_leaked: int
    double_claims: int
    reasons: dict[str, int]
    seconds: float
    unended: int = 0
    """Requests, counted as refused too, that had not ended when patience did."""


@dataclass(frozen=True, slots=True)
class Run:
    """The figures, and what the audit found."""

    figures: Figures
    findings: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Has every request ended, with nothing leaked and nothing doubled?"""
        return not (self.figures.unended or self.findings)


def run(
    settings: Settings,
    create: demo.Create,
    progress: Progress,
    pause: Callable[[float], None] = time.sleep,
) -> Run:
    """Read both files, before a cloud is made of them; play, count, let the cloud go."""
    hosts = read.nodes(settings.nodes)
    requests = read.requests(settings.requests, "replay", "replay", settings.limit)
    if settings.sample_hosts is not None:
        hosts = read.sample(hosts, settings.sample_hosts, settings.seed)
    narrow(requests, traits_of(hosts))
    broken = read.pick_broken(hosts, settings.fail_hosts, settings.seed)
    cells = read.in_cells(hosts, settings.cells)
    progress.say(
        f"Starting {len(cells)} cells with {len(hosts)} hosts, {len(broken)} of them broken"
    )
    plan = demo.fault_plan(broken, settings.seed)
    cloud = create(cells, plan, settings.state_dir)
    try:
        progress.say(f"Playing {len(requests)} requests")
        board = Board(sum(request.count for request in requests))
        with progress.watching(board):
            landings = Flight(cloud, board, progress.update, pause=pause).fly(requests)
        seconds = board.seconds
        audit = cloud.audit()
    finally:
        cloud.close()
    figures = count(landings, len(audit.leaked), len(audit.doubled), seconds)
    return Run(figures, (*audit.leaked, *audit.doubled))


def count(landings: Sequence[Landing], leaked: int, doubled: int, seconds: float) -> Figures:
    """Return the figures of what became of the requests."""
    why = Counter(reason for landing in landings if (reason := reasons.of(landing)) is not None)
    refused = sum(why.values())
    return Figures(
        requests=len(landings),
        placed=len(landings) - refused,
        refused=refused,
        retried=sum(_was_rescued(landing) for landing in landings),
        claims_leaked=leaked,
        double_claims=doubled,
        reasons=dict(why.most_common()),
        seconds=round(seconds, 3),
        unended=sum(not landing.ended for landing in landings),
    )


def traits_of(hosts: Sequence[Host]) -> frozenset[str]:
    """Return every trait that one of the hosts has somewhere."""
    return frozenset(
        trait for host in hosts for provider in host.providers for trait in provider.traits
    )


def narrow(requests: Sequence[BuildRequest], held: Collection[str]) -> None:
    """Leave out of each choice of traits those that no host has, if another is left.

    A sample may lack a GPU model altogether. Placement then does not know its
    trait, and refuses the whole choice for it; the answer is the same without.
    """
    for asked in _groups(requests):
        asked.any_traits = [
            [trait for trait in traits if trait in held] or traits for traits in asked.any_traits
        ]


def _groups(requests: Sequence[BuildRequest]) -> Iterator[BuildRequest | ResourceGroup]:
    for request in requests:
        yield request
        yield from request.groups


def _was_rescued(landing: Landing) -> bool:
    return reasons.of(landing) is None and any(
        instance.attempt > 1 for instance in landing.instances
    )
