"""What to do about a claim that an instance turns out to hold already.

Pure. A run of the same request that was killed leaves claims behind; the next
run finds them when its own are refused as stale. Adopting one means to write
the same once more, which raises its generation: if the first run still lives,
it can neither move nor undo the claim any more.

The first run may have been answered all the same, and this one be a late copy:
then a build stands on the claim. So what another run claimed is never moved.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from understudy.ledger import api
from understudy.ledger.protocols import Allocations, Candidate, HeldClaim, Owner
from understudy.objects.build_request import BuildRequest, ResourceGroup
from understudy.objects.fields import AffinityPolicy, GroupPolicy
from understudy.scheduler import claiming, filters, hosts, room
from understudy.scheduler.hosts import HostCandidate
from understudy.scheduler.plan import Planned


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Nobody wrote to it: it holds what this run was told it holds."""


@dataclass(frozen=True, slots=True)
class Adopt:
    """It is a claim that this run could have made: write the same again."""

    planned: Planned


@dataclass(frozen=True, slots=True)
class Leave:
    """It is not for us to write to."""

    why: str


Verdict = Unchanged | Adopt | Leave


@dataclass(frozen=True, slots=True)
class Expectation:
    """What this run believes of an instance: whose it is and what it was told it holds."""

    instance: str
    owner: Owner
    generation: int | None
    is_first: bool


def judge(
    held: HeldClaim,
    expected: Expectation,
    host: HostCandidate | None,
    request: BuildRequest,
    adopted: Sequence[Planned],
) -> Verdict:
    """Return what to do about `held`, which is on `host` (None: on no host of ours).

    `adopted` are claims of other instances of the request that stay where they are.
    """
    if held.generation == expected.generation:
        return Unchanged()
    if held.generation is None:
        return Unchanged() if expected.is_first else Leave("it holds no claim any more")
    if held.owner != expected.owner:
        return Leave(f"it holds a claim of {held.owner}")
    wanted = _beside_members(request) if expected.is_first else request
    if host is not None and _suits(held, host, wanted, adopted):
        return Adopt(Planned(expected.instance, host, _candidate(held, host, request)))
    return Leave(
        f"its claim is at generation {held.generation}, not at {expected.generation}, "
        "and on no host that the request allows"
    )


def _beside_members(request: BuildRequest) -> BuildRequest:
    """Return what allows a host that a member of its group to be apart from has taken since.

    Cells keep such members apart, and move the later one to an alternate.
    """
    group = request.affinity
    if group is None or group.policy != AffinityPolicy.ANTI_AFFINITY:
        return request
    beside: BuildRequest = request.obj_clone()
    beside.affinity = None
    return beside


def clashes(fresh: Planned, adopted: Planned, request: BuildRequest) -> bool:
    """May these two of one request not both stay where they are?"""
    match request.affinity.policy if request.affinity else None:
        case AffinityPolicy.ANTI_AFFINITY:
            return fresh.host.uuid == adopted.host.uuid
        case AffinityPolicy.AFFINITY:
            return fresh.host.uuid != adopted.host.uuid
    return False


def _suits(
    held: HeldClaim, host: HostCandidate, request: BuildRequest, adopted: Sequence[Planned]
) -> bool:
    here = Planned(held.consumer, host, _candidate(held, host, request))
    return (
        not any(clashes(here, other, request) for other in adopted)
        and filters.request_allows(host, request)
        and _totals(held) == hosts.asked(request)
    )


def _totals(held: HeldClaim) -> dict[str, int]:
    totals: dict[str, int] = {}
    for part in held.allocations.values():
        for resource, amount in part.items():
            totals[resource] = totals.get(resource, 0) + amount
    return totals


def _candidate(held: HeldClaim, host: HostCandidate, request: BuildRequest) -> Candidate:
    """Return the host's candidate that was claimed; rebuild it where none is shown any more."""
    amounts = claiming.amounts(held)
    for candidate in host.candidates:
        if room.need(candidate.allocation_request) == amounts:
            return candidate
    rebuilt: dict[str, Any] = {
        "allocations": {
            provider: {"resources": dict(part)} for provider, part in held.allocations.items()
        }
    }
    mappings = _mappings(held.allocations, request)
    if mappings is not None:
        rebuilt["mappings"] = mappings
    text = json.dumps(rebuilt, separators=(",", ":"))
    return Candidate(host.uuid, text, api.MICROVERSION)


def _mappings(allocations: Allocations, request: BuildRequest) -> dict[str, list[str]] | None:
    """Return which group is served by which provider, which the ledger does not keep.

    Groups that ask for the same may come out exchanged, which is as good. A
    group without resources cannot be told; None where nothing fits.
    """
    left = {provider: dict(part) for provider, part in allocations.items()}
    groups = [group for group in request.groups if group.resources]
    isolate = request.group_policy == GroupPolicy.ISOLATE
    served = _serve(groups, left, isolate=isolate)
    if served is None:
        return None
    mappings = {suffix: [provider] for suffix, provider in served.items()}
    if request.resources:
        mappings[""] = [provider for provider, part in left.items() if any(part.values())]
    return mappings


def _serve(
    groups: Sequence[ResourceGroup],
    left: dict[str, dict[str, int]],
    *,
    isolate: bool,
    barred: frozenset[str] = frozenset(),
) -> dict[str, str] | None:
    """Give each group a provider and take that out of `left`; None, and as before, if it fails."""
    if not groups:
        return {}
    group, *rest = groups
    for provider, part in left.items():
        if provider in barred or not _covers(part, group.resources):
            continue
        before = dict(part)
        part.update({name: part[name] - amount for name, amount in group.resources.items()})
        closed = barred | {provider} if isolate else barred
        others = _serve(rest, left, isolate=isolate, barred=closed)
        if others is not None:
            return {group.suffix: provider, **others}
        part.update(before)
    return None


def _covers(part: Mapping[str, int], wanted: Mapping[str, int]) -> bool:
    return all(part.get(name, 0) >= amount for name, amount in wanted.items())
