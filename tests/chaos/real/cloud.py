"""The cloud that is damaged: separate processes, some hosts broken, and times that are short."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import yaml

from tests.integration.support.breakable import BreakableCluster
from tests.integration.support.service import Service
from understudy.compute import build_log
from understudy.compute.build_log import Noted
from understudy.compute.holdings import HeldInFolder
from understudy.compute.tags import Tag

HOST_DOWN_TIME = 8.0
LEASE = 20.0
"""Seconds. What a killed process held is taken over after this."""
PACE: Mapping[str, Mapping[str, object]] = {
    "conductor": {
        "host_down_time": HOST_DOWN_TIME,
        "lease": LEASE,
        "settle_time": 20,
        "fault_memory": 5,
    },
    "placement": {"read_timeout": 10},
    "scheduler": {"answer_within": 8, "processes": 2},
    "compute": {"answer_seconds": 8, "longest_retry_seconds": 4, "stop_grace_seconds": 2},
}
BROKEN_IMAGE = "broken"
"""Fails on every host, and blames it: so these builds run out of alternates."""
BUILD_SECONDS = 0.3
FAILING = 0.1
"""The share of builds that fails on hosts that are not broken."""
HOSTS = 6
HOSTS_PER_AGENT = 3


class ChaosCluster(BreakableCluster):
    """Two cells of six hosts on two agents each; one host in each cell fails all builds."""

    def __init__(self) -> None:
        """Plan it."""
        super().__init__(
            hosts=HOSTS,
            hosts_per_agent=HOSTS_PER_AGENT,
            broken=frozenset({"cell1-host01", "cell2-host04"}),
            broken_images=frozenset({BROKEN_IMAGE}),
            build_seconds=BUILD_SECONDS,
            more=PACE,
        )

    def faults(self, hosts: Sequence[str]) -> dict[str, object]:
        return {**super().faults(hosts), "rate": FAILING, "delay_spread_seconds": 1.0}

    @property
    def agents(self) -> list[Service]:
        """The agents of all cells."""
        return [agent for cell in self.cells.values() for agent in cell.agents]

    def built(self) -> list[Tag]:
        """Return all that exists on any host: the drivers' own truth."""
        return [
            tag for folder, hosts in self._folders() for host in hosts for tag in folder.on(host)
        ]

    def noted(self) -> list[Noted]:
        """Return what the drivers noted of their builds, agent by agent."""
        logs = [log for cell in self.cells.values() for log in cell.build_logs]
        return [noted for log in logs for noted in build_log.read(log)]

    def _folders(self) -> Iterator[tuple[HeldInFolder, list[str]]]:
        for cell in self.cells.values():
            for log in cell.build_logs:
                described = yaml.safe_load((log.parent / "hosts.yaml").read_text())
                hosts = [host["name"] for host in described["hosts"]]
                yield HeldInFolder(log.parent / described["holdings"]), hosts
