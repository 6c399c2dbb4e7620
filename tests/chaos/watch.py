"""What must hold at every moment, and not only in the end: claims and hosts agree.

On a host that takes builds, nothing comes to exist without a claim there, and no
claim goes while something exists. A host that is down, or has not reconciled
since, may hold what was moved away: it is told before it takes builds again.
A database that was restored knows of nothing newer, so there it says nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from tests.chaos.oracle import DOUBLED, Violation
from tests.chaos.plan import Plan
from tests.chaos.simulated.databases import SimulatedDatabase
from tests.chaos.simulated.placement import SimulatedPlacement
from tests.chaos.simulated.placement_claims import Written
from understudy.compute.holdings import HeldInMemory
from understudy.compute.tags import Tag

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
        self._placement = placement
        self._cells = cells
        self._roots = {
            host.compute_node_uuid: host.name for agent in plan.agents for host in agent.hosts
        }
        self._restored = plan.faults.restored is not None
        self._claimed: dict[str, set[str]] = {}

    def add(self, tag: Tag) -> None:
        """Let it exist, where there is a claim for it."""
        super().add(tag)
        if tag.host not in self._hosts(self._placement.holding.get(tag.instance_uuid, ())):
            self._note(tag, "comes to exist without a claim")

    def written(self, written: Written) -> None:
        """Look at the hosts that a write of claims leaves."""
        for consumer, allocations in written.items():
            now = self._hosts(allocations)
            for host in self._claimed.get(consumer, set()) - now:
                for tag in self.on(host):
                    if tag.instance_uuid == consumer:
                        self._note(tag, "exists after its claim is gone")
            self._claimed[consumer] = now

    def _hosts(self, providers: Collection[str]) -> set[str]:
        return {self._roots[uuid] for uuid in providers if uuid in self._roots}

    def _note(self, tag: Tag, words: str) -> None:
        if not self._restored and self._takes_builds(tag.host):
            what = f"{tag.instance_uuid} (attempt {tag.attempt}) on {tag.host}"
            self.found.append(Violation(DOUBLED, f"{what} {words}"))

    def _takes_builds(self, host: str) -> bool:
        return any(cell.peek(_TAKES_BUILDS.format(host)) for cell in self._cells)
