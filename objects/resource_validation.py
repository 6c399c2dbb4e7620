"""Is what a request asks of providers possible: resources, traits, groups?

The rules are Placement's own for GET /allocation_candidates, checked before it
is asked, so that the client is told which field to mend.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeGuard

from understudy.objects import errors
from understudy.objects import text as texts
from understudy.objects.build_request import BuildRequest, ResourceGroup

MAX_AMOUNT = 2**31 - 1
"""Placement keeps amounts as signed 32-bit integers."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SUFFIX = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LISTED = 300
"""Characters of a list of names in an error."""
_NAME = re.compile(r"[A-Z0-9_]{1,255}")


def check(request: BuildRequest) -> None:
    """Raise InvalidRequest for the first thing that no provider can ever meet."""
    _check_something_asked(request)
    _check_asked("", request)
    _check_unnumbered(request)
    _check_groups(request)
    _check_same_subtree(request)


def is_name(name: str) -> bool:
    """Is it written as Placement writes resource classes, traits and consumer types?"""
    return bool(_NAME.fullmatch(name))


def is_uuid(text: object) -> TypeGuard[str]:
    """Is it a uuid in its one canonical form, which databases can compare?"""
    return isinstance(text, str) and bool(_UUID.fullmatch(text))


def check_uuid(field: str, text: object) -> None:
    """Raise InvalidRequest unless it is a uuid in its canonical form."""
    if not is_uuid(text):
        raise errors.InvalidRequest(
            field,
            f"{texts.excerpt(text)} is not a uuid",
            "write 32 lower-case hex digits as 8-4-4-4-12",
        )


def _check_something_asked(request: BuildRequest) -> None:
    if not request.resources and not any(group.resources for group in request.groups):
        raise errors.InvalidRequest(
            "resources", "the request asks for nothing", "name at least one resource class"
        )


def _check_asked(prefix: str, asked: BuildRequest | ResourceGroup) -> None:
    _check_resources(f"{prefix}resources", asked.resources)
    _check_trait_names(f"{prefix}required_traits", asked.required_traits)
    _check_trait_names(f"{prefix}forbidden_traits", asked.forbidden_traits)
    _check_contradiction(prefix, asked)
    for index, traits in enumerate(asked.any_traits):
        _check_any(f"{prefix}any_traits[{index}]", traits, asked.forbidden_traits)
    for aggregate in asked.aggregates:
        if not is_uuid(aggregate):
            raise errors.InvalidRequest(
                f"{prefix}aggregates",
                f"{texts.excerpt(aggregate)} is not the uuid of an aggregate",
                "write 32 lower-case hex digits as 8-4-4-4-12",
            )


def _check_resources(field: str, resources: Mapping[str, int]) -> None:
    for name, amount in resources.items():
        if not is_name(name):
            raise errors.InvalidRequest(
                field,
                f"{texts.excerpt(name)} is not the name of a resource class",
                "write capitals, digits and underscores, as in VCPU or CUSTOM_GPU_MILLI",
            )
        if amount < 1:
            raise errors.InvalidRequest(
                f"{field}.{name}",
                f"the amount is {texts.excerpt(amount)}",
                "ask for 1 or more, or leave it out",
            )
        if amount > MAX_AMOUNT:
            raise errors.InvalidRequest(
                f"{field}.{name}",
                f"the amount is {texts.excerpt(amount)}",
                f"ask for at most {MAX_AMOUNT}",
            )


def _check_trait_names(field: str, traits: Iterable[str]) -> None:
    for trait in traits:
        if not is_name(trait):
            raise errors.InvalidRequest(
                field,
                f"{texts.excerpt(trait)} is not the name of a trait",
                "write capitals, digits and underscores, as in HW_CPU_X86_AVX2 or CUSTOM_FAST",
            )


def _check_contradiction(prefix: str, asked: BuildRequest | ResourceGroup) -> None:
    both = sorted(set(asked.required_traits) & set(asked.forbidden_traits))
    if both:
        raise errors.InvalidRequest(
            f"{prefix}required_traits",
            f"{_listed(both)} is required and forbidden",
            "take it out of one of the two",
        )


def _check_any(field: str, traits: Sequence[str], forbidden: Sequence[str]) -> None:
    if not traits:
        raise errors.InvalidRequest(
            field, "the list is empty", "name the traits to choose from, or leave the list out"
        )
    _check_trait_names(field, traits)
    if set(traits) <= set(forbidden):
        raise errors.InvalidRequest(
            field,
            f"every one of {_listed(sorted(set(traits)))} is forbidden",
            "leave at least one of them allowed",
        )


def _check_unnumbered(request: BuildRequest) -> None:
    if request.resources:
        return
    for field in ("required_traits", "forbidden_traits", "any_traits", "aggregates"):
        if getattr(request, field):
            raise errors.InvalidRequest(
                field,
                "it narrows the resources beside it, and there are none",
                "move it into the group it is meant for, or ask for resources here",
            )


def _check_groups(request: BuildRequest) -> None:
    suffixes: set[str] = set()
    in_subtrees = {suffix for subtree in request.same_subtree for suffix in subtree}
    for index, group in enumerate(request.groups):
        prefix = f"groups[{index}]."
        if not _SUFFIX.fullmatch(group.suffix):
            raise errors.InvalidRequest(
                f"{prefix}suffix",
                f"{texts.excerpt(group.suffix)} is not a suffix",
                "write 1 to 64 letters, digits, '_' or '-'",
            )
        if group.suffix in suffixes:
            raise errors.InvalidRequest(
                f"{prefix}suffix", f"{group.suffix!r} stands twice", "give each group its own"
            )
        suffixes.add(group.suffix)
        _check_asked(prefix, group)
        _check_resourceless(prefix, group, in_subtrees)
    if len(suffixes) > 1 and request.group_policy is None:
        raise errors.InvalidRequest(
            "group_policy",
            f"there are {len(suffixes)} groups and no policy, which is enough for one only",
            "say 'none' (they may share a provider) or 'isolate' (they may not)",
        )


def _check_resourceless(prefix: str, group: ResourceGroup, in_subtrees: set[str]) -> None:
    if group.resources:
        return
    # Placement never sees a group that says nothing, and then knows no such suffix.
    if not (group.required_traits or group.forbidden_traits or group.any_traits):
        raise errors.InvalidRequest(
            f"{prefix}resources", "the group asks for nothing", "name at least one resource class"
        )
    if group.suffix not in in_subtrees:
        raise errors.InvalidRequest(
            f"{prefix}resources",
            "the group asks for none and no same_subtree names it",
            f"ask for resources, or put {group.suffix!r} into a same_subtree",
        )


def _check_same_subtree(request: BuildRequest) -> None:
    groups = {group.suffix: group for group in request.groups}
    for index, subtree in enumerate(request.same_subtree):
        field = f"same_subtree[{index}]"
        for suffix in subtree:
            if suffix not in groups:
                raise errors.InvalidRequest(
                    field, f"there is no group {texts.excerpt(suffix)}", "name suffixes of groups"
                )
        if len(set(subtree)) != len(subtree):
            raise errors.InvalidRequest(field, "a suffix stands twice", "name each group once")
        # One group without resources is a demand of its own: some provider has its traits.
        if not subtree or (len(subtree) == 1 and groups[subtree[0]].resources):
            raise errors.InvalidRequest(
                field,
                "it takes two groups to share an ancestor",
                "name the other suffix, or leave the list out",
            )


def _listed(names: Sequence[str]) -> str:
    return texts.printable(", ".join(names), _LISTED)
