"""What the audit reads: who holds what on a provider, and what the provider counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from understudy.ledger import allocations, api


class PlacementBooks:
    """`protocols.Books` on Placement. Safe to use from many threads."""

    def __init__(self, placement: api.PlacementApi) -> None:
        """Read through `placement`."""
        self._api = placement

    def claims_on(self, provider: str) -> Mapping[str, Mapping[str, int]]:
        """Return consumer -> amounts by class held on this provider (any type)."""
        body = self._api.get(f"/resource_providers/{provider}/allocations")
        return allocations.amounts(body["allocations"])

    def usages(self, provider: str) -> Mapping[str, int]:
        """Return amounts by class in use on this provider."""
        usages: dict[str, int] = self._api.get(f"/resource_providers/{provider}/usages")["usages"]
        return usages

    def providers_of(self, root_provider: str) -> Sequence[str]:
        """Return the uuids of the tree below (and with) this root; none where it is unknown."""
        body = self._api.get("/resource_providers", [("in_tree", root_provider)])
        return [found["uuid"] for found in body["resource_providers"]]
