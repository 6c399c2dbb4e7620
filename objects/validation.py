"""Is a build request possible at all, whatever the cloud holds?

Pure checks of shape; whether a resource class or a trait exists is for whoever
can ask the ledger. Each failure is one InvalidRequest that names the field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from understudy.objects import errors
from understudy.objects.build_request import BuildRequest, ResourceGroup

MAX_COUNT = 1000
"""Instances in one request; more are several requests."""
MAX_AMOUNT = 2**31 - 1
"""Placement keeps amounts as signed 32-bit integers."""

_SUFFIX = re.compile(r"^[A-Za-z0-9_-]{1,64}$")
_NAME = re.compile(r"^[A-Z0-9_]{1,255}$")


def check(request: BuildRequest) -> None:
    """Raise InvalidRequest for the first thing that can never be met."""
    _check_count(request)
    _check_something_asked(request)
    _check_resources("resources", request.resources)
    _check_traits("", request)
    _check_groups(request)
    _check_bounds(request)
    _check_hosts(request)


def _check_count(request: BuildRequest) -> None:
    if request.count < 1:
        raise errors.InvalidRequest(
            "count", f"{request.count} instances were asked for", "ask for 1 or more"
        )
    if request.count > MAX_COUNT:
        raise errors.InvalidRequest(
            "count",
            f"{request.count} instances were asked for",
            f"ask for at most {MAX_COUNT} at once, or send several requests",
        )


def _check_something_asked(request: BuildRequest) -> None:
    if not request.resources and not any(group.resources for group in request.groups):
        raise errors.InvalidRequest(
            "resources", "the request asks for nothing", "name at least one resource class"
        )


def _check_resources(field: str, resources: dict[str, int]) -> None:
    for name, amount in resources.items():
        if not _NAME.match(name):
            raise errors.InvalidRequest(
                f"{field}.{name}",
                "not the name of a resource class",
                "write capitals, digits and underscores, as in VCPU or CUSTOM_GPU_MILLI",
            )
        if amount < 1:
            raise errors.InvalidRequest(
                f"{field}.{name}", f"the amount is {amount}", "ask for 1 or more, or leave it out"
            )
        if amount > MAX_AMOUNT:
            raise errors.InvalidRequest(
                f"{field}.{name}", f"the amount is {amount}", f"ask for at most {MAX_AMOUNT}"
            )


def _check_traits(prefix: str, asked: BuildRequest | ResourceGroup) -> None:
    _check_trait_names(f"{prefix}required_traits", asked.required_traits)
    _check_trait_names(f"{prefix}forbidden_traits", asked.forbidden_traits)
    for traits in asked.any_traits:
        if not traits:
            raise errors.InvalidRequest(
                f"{prefix}any_traits", "one of its lists is empty", "name the traits to choose from"
            )
        _check_trait_names(f"{prefix}any_traits", traits)
    both = sorted(set(asked.required_traits) & set(asked.forbidden_traits))
    if both:
        raise errors.InvalidRequest(
            f"{prefix}required_traits",
            f"{', '.join(both)} is required and forbidden",
            "take it out of one of the two",
        )
    for traits in asked.any_traits:
        if set(traits) <= set(asked.forbidden_traits):
            raise errors.InvalidRequest(
                f"{prefix}any_traits",
                f"every one of {', '.join(sorted(traits))} is forbidden",
                "leave at least one of them allowed",
            )


def _check_trait_names(field: str, traits: Iterable[str]) -> None:
    for trait in traits:
        if not _NAME.match(trait):
            raise errors.InvalidRequest(
                f"{field}.{trait}",
                "not the name of a trait",
                "write capitals, digits and underscores, as in HW_CPU_X86_AVX2 or CUSTOM_FAST",
            )


def _check_groups(request: BuildRequest) -> None:
    suffixes = [group.suffix for group in request.groups]
    for index, group in enumerate(request.groups):
        prefix = f"groups[{index}]."
        if not _SUFFIX.match(group.suffix):
            raise errors.InvalidRequest(
                f"{prefix}suffix",
                f"{group.suffix!r} is not a suffix",
                "write 1 to 64 letters, digits, '_' or '-'",
            )
        if suffixes.index(group.suffix) != index:
            raise errors.InvalidRequest(
                f"{prefix}suffix", f"{group.suffix!r} stands twice", "give each group its own"
            )
        _check_resources(f"{prefix}resources", group.resources)
        _check_traits(prefix, group)
    _check_group_policy(request)
    _check_same_subtree(request.same_subtree, suffixes)


def _check_group_policy(request: BuildRequest) -> None:
    with_resources = [group for group in request.groups if group.resources]
    if len(with_resources) > 1 and request.group_policy is None:
        raise errors.InvalidRequest(
            "group_policy",
            f"{len(with_resources)} groups ask for resources and no policy is given, "
            "which allows one",
            "say 'none' (they may share a provider) or 'isolate' (they may not)",
        )


def _check_same_subtree(subtrees: Sequence[Sequence[str]], suffixes: Sequence[str]) -> None:
    for subtree in subtrees:
        for suffix in subtree:
            if suffix not in suffixes:
                raise errors.InvalidRequest(
                    "same_subtree", f"there is no group {suffix!r}", "name suffixes of groups"
                )


def _check_bounds(request: BuildRequest) -> None:
    lowest = {"max_attempts": 1, "spare_alternates": 0, "max_cells": 1, "deadline_seconds": 1}
    for field, least in lowest.items():
        value = getattr(request, field)
        if value is not None and value < least:
            raise errors.InvalidRequest(field, f"{value} is too low", f"give {least} or more")


def _check_hosts(request: BuildRequest) -> None:
    if request.only_hosts and set(request.only_hosts) <= set(request.ignore_hosts):
        raise errors.InvalidRequest(
            "only_hosts",
            "every host insisted on is also ignored",
            "take one out of ignore_hosts",
        )
