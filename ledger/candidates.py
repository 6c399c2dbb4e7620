"""Who could take an instance: allocation candidates, as Placement sees them now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import os_traits

from understudy.ledger import allocations, api, candidate_query, errors
from understudy.ledger.protocols import Candidate, CandidateSet, ProviderSummary
from understudy.objects.build_request import BuildRequest

_BAD_REQUEST: Final = 400

Summaries = Mapping[str, ProviderSummary]


@dataclass(frozen=True, slots=True)
class GroupBounds:
    """How many groups of a request may share a resource class with another.

    `equal` may ask for the same class, `sharing` may share some class.
    """

    equal: int = 5
    sharing: int = 6

    def check(self, request: BuildRequest) -> None:
        """Raise TooManyEqualGroups where it has more."""
        found = candidate_query.sharing(request)
        for count, at_most in ((found.most, self.equal), (found.in_all, self.sharing)):
            if count > at_most:
                raise errors.TooManyEqualGroups(count, at_most)


class PlacementCandidates:
    """`protocols.Candidates` on Placement. Safe to use from many threads.

    Placement enumerates the ways to give groups to the providers of a class,
    whatever else they ask for: 6 groups on a host of 8 are 262,144 ways, which
    it tries one by one. So more than `bounds` are refused before it is asked.
    """

    def __init__(self, placement: api.PlacementApi, bounds: GroupBounds | None = None) -> None:
        """Answer requests within `bounds`."""
        self._api = placement
        self._bounds = bounds or GroupBounds()

    def find(self, request: BuildRequest, limit: int) -> CandidateSet:
        """Return at most `limit` candidates for ONE instance of the request."""
        self._bounds.check(request)
        body = self._api.get("/allocation_candidates", candidate_query.query(request, limit))
        summaries = {
            uuid: _summary(uuid, part) for uuid, part in body["provider_summaries"].items()
        }
        found = [_candidate(part, summaries) for part in body["allocation_requests"]]
        return CandidateSet(found, summaries)

    def capable(self, request: BuildRequest) -> Mapping[str, int]:
        """Return how many providers have room for each resource class alone."""
        return {
            name: self._providers_with(name, amount)
            for name, amount in candidate_query.largest_amounts(request).items()
        }

    def _providers_with(self, name: str, amount: int) -> int:
        query = [("resources", candidate_query.resources({name: amount}))]
        try:
            return len(self._api.get("/resource_providers", query)["resource_providers"])
        except errors.LedgerRefused as error:
            if error.status == _BAD_REQUEST:
                return 0  # a class that the ledger does not know: nobody has it
            raise


def _summary(uuid: str, part: dict[str, Any]) -> ProviderSummary:
    resources = part["resources"]
    return ProviderSummary(
        uuid,
        part["root_provider_uuid"],
        {name: figures["capacity"] for name, figures in resources.items()},
        {name: figures["used"] for name, figures in resources.items()},
        frozenset(part["traits"]),
    )


def _candidate(part: dict[str, Any], summaries: Summaries) -> Candidate:
    """Keep what a claim needs (and the mappings, which say which group is where)."""
    amounts = allocations.amounts(part["allocations"])
    kept: dict[str, Any] = {
        "allocations": {uuid: {"resources": resources} for uuid, resources in amounts.items()}
    }
    if "mappings" in part:
        kept["mappings"] = part["mappings"]
    text = json.dumps(kept, separators=(",", ":"))
    return Candidate(_root(list(amounts), summaries), text, api.MICROVERSION)


def _root(providers: list[str], summaries: Summaries) -> str:
    """Return the root of the host among these; a sharing provider belongs to no host."""
    own = [
        summaries[uuid].root
        for uuid in providers
        if os_traits.MISC_SHARES_VIA_AGGREGATE not in summaries[uuid].traits
    ]
    return own[0] if own else summaries[providers[0]].root
