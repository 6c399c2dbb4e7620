"""The tree that a host reports, held against itself and its bounds.

Whatever stands in it came from the host: none of it is believed before it has
passed here. Nothing is asked of Placement, so a tree that is refused here has
left no trace.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from understudy.ledger import cell_trait, errors
from understudy.objects.host import Provider

MAX_AGGREGATES: Final = 256
MAX_INT: Final = 2**31 - 1
MAX_NAME: Final = 200
"""Of a provider, as Placement keeps it."""
MAX_RATIO: Final = 3.40282e38

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME: Final = re.compile(r"[A-Z0-9_]{1,255}")
_LEAST: Final = {"total": 1, "reserved": 0, "min_unit": 1, "max_unit": 1, "step_size": 1}
_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a host's tree may be: providers, and names at each provider."""

    providers: int = 256
    traits: int = 256
    classes: int = 64


def check(providers: Sequence[Provider], bounds: Bounds) -> None:
    """Raise TreeRefused unless this is one whole tree, root first, within its bounds."""
    if not providers:
        raise errors.TreeRefused("a host without a name", "it has no root provider")
    refusal = _Refusal(shown(providers[0].name))
    if len(providers) > bounds.providers:
        refusal.of(f"{len(providers)} providers, at most {bounds.providers} may be")
    _check_shape(providers, refusal)
    for provider in providers:
        _check_names(provider, bounds, refusal)
        for name, inventory in provider.inventories.items():
            _check_inventory(f"inventory {name} of {shown(provider.name)}", inventory, refusal)


def shown(text: str) -> str:
    """Return what a host said, fit for one line: short, printable, ASCII."""
    cut = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    return cut.encode("unicode_escape").decode("ascii")


class _Refusal:
    """Says what is wrong with the tree of one host."""

    def __init__(self, host: str) -> None:
        self._host = host

    def of(self, detail: str) -> NoReturn:
        raise errors.TreeRefused(self._host, detail)


def _check_shape(providers: Sequence[Provider], refusal: _Refusal) -> None:
    """Hold each provider against those above it: so there is one root, and no cycle."""
    uuids: set[str] = set()
    names: set[str] = set()
    for provider in providers:
        name = shown(provider.name)
        if not _is_uuid(provider.uuid):
            refusal.of(f"{shown(provider.uuid)}, the uuid of {name}, is no canonical uuid")
        if not 1 <= len(provider.name) <= MAX_NAME or not provider.name.isprintable():
            refusal.of(f"{name} is no name of 1 to {MAX_NAME} printable characters")
        if provider.uuid in uuids or provider.name in names:
            refusal.of(f"{name} ({provider.uuid}) stands in it twice")
        if not uuids and provider.parent_uuid is not None:
            refusal.of(f"its first provider, {name}, has a parent; list the root first")
        if uuids and provider.parent_uuid not in uuids:
            parent = shown(str(provider.parent_uuid))
            refusal.of(f"the parent of {name}, {parent}, is not above it in the tree")
        uuids.add(provider.uuid)
        names.add(provider.name)


def _check_names(provider: Provider, bounds: Bounds, refusal: _Refusal) -> None:
    name = shown(provider.name)
    # The field takes any JSON.
    inventories: object = provider.inventories
    if not isinstance(inventories, Mapping):
        refusal.of(f"the inventories of {name} are no object")
    traits, classes = provider.traits, list(inventories)
    for what, found, at_most in (
        ("traits", traits, bounds.traits),
        ("resource classes", classes, bounds.classes),
        ("aggregates", provider.aggregates, MAX_AGGREGATES),
    ):
        _check_count(f"{what} of {name}", found, at_most, refusal)
    for one in (*traits, *classes):
        if not _NAME.fullmatch(one):
            refusal.of(f"{shown(one)} at {name} is no name of a trait or resource class")
        if one.startswith(cell_trait.RESERVED):
            refusal.of(f"{one} at {name}: what begins with {cell_trait.RESERVED} is not a host's")
    for one in provider.aggregates:
        if not _is_uuid(one):
            refusal.of(f"{shown(one)} at {name} is no uuid of an aggregate")


def _check_count(what: str, found: Collection[object], at_most: int, refusal: _Refusal) -> None:
    if len(found) > at_most:
        refusal.of(f"{len(found)} {what}, at most {at_most} may be")


def _check_inventory(what: str, inventory: Any, refusal: _Refusal) -> None:
    """Hold it against Placement's own rules, so that a write is not refused midway."""
    if not isinstance(inventory, Mapping) or "total" not in inventory:
        refusal.of(f"{what} has no total")
    for field, value in inventory.items():
        least = _LEAST.get(field)
        if field == "allocation_ratio":
            fits = _is_number(value) and 0 <= value <= MAX_RATIO
        else:
            fits = least is not None and _is_whole(value) and least <= value <= MAX_INT
        if not fits:
            refusal.of(f"{what}: {shown(str(field))} cannot be {shown(str(value))}")
    if inventory.get("reserved", 0) > inventory["total"]:
        refusal.of(f"{what}: more is reserved than there is")


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]


def _is_whole(value: object) -> bool:
    return _is_number(value) and value == int(value)  # type: ignore[call-overload]


def _is_uuid(text: object) -> bool:
    return isinstance(text, str) and _UUID.fullmatch(text) is not None
