"""What must hold at every moment, and not only in the end: claims and hosts agree.

Nobody is told to go on with an attempt that was superseded before it asked. On
a host that takes builds, nothing comes to exist without a claim there, and no
claim goes while something exists. A host that is down, or has not reconciled
since, may hold what was moved away: it is told before it takes builds again.
A database that was restored knows of nothing newer, so there it says nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from tests.chaos import plan as plans
from tests.chaos.kernel import Kernel
from tests.chaos.oracle import DOUBLED, LOST, Violation
from tests.chaos.plan import Plan
from tests.chaos.simulated.databases import SimulatedDatabase
from tests.chaos.simulated.placement import SimulatedPlacement
from tests.chaos.simulated.placement_claims import Written
from understudy.compute.build_log import Event, Note
from understudy.compute.holdings import HeldInMemory
from understudy.compute.tags import Tag
from understudy.rpcapi.bus import Bus
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.context import RequestContext

_IS_OVER: Final = (
    "SELECT EXISTS (SELECT 1 FROM instances WHERE uuid = '{}'"
    " AND (attempt > {} OR state IN ('DELETING', 'DELETED', 'FAILING', 'ERROR')))"
)
_TAKES_BUILDS: Final = (
    "SELECT EXISTS (SELECT 1 FROM hosts WHERE name = '{}' AND schedulable AND NOT down)"
)


class Watch(HeldInMemory):
    """What exists on all hosts, watched together with who claims what."""

    def __init__(
        self,
        plan: Plan,
        placement: SimulatedPlacement,
        cells: Collection[SimulatedDatabase],
    ) -> None:
        """Watch the world of this plan."""
        super().__init__()
        self.found: list[Violation] = []
        self.failed_at = 0.0
        """When the last build failed as planned, on the kernel's clock: it is a fault as well."""
        self._placement = placement
        self._cells = cells
        self._roots = plans.roots(plan)
        self._restored = plan.faults.restored is not None
        self._claimed: dict[str, set[str]] = {}

    def add(self, tag: Tag) -> None:
        """Let it exist, where there is a claim for it."""
        super().add(tag)
        if tag.host not in self._hosts(self._placement.holding.get(tag.instance_uuid, ())):
            self._wrong(tag, "comes to exist without a claim")

    def note(self, kernel: Kernel) -> Note:
        """Return what is told how builds go."""

        def note(event: Event, tag: Tag) -> None:
            if event is Event.FAILED:
                self.failed_at = kernel.now

        return note

    def written(self, written: Written) -> None:
        """Look at the hosts that a write of claims leaves."""
        for consumer, allocations in written.items():
            now = self._hosts(allocations)
            for host in self._claimed.get(consumer, set()) - now:
                for tag in self.on(host):
                    if tag.instance_uuid == consumer:
                        self._wrong(tag, "exists after its claim is gone")
            self._claimed[consumer] = now

    def is_over(self, tag: Tag) -> bool:
        """Was this attempt superseded by now? Once it was, it stays so."""
        query = _IS_OVER.format(tag.instance_uuid, tag.attempt)
        return not self._restored and any(cell.peek(query) for cell in self._cells)

    def told_to_go_on(self, tag: Tag) -> None:
        """Note that a host may build what was superseded before it asked."""
        what = f"{tag.instance_uuid} (attempt {tag.attempt})"
        words = f"{tag.host} is told to go on with {what}, which is superseded"
        self.found.append(Violation(DOUBLED, words))

    def undecided(self, tag: Tag, words: str) -> None:
        """Note what happens to a tag on a host whose name nobody has decided on."""
        what = f"{tag.instance_uuid} (attempt {tag.attempt}) on {tag.host}"
        self.found.append(Violation(LOST, f"{what}, which is called something else now, {words}"))

    def _hosts(self, providers: Collection[str]) -> set[str]:
        return {self._roots[uuid] for uuid in providers if uuid in self._roots}

    def _wrong(self, tag: Tag, words: str) -> None:
        if not self._restored and self._takes_builds(tag.host):
            what = f"{tag.instance_uuid} (attempt {tag.attempt}) on {tag.host}"
            self.found.append(Violation(DOUBLED, f"{what} {words}"))

    def _takes_builds(self, host: str) -> bool:
        return any(cell.peek(_TAKES_BUILDS.format(host)) for cell in self._cells)


class WatchedConductor(CellConductorClient):
    """A cell conductor as its agents reach it, with an eye on what it lets them build."""

    def __init__(self, bus: Bus, timeout: float, watch: Watch) -> None:
        super().__init__(bus, timeout=timeout)
        self._watch = watch

    def build_started(
        self, ctxt: RequestContext, host: str, instance_uuid: str, attempt: int
    ) -> None:
        tag = Tag(host, instance_uuid, attempt)
        is_over = self._watch.is_over(tag)
        super().build_started(ctxt, host, instance_uuid, attempt)
        if is_over:
            self._watch.told_to_go_on(tag)
