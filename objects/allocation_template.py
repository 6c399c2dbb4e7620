"""Allocation requests that differ only in their providers, told apart from these.

A template is the allocation request with each provider's uuid replaced by its
number; many hosts of one kind share a template and differ in a list of uuids.
What `join` gives back says the same as what was split, in the most compact JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any


def split(allocation_request: str) -> tuple[str, tuple[str, ...]]:
    """Return (template, provider uuids); `join` puts them together again."""
    request: dict[str, Any] = json.loads(allocation_request)
    # A group without resources is mapped to a provider that nothing is taken from.
    mapped = (uuid for uuids in request.get("mappings", {}).values() for uuid in uuids)
    providers = tuple(dict.fromkeys([*request["allocations"], *mapped]))
    number = {provider: str(index) for index, provider in enumerate(providers)}
    return _dump(_rename(request, number)), providers


def join(template: str, providers: Sequence[str]) -> str:
    """Return the allocation request of `template` for these provider uuids."""
    number = {str(index): provider for index, provider in enumerate(providers)}
    return _dump(_rename(json.loads(template), number))


def _rename(request: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    renamed = dict(request)
    renamed["allocations"] = {
        names[provider]: part for provider, part in request["allocations"].items()
    }
    if "mappings" in request:
        renamed["mappings"] = {
            suffix: [names[provider] for provider in providers]
            for suffix, providers in request["mappings"].items()
        }
    return renamed


def _dump(request: dict[str, Any]) -> str:
    return json.dumps(request, separators=(",", ":"))
