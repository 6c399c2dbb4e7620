"""A small cloud for the scheduler's tests: hosts in cells, and a ledger in memory."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.fakes.ledger import FakeLedger
from understudy.cells.records import CellRecord, HostMapping
from understudy.objects.build_request import Affinity, BuildRequest
from understudy.objects.selection_answer import Pick, SelectionAnswer
from understudy.scheduler import filters as scheduler_filters
from understudy.scheduler.directory import CachedHostDirectory
from understudy.scheduler.filters import Filter
from understudy.scheduler.ranking import Weighted
from understudy.scheduler.selector import Limits, Selector
from understudy.scheduler.weighers import Free, Shuffle

FILTERS: tuple[Filter, ...] = (
    scheduler_filters.IgnoreHosts(),
    scheduler_filters.OnlyHosts(),
    scheduler_filters.IgnoreCells(),
    scheduler_filters.AvailabilityZone(),
    scheduler_filters.Affinity(),
    scheduler_filters.AntiAffinity(),
)
WEIGHERS = (Weighted(Free(), 1.0), Weighted(Shuffle(), 0.01))


def uuid_of(name: str) -> str:
    """The uuid that a name always has here: of a host, a cell, an instance."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def request(**fields: Any) -> BuildRequest:
    """A request for 1 VCPU, changed by `fields`."""
    defaults = {
        "request_id": uuid_of("request"),
        "resources": {"VCPU": 1},
        "project_id": "project",
        "user_id": "user",
        "consumer_type": "UNDERSTUDY",
    }
    return BuildRequest(**(defaults | fields))


def group(policy: str, *hosts: str) -> Affinity:
    return Affinity(group_uuid=uuid_of("group"), policy=policy, hosts=list(hosts))


def mapping(
    host: str, cell: str = "cell1", domain: str | None = None, zone: str | None = None
) -> HostMapping:
    return HostMapping(host, f"{host}-node", uuid_of(host), uuid_of(cell), zone, domain)


class Cloud:
    """Hosts that are registered and whose providers the ledger knows."""

    def __init__(self, ledger: FakeLedger | None = None) -> None:
        self.ledger = ledger or FakeLedger()
        self.mappings: dict[str, HostMapping] = {}
        self.disabled_cells: set[str] = set()
        self.now = 0.0

    def add(
        self,
        host: str,
        cell: str = "cell1",
        domain: str | None = None,
        zone: str | None = None,
        **totals: int,
    ) -> None:
        self.ledger.add_host(uuid_of(host), (), (), **(totals or {"VCPU": 4}))
        self.register(host, cell, domain, zone)

    def add_gpus(self, host: str, count: int, **totals: int) -> None:
        for number in range(count):
            self.ledger.add_child(uuid_of(f"{host}-gpu{number}"), uuid_of(host), (), (), **totals)

    def register(
        self, host: str, cell: str = "cell1", domain: str | None = None, zone: str | None = None
    ) -> None:
        self.mappings[host] = mapping(host, cell, domain, zone)

    def cells(self) -> list[CellRecord]:
        uuids = {found.cell_uuid for found in self.mappings.values()}
        return [CellRecord(each, each, "", "", each not in self.disabled_cells) for each in uuids]

    def host_mappings(self) -> list[HostMapping]:
        return list(self.mappings.values())

    def selector(
        self,
        filters: Sequence[Filter] = FILTERS,
        weighers: Sequence[Weighted] = WEIGHERS,
        limits: Limits | None = None,
    ) -> Selector:
        return Selector(
            self.ledger,
            self.ledger,
            CachedHostDirectory(self, min_age=0.0, clock=lambda: self.now),
            filters,
            weighers,
            limits=limits or Limits(),
            clock=lambda: self.now,
        )

    def select(
        self,
        wanted: BuildRequest | None = None,
        instances: Iterable[str] = ("vm",),
        alternates: int = 0,
        held: Mapping[str, int] | None = None,
    ) -> dict[str, Pick]:
        """Select with a new selector, as a scheduler that was just started does."""
        found = wanted or request()
        answer = self.selector().select(
            found.request_id, found, [uuid_of(each) for each in instances], alternates, held or {}
        )
        return picks(answer, instances)

    def held_by(self, *instances: str) -> dict[str, set[str]]:
        """Which hosts each instance holds something of, by name."""
        names = {found.compute_node_uuid: name for name, found in self.mappings.items()}
        holding = self.ledger.holding
        return {
            instance: {
                names[provider]
                for provider in holding.get(uuid_of(instance), {})
                if provider in names
            }
            for instance in instances
        }


def picks(answer: SelectionAnswer, instances: Iterable[str]) -> dict[str, Pick]:
    """The answer by the instances' names."""
    names = {uuid_of(each): each for each in instances}
    return {names[pick.instance_uuid]: pick for pick in answer.picks()}


def hosts(found: Mapping[str, Pick]) -> dict[str, str]:
    """Each instance's chosen host."""
    return {instance: pick.claimed.service_host for instance, pick in found.items()}


def alternates(found: Mapping[str, Pick]) -> dict[str, list[str]]:
    """Each instance's alternates."""
    return {
        instance: [each.service_host for each in pick.alternates]
        for instance, pick in found.items()
    }
