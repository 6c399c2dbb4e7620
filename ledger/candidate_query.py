"""A build request as the query of GET /allocation_candidates, for one instance."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import os_traits

from understudy.objects.build_request import BuildRequest, ResourceGroup

DISABLED: Final = os_traits.COMPUTE_STATUS_DISABLED
"""The trait of a host that takes no new instance."""
_ANY_CLASS: Final = ""


def query(request: BuildRequest, limit: int) -> list[tuple[str, str]]:
    """Return the parameters; a host that is disabled is left out whatever is asked.

    It is left out by `root_required`, which looks at the root of each tree: a
    trait forbidden in the unnumbered group says nothing of the host where that
    group asks for no resources.
    """
    found: list[tuple[str, str]] = []
    root_traits = [f"!{DISABLED}"]
    if request.resources:
        found += _group("", request)
    else:
        root_traits += _trait_list(request)
        found += _group_choices("", request)
    for group in request.groups:
        found += _group(group.suffix, group)
    if request.group_policy is not None and request.groups:
        found.append(("group_policy", request.group_policy))
    found += [("same_subtree", ",".join(suffixes)) for suffixes in request.same_subtree]
    return [*found, ("root_required", ",".join(root_traits)), ("limit", str(limit))]


@dataclass(frozen=True, slots=True)
class Sharing:
    """How many groups share a resource class with another, the unnumbered one included.

    However their traits and amounts differ, Placement tries every way to deal
    the providers of a class out to them. Groups without resources may take any
    provider: they share one class with each other.
    """

    most: int
    """Groups that ask for the same class, at most."""
    in_all: int
    """Groups that ask for a class that another group asks for too."""


def sharing(request: BuildRequest) -> Sharing:
    """Return how many groups of the request share a class."""
    asked = [frozenset(group.resources) or {_ANY_CLASS} for group in request.groups]
    if request.resources:
        asked.append(frozenset(request.resources))
    groups = Counter(itertools.chain.from_iterable(asked))
    shared = {name for name, count in groups.items() if count > 1}
    return Sharing(max(groups.values(), default=0), sum(bool(one & shared) for one in asked))


def largest_amounts(request: BuildRequest) -> dict[str, int]:
    """Return the most that any one group asks of each resource class."""
    largest: dict[str, int] = {}
    for asked in (request.resources, *(group.resources for group in request.groups)):
        for name, amount in asked.items():
            largest[name] = max(amount, largest.get(name, 0))
    return largest


def resources(amounts: Mapping[str, int]) -> str:
    """Return amounts in the query's spelling: "MEMORY_MB:2048,VCPU:2"."""
    return ",".join(f"{name}:{amount}" for name, amount in sorted(amounts.items()))


def _group(suffix: str, asked: BuildRequest | ResourceGroup) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if asked.resources:
        found.append((f"resources{suffix}", resources(asked.resources)))
    if traits := _trait_list(asked):
        found.append((f"required{suffix}", ",".join(traits)))
    return found + _group_choices(suffix, asked)


def _group_choices(suffix: str, asked: BuildRequest | ResourceGroup) -> list[tuple[str, str]]:
    found = [(f"required{suffix}", f"in:{','.join(traits)}") for traits in asked.any_traits]
    if asked.aggregates:
        found.append((f"member_of{suffix}", f"in:{','.join(asked.aggregates)}"))
    return found


def _trait_list(asked: BuildRequest | ResourceGroup) -> list[str]:
    return [*asked.required_traits, *(f"!{trait}" for trait in asked.forbidden_traits)]
