"""Does a build request hold more than the operator allows?

Counts and lengths only, each looked at once: what passes is small enough for
checks that take longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from understudy.objects import errors
from understudy.objects.base import UnderstudyObject
from understudy.objects.build_request import BuildRequest, ResourceGroup
from understudy.objects.limits import RequestLimits

Counted = tuple[str, int, int]
"""A field, what it holds, and the most that it may hold."""


def check(request: BuildRequest, limits: RequestLimits) -> None:
    """Raise InvalidRequest for the first thing that there is too much of."""
    for field, found, most in _counts(request, limits):
        if found > most:
            raise errors.InvalidRequest(
                field, f"{found} are too many", f"give at most {most}, or send several requests"
            )
    given = _bytes(request.parameters)
    if given > limits.parameter_bytes:
        raise errors.InvalidRequest(
            "parameters",
            f"they are {given} bytes long",
            f"keep them to {limits.parameter_bytes}, and let the instance fetch the rest",
        )
    size = _bytes(request) - _bytes(_members(request))
    if size > limits.request_bytes:
        raise errors.InvalidRequest(
            "request",
            f"its texts are {size} bytes long",
            f"keep them to {limits.request_bytes}",
        )


def _counts(request: BuildRequest, limits: RequestLimits) -> Iterator[Counted]:
    yield "count", request.count, limits.instances
    yield "only_hosts", len(request.only_hosts), limits.hosts
    yield "ignore_hosts", len(request.ignore_hosts), limits.hosts
    yield "ignore_cells", len(request.ignore_cells), limits.cells
    yield "affinity.hosts", len(_members(request)), limits.group_hosts
    yield "parameters", len(request.parameters), limits.parameters
    yield "groups", len(request.groups), limits.groups
    yield "same_subtree", len(request.same_subtree), limits.groups
    for index, subtree in enumerate(request.same_subtree):
        yield f"same_subtree[{index}]", len(subtree), limits.groups
    yield from _group_counts("", request, limits)
    for index, group in enumerate(request.groups):
        yield from _group_counts(f"groups[{index}].", group, limits)


def _group_counts(
    prefix: str, asked: BuildRequest | ResourceGroup, limits: RequestLimits
) -> Iterator[Counted]:
    yield f"{prefix}resources", len(asked.resources), limits.resource_classes
    yield f"{prefix}required_traits", len(asked.required_traits), limits.traits
    yield f"{prefix}forbidden_traits", len(asked.forbidden_traits), limits.traits
    yield f"{prefix}any_traits", len(asked.any_traits), limits.traits
    yield f"{prefix}any_traits", sum(map(len, asked.any_traits)), limits.traits
    yield f"{prefix}aggregates", len(asked.aggregates), limits.aggregates


def _members(request: BuildRequest) -> Sequence[str]:
    return () if request.affinity is None else request.affinity.hosts


def _bytes(value: Any) -> int:
    """Return how many bytes the texts in a value take, keys included."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, UnderstudyObject):
        return sum(_bytes(getattr(value, name)) for name in value.fields)
    if isinstance(value, dict):
        return sum(_bytes(key) + _bytes(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return sum(map(_bytes, value))
    return 0
