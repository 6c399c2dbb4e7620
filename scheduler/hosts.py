"""A host as filters and weighers see it: its mapping, what is free, its traits.

The ledger speaks of providers; a host is a tree of them. Here the tree becomes
one host, and each way to take an instance on it stays a candidate of its own
(which GPU, for one).
"""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from understudy.cells.records import HostMapping
from understudy.ledger.protocols import Candidate, CandidateSet, ProviderSummary
from understudy.objects.build_request import BuildRequest


@dataclass(frozen=True, slots=True, eq=False)
class HostCandidate:
    """A registered host with room for at least one instance.

    `capacity` and `free` are sums over the host's own tree by resource class,
    `traits` those of any provider in it. What a sharing provider has is in
    none of them. `candidates` are the ways to take one instance.
    """

    mapping: HostMapping
    candidates: tuple[Candidate, ...] = ()
    capacity: Mapping[str, int] = field(default_factory=dict)
    free: Mapping[str, int] = field(default_factory=dict)
    traits: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The name that requests and operators call it by."""
        return self.mapping.host

    @property
    def uuid(self) -> str:
        """The uuid of its root provider."""
        return self.mapping.compute_node_uuid

    @property
    def cell_uuid(self) -> str:
        """The cell that it belongs to."""
        return self.mapping.cell_uuid

    @property
    def failure_domain(self) -> str | None:
        """What it fails together with, if that is known."""
        return self.mapping.failure_domain

    def after(self, instances: int, asked: Mapping[str, int]) -> HostCandidate:
        """Return the host as it is once it has taken so many instances more."""
        free = {
            resource: amount - instances * asked.get(resource, 0)
            for resource, amount in self.free.items()
        }
        return replace(self, free=free)


def asked(request: BuildRequest) -> dict[str, int]:
    """Return what one instance of the request takes, by resource class."""
    total = Counter(request.resources)
    for group in request.groups:
        total.update(group.resources)
    return dict(total)


def assemble(found: CandidateSet, registered: Mapping[str, HostMapping]) -> list[HostCandidate]:
    """Return the hosts among the candidates' root providers; others are left out."""
    by_root: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in found.candidates:
        by_root[candidate.root_provider].append(candidate)
    trees: dict[str, list[ProviderSummary]] = defaultdict(list)
    for summary in found.summaries.values():
        trees[summary.root].append(summary)
    return [
        _host(registered[root], candidates, trees[root])
        for root, candidates in by_root.items()
        if root in registered
    ]


def turned(hosts: Iterable[HostCandidate], request_id: str) -> list[HostCandidate]:
    """Start each host's candidates elsewhere for each request, the same for the same one.

    All requests would otherwise race for the first GPU of every host.
    """
    turn = zlib.crc32(request_id.encode())
    return [
        replace(host, candidates=_rotated(host.candidates, turn % len(host.candidates)))
        if len(host.candidates) > 1
        else host
        for host in hosts
    ]


def _rotated(candidates: tuple[Candidate, ...], by: int) -> tuple[Candidate, ...]:
    return candidates[by:] + candidates[:by]


def _host(
    mapping: HostMapping, candidates: Sequence[Candidate], tree: Sequence[ProviderSummary]
) -> HostCandidate:
    capacity: dict[str, int] = defaultdict(int)
    free: dict[str, int] = defaultdict(int)
    for provider in tree:
        for resource, amount in provider.capacity.items():
            capacity[resource] += amount
            free[resource] += amount - provider.used.get(resource, 0)
    traits = frozenset().union(*(provider.traits for provider in tree))
    return HostCandidate(mapping, tuple(candidates), dict(capacity), dict(free), traits)
