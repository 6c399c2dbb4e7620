"""Does a host describe itself so that it can be taken in?

Pure, and asked before anything is written to a database or to the ledger. The
names are shown, logged and made part of queues; the tree is put into Placement
as it stands. Who the host is, and which providers it may speak for, is for
whoever knows the cell.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from understudy.objects import errors, text
from understudy.objects.host import Host, Provider
from understudy.objects.limits import HostLimits
from understudy.objects.resource_validation import MAX_AMOUNT, check_uuid, is_name

MAX_TEXT: Final = 255
"""Characters in a name: what the databases hold."""
MAX_PROVIDER_NAME: Final = 200
"""Characters in the name of a provider: what Placement holds."""
_LARGEST_RATIO: Final = 3.40282e38
"""Placement keeps ratios in single precision."""
_LEAST: Final[Mapping[str, int]] = {
    "total": 1,
    "reserved": 0,
    "min_unit": 1,
    "max_unit": 1,
    "step_size": 1,
}
_RATIO: Final = "allocation_ratio"
_NAME: Final = "write capitals, digits and underscores, as in CUSTOM_FAST"


def check(host: Host, limits: HostLimits) -> None:
    """Raise InvalidRequest for the first thing that no cell takes."""
    _check_complete("", host, ("name", "nodename", "compute_node_uuid", "agent"))
    for field in ("name", "nodename", "agent"):
        if not text.is_plain_name(getattr(host, field)):
            raise errors.InvalidRequest(
                field, f"{text.excerpt(getattr(host, field))} is no plain name", text.PLAIN_NAME
            )
    for field in ("availability_zone", "failure_domain"):
        if getattr(host, field) is not None:
            _check_text(field, getattr(host, field), MAX_TEXT)
    check_uuid("compute_node_uuid", host.compute_node_uuid)
    check_tree(host.providers, host.compute_node_uuid, limits)


def check_tree(providers: Sequence[Provider], root_uuid: str, limits: HostLimits) -> None:
    """Raise InvalidRequest unless the providers are one whole tree, its root first."""
    _check_count("providers", len(providers), limits.providers)
    for index, provider in enumerate(providers):
        _check_provider(f"providers[{index}].", provider, limits)
    _check_shape(providers, root_uuid)


def check_reason(reason: str | None) -> None:
    """Raise InvalidRequest unless the reason can be shown beside a host."""
    if reason is not None:
        _check_text("reason", reason, MAX_TEXT)


def _check_provider(prefix: str, provider: Provider, limits: HostLimits) -> None:
    _check_complete(prefix, provider, ("uuid", "name"))
    check_uuid(f"{prefix}uuid", provider.uuid)
    if provider.parent_uuid is not None:
        check_uuid(f"{prefix}parent_uuid", provider.parent_uuid)
    _check_text(f"{prefix}name", provider.name, MAX_PROVIDER_NAME)
    _check_count(f"{prefix}traits", len(provider.traits), limits.provider_traits)
    _check_count(f"{prefix}aggregates", len(provider.aggregates), limits.provider_aggregates)
    for trait in provider.traits:
        if not is_name(trait):
            raise errors.InvalidRequest(
                f"{prefix}traits", f"{text.excerpt(trait)} is not the name of a trait", _NAME
            )
    for aggregate in provider.aggregates:
        check_uuid(f"{prefix}aggregates", aggregate)
    _check_inventories(f"{prefix}inventories", provider.inventories, limits.provider_classes)


def _check_inventories(field: str, inventories: Any, most: int) -> None:
    if not isinstance(inventories, dict):
        raise errors.InvalidRequest(
            field, f"{text.excerpt(inventories)} is no map", "write an inventory for each class"
        )
    _check_count(field, len(inventories), most)
    for name, inventory in inventories.items():
        if not isinstance(name, str) or not is_name(name):
            raise errors.InvalidRequest(
                field, f"{text.excerpt(name)} is not the name of a resource class", _NAME
            )
        if not isinstance(inventory, dict) or "total" not in inventory:
            raise errors.InvalidRequest(f"{field}.{name}", "it has no total", "write total: 8")
        for key, value in inventory.items():
            _check_number(f"{field}.{name}", key, value)
        if inventory.get("reserved", 0) > inventory["total"]:
            raise errors.InvalidRequest(
                f"{field}.{name}.reserved", "it is more than the total", "reserve less"
            )


def _check_number(field: str, key: Any, value: Any) -> None:
    if key == _RATIO:
        if not _is_ratio(value):
            raise errors.InvalidRequest(
                f"{field}.{key}", f"{text.excerpt(value)} is no ratio", "write a number above 0"
            )
    elif key not in _LEAST:
        raise errors.InvalidRequest(
            field,
            f"it has no such part as {text.excerpt(key)}",
            f"write {', '.join(_LEAST)} or {_RATIO}",
        )
    elif not _is_whole(value) or not _LEAST[key] <= value <= MAX_AMOUNT:
        raise errors.InvalidRequest(
            f"{field}.{key}",
            f"{text.excerpt(value)} is no amount",
            f"write a whole number from {_LEAST[key]} to {MAX_AMOUNT}",
        )


def _is_whole(value: Any) -> bool:
    """Is it a whole number? 8.0 is one, as in JSON."""
    return type(value) is int or (isinstance(value, float) and value.is_integer())


def _is_ratio(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return 0 < value <= _LARGEST_RATIO and math.isfinite(value)


def _check_shape(providers: Sequence[Provider], root_uuid: str) -> None:
    """Hold each provider against those above it: so there is one root, and no cycle."""
    root = providers[0] if providers else None
    if root is None or root.uuid != root_uuid or root.parent_uuid is not None:
        raise errors.InvalidRequest(
            "providers[0]",
            "it is not the host's own provider",
            "begin with one that has no parent and the host's compute_node_uuid",
        )
    names: set[str] = set()
    above: set[str] = set()
    for index, provider in enumerate(providers):
        place = f"providers[{index}]"
        if provider.uuid in above or provider.name in names:
            raise errors.InvalidRequest(
                place, "its uuid or its name stands twice", "give each provider its own"
            )
        if index and provider.parent_uuid not in above:
            raise errors.InvalidRequest(
                f"{place}.parent_uuid",
                "no provider before it has this uuid",
                "name the host's own provider, or one that comes before",
            )
        names.add(provider.name)
        above.add(provider.uuid)


def _check_complete(prefix: str, thing: Host | Provider, fields: tuple[str, ...]) -> None:
    for field in _missing(thing, fields):
        raise errors.InvalidRequest(f"{prefix}{field}", "it is missing", "write it down")


def _missing(thing: Host | Provider, fields: tuple[str, ...]) -> Iterator[str]:
    return (field for field in fields if not thing.obj_attr_is_set(field))


def _check_count(field: str, found: int, most: int) -> None:
    if found > most:
        raise errors.InvalidRequest(field, f"{found} are too many", f"give at most {most}")


def _check_text(field: str, found: str, longest: int) -> None:
    if not found.strip() or not found.isprintable():
        raise errors.InvalidRequest(
            field,
            f"{text.excerpt(found)} cannot be shown",
            "write printable characters, and not only spaces",
        )
    if len(found) > longest:
        raise errors.InvalidRequest(
            field, f"{len(found)} characters are too long", f"write at most {longest}"
        )
