"""What would be left of each provider while a request is being planned.

Only the plan's own picture: Placement decides. It keeps one batch from going to
a host that it would itself fill up. What is shared between hosts is counted
once, because amounts are kept by provider and not by host.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from understudy.ledger.protocols import Candidate, ProviderSummary

Need = dict[tuple[str, str], int]
"""Amounts by (provider uuid, resource class)."""


def need(allocation_request: str) -> Need:
    """Return what an allocation request takes of each provider."""
    parsed: dict[str, Any] = json.loads(allocation_request)
    return {
        (provider, resource): amount
        for provider, part in parsed["allocations"].items()
        for resource, amount in part["resources"].items()
    }


class Room:
    """The free amounts of all providers, less what was taken here."""

    def __init__(
        self, summaries: Mapping[str, ProviderSummary], taken: Iterable[Candidate] = ()
    ) -> None:
        """Start from the ledger's summaries, with these candidates taken already."""
        self._summaries = summaries
        self._taken: Counter[tuple[str, str]] = Counter()
        self._needs: dict[str, Need] = {}
        for candidate in taken:
            self.take(candidate)

    def first_fit(self, candidates: Iterable[Candidate]) -> Candidate | None:
        """Return the first candidate that there is room for."""
        return next((candidate for candidate in candidates if self.fits(candidate)), None)

    def fits(self, candidate: Candidate) -> bool:
        """Is there room for one more of this?"""
        return all(
            amount <= self._free(provider, resource) - self._taken[provider, resource]
            for (provider, resource), amount in self._need(candidate).items()
        )

    def take(self, candidate: Candidate) -> None:
        """Take what the candidate asks for."""
        self._taken.update(self._need(candidate))

    def give_back(self, candidate: Candidate) -> None:
        """Undo one `take`."""
        self._taken.subtract(self._need(candidate))

    def _free(self, provider: str, resource: str) -> float:
        """Return what the ledger showed as free; the unknown is for the ledger to refuse."""
        summary = self._summaries.get(provider)
        if summary is None or resource not in summary.capacity:
            return float("inf")
        return summary.capacity[resource] - summary.used.get(resource, 0)

    def _need(self, candidate: Candidate) -> Need:
        text = candidate.allocation_request
        if text not in self._needs:
            self._needs[text] = need(text)
        return self._needs[text]
