"""Allocation candidates of the fake ledger: every way to place a request in each tree.

As Placement does it: the unnumbered group may spread over its tree, a numbered
one takes all it asks for from one provider. Sharing providers are left out.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import os_traits

from tests.fakes import ledger_providers
from tests.fakes.ledger_providers import FakeProvider, Providers
from understudy.ledger.protocols import Candidate, CandidateSet, ProviderSummary

Placed = list[tuple[FakeProvider, Mapping[str, int]]]
"""One way to place a group: what to take of which provider."""


class Wishes(Protocol):
    """What may be asked of one provider, and of a whole tree too."""

    @property
    def resources(self) -> Mapping[str, int]: ...
    @property
    def required_traits(self) -> Sequence[str]: ...
    @property
    def forbidden_traits(self) -> Sequence[str]: ...
    @property
    def any_traits(self) -> Sequence[Sequence[str]]: ...
    @property
    def aggregates(self) -> Sequence[str]: ...


class Group(Wishes, Protocol):
    """What is asked of one provider: a ResourceGroup is one."""

    @property
    def suffix(self) -> str: ...


class Asked(Wishes, Protocol):
    """What is asked of a tree, with its groups: a BuildRequest is one."""

    @property
    def groups(self) -> Sequence[Group]: ...
    @property
    def group_policy(self) -> str | None: ...
    @property
    def same_subtree(self) -> Sequence[Sequence[str]]: ...


class Way(NamedTuple):
    """One way to place a whole request, in Placement's words, in the tree of one root."""

    root: str
    allocations: dict[str, dict[str, dict[str, int]]]
    mappings: dict[str, list[str]]


def find(providers: Providers, request: Asked, limit: int) -> CandidateSet:
    """Return at most `limit` candidates, and a summary of each tree they touch."""
    found = list(itertools.islice(ways(providers, request), limit))
    summaries = {
        provider.uuid: _summary(provider)
        for provider in touched(providers, {way.root for way in found})
    }
    return CandidateSet([_candidate(way) for way in found], summaries)


def touched(providers: Providers, roots: set[str]) -> list[FakeProvider]:
    """Return all providers of the trees with these roots."""
    return [provider for provider in providers.values() if provider.root in roots]


def ways(providers: Providers, request: Asked) -> Iterator[Way]:
    """Yield every way to place the request."""
    for root in [provider for provider in providers.values() if provider.parent is None]:
        if os_traits.COMPUTE_STATUS_DISABLED in root.traits or not _root_suits(root, request):
            continue
        tree = ledger_providers.tree(providers, root.uuid)
        for placed in _ways(tree, request):
            if _fits_together(placed) and _in_subtrees(providers, request, placed):
                yield _way(root, placed)


def _root_suits(root: FakeProvider, request: Asked) -> bool:
    """Without unnumbered resources the unnumbered traits are asked of the root."""
    if request.resources:
        return True
    required, forbidden = set(request.required_traits), set(request.forbidden_traits)
    return required <= root.traits and not forbidden & root.traits


def _ways(tree: list[FakeProvider], request: Asked) -> Iterator[dict[str, Placed]]:
    """Yield placements by group suffix, isolation respected."""
    options: list[list[tuple[str, Placed]]] = []
    if request.resources:
        options.append([("", placed) for placed in _spread(tree, request)])
    options += [
        [(group.suffix, [(one, group.resources)]) for one in tree if _suits(one, group)]
        for group in request.groups
    ]
    isolated = {group.suffix for group in request.groups if group.resources}
    for combination in itertools.product(*options):
        ways = dict(combination)
        used = [ways[suffix][0][0].uuid for suffix in isolated]
        if request.group_policy != "isolate" or len(set(used)) == len(used):
            yield ways


def _spread(tree: list[FakeProvider], request: Asked) -> Iterator[Placed]:
    """Yield the ways to take the unnumbered resources from this tree."""
    names = list(request.resources)
    hosts = [
        [
            provider
            for provider in tree
            if provider.fits(name, request.resources[name])
            and not set(request.forbidden_traits) & provider.traits
            and _in_aggregates(tree, provider, request)
        ]
        for name in names
    ]
    for chosen in itertools.product(*hosts):
        traits = set().union(*(provider.traits for provider in chosen))
        if _has(traits, request.required_traits, request.any_traits):
            yield [
                (provider, {name: request.resources[name]})
                for provider, name in zip(chosen, names, strict=True)
            ]


def _in_aggregates(tree: list[FakeProvider], provider: FakeProvider, request: Asked) -> bool:
    """Is the provider, or its whole tree by its root, in one of the aggregates?"""
    if not request.aggregates:
        return True
    root = next(other for other in tree if other.uuid == provider.root)
    return bool(set(request.aggregates) & (provider.aggregates | root.aggregates))


def _suits(provider: FakeProvider, group: Group) -> bool:
    return (
        all(provider.fits(name, amount) for name, amount in group.resources.items())
        and _has(provider.traits, group.required_traits, group.any_traits)
        and not set(group.forbidden_traits) & provider.traits
        and (not group.aggregates or bool(set(group.aggregates) & provider.aggregates))
    )


def _has(traits: set[str], required: Iterable[str], any_of: Iterable[Iterable[str]]) -> bool:
    return set(required) <= traits and all(traits & set(choices) for choices in any_of)


def _fits_together(ways: dict[str, Placed]) -> bool:
    """Is there room for what several groups take from one provider?"""
    sums: dict[tuple[str, str], int] = {}
    for provider, resources in itertools.chain.from_iterable(ways.values()):
        for name, amount in resources.items():
            key = provider.uuid, name
            sums[key] = sums.get(key, 0) + amount
            if not provider.has_left(name, sums[key]):
                return False
    return True


def _in_subtrees(providers: Providers, request: Asked, ways: dict[str, Placed]) -> bool:
    """Is one provider of each named set of groups above all the others?"""
    for suffixes in request.same_subtree:
        chosen = {provider.uuid for suffix in suffixes for provider, _ in ways[suffix]}
        above = set.intersection(*(ledger_providers.ancestors(providers, one) for one in chosen))
        if not chosen & above:
            return False
    return True


def _way(root: FakeProvider, ways: dict[str, Placed]) -> Way:
    allocations: dict[str, dict[str, dict[str, int]]] = {}
    for provider, resources in itertools.chain.from_iterable(ways.values()):
        if resources:
            part = allocations.setdefault(provider.uuid, {"resources": {}})["resources"]
            for name, amount in resources.items():
                part[name] = part.get(name, 0) + amount
    mappings = {
        suffix: list(dict.fromkeys(provider.uuid for provider, _ in placed))
        for suffix, placed in ways.items()
    }
    return Way(root.uuid, allocations, mappings)


def _candidate(way: Way) -> Candidate:
    body = {"allocations": way.allocations, "mappings": way.mappings}
    return Candidate(way.root, json.dumps(body, separators=(",", ":")), "1.39")


def _summary(provider: FakeProvider) -> ProviderSummary:
    return ProviderSummary(
        provider.uuid,
        provider.root,
        {name: provider.capacity(name) for name in provider.inventories},
        {name: provider.used.get(name, 0) for name in provider.inventories},
        frozenset(provider.traits),
    )
