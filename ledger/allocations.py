"""Allocations as Placement writes them, and as we compare them."""

from __future__ import annotations

import json
from typing import Any

from understudy.ledger.protocols import Allocations, HeldClaim, Owner, WantedClaim

Amounts = dict[str, dict[str, int]]


def amounts(allocations: dict[str, Any]) -> Amounts:
    """Return amounts by provider and class; generations and the like are left out."""
    return {provider: dict(part["resources"]) for provider, part in allocations.items()}


def wanted_amounts(wanted: WantedClaim) -> Amounts:
    """Return what the claim's allocation request asks for."""
    return amounts(json.loads(wanted.allocation_request)["allocations"])


def payload(allocations: Allocations, owner: Owner, generation: int | None) -> dict[str, Any]:
    """Return the body that sets a consumer's allocations; the owner goes into every one."""
    return {
        "allocations": {
            provider: {"resources": dict(resources)} for provider, resources in allocations.items()
        },
        "project_id": owner.project_id,
        "user_id": owner.user_id,
        "consumer_type": owner.consumer_type,
        "consumer_generation": generation,
    }


def held(consumer: str, body: dict[str, Any]) -> HeldClaim:
    """Return what GET /allocations/{consumer} shows."""
    if not body["allocations"]:
        return HeldClaim(consumer, {}, None, None)
    owner = Owner(body["project_id"], body["user_id"], body["consumer_type"])
    return HeldClaim(consumer, amounts(body["allocations"]), body["consumer_generation"], owner)
