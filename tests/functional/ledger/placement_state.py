"""All that a Placement says of its providers and names, so that two moments can be compared."""

from __future__ import annotations

from typing import Any

from understudy.ledger import api

Provider = dict[str, Any]


def providers(placement: api.PlacementApi) -> dict[str, Provider]:
    """Return every provider whole, by uuid, its generation and its place included."""
    found = {}
    for one in placement.get("/resource_providers")["resource_providers"]:
        path = f"/resource_providers/{one['uuid']}"
        parts = {part: placement.get(f"{path}/{part}") for part in ("inventories", "usages")}
        names = {part: sorted(placement.get(f"{path}/{part}")[part]) for part in LISTS}
        found[one["uuid"]] = {
            key: value for key, value in {**one, **parts, **names}.items() if key != "links"
        }
    return found


def names(placement: api.PlacementApi) -> list[str]:
    """Return every custom trait and every resource class."""
    traits: list[str] = placement.get("/traits", [("name", "startswith:CUSTOM_")])["traits"]
    classes = placement.get("/resource_classes")["resource_classes"]
    return sorted([*traits, *(one["name"] for one in classes)])


def everything(placement: api.PlacementApi) -> tuple[dict[str, Provider], list[str]]:
    """Return providers and names."""
    return providers(placement), names(placement)


def without_generations(value: Any) -> Any:
    """Return it without the counters of writes, which an undone write has raised."""
    if isinstance(value, dict):
        return {
            key: without_generations(part)
            for key, part in value.items()
            if key not in ("generation", "resource_provider_generation")
        }
    if isinstance(value, tuple | list):
        return [without_generations(part) for part in value]
    return value


LISTS = ("traits", "aggregates")
