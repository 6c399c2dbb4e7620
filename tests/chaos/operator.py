"""The operator of a world: lets in what is theirs, as `understudy-manage host` does.

A cell that takes no new hosts by itself waits for that, and so does one whose
database was restored: it knows no more which providers it had recorded. Whoever
else asks to be taken in goes on waiting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.chaos.kernel import Kernel
from tests.chaos.plan import Plan
from understudy.cells.cell_store import CellStore
from understudy.cells.refusals import Why

EVERY: Final = 1.0
"""Seconds between two looks."""
_LET_IN: Final = (Why.NEW, Why.PROVIDERS)


class Operator:
    """Looks at what the cells refuse, again and again."""

    def __init__(self, kernel: Kernel, plan: Plan, cells: Mapping[str, CellStore]) -> None:
        """Know the hosts of the plan, and nobody else's."""
        self._kernel = kernel
        self._cells = cells
        self._agents = {
            (host.compute_node_uuid, agent.name) for agent in plan.agents for host in agent.hosts
        }

    def start(self) -> None:
        """Begin to look."""
        self._kernel.later(EVERY, self._look)

    def _look(self) -> None:
        for store in self._cells.values():
            for refused in store.refused_hosts():
                known = (refused.uuid, refused.bus_user) in self._agents
                if known and refused.why in _LET_IN and not refused.approved:
                    store.approve_host(refused, refused.why)
        self._kernel.later(EVERY, self._look)
