"""Situations made by hypothesis, for the pure decisions."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from tests.unit.scheduler.cloud import WEIGHERS, mapping, request, uuid_of
from understudy.ledger.protocols import Candidate, ProviderSummary
from understudy.objects.fields import AffinityPolicy
from understudy.scheduler.hosts import HostCandidate
from understudy.scheduler.plan import Situation, plan
from understudy.scheduler.ranking import Ranking


def candidate(host: str, provider: str | None = None, vcpu: int = 1) -> Candidate:
    """A candidate of `host` that takes VCPU of its root, or of `provider`."""
    uuid = uuid_of(provider or host)
    text = json.dumps({"allocations": {uuid: {"resources": {"VCPU": vcpu}}}})
    return Candidate(uuid_of(host), text, "1.39")


def host(
    name: str, cell: str = "cell1", domain: str | None = None, vcpu: int = 4
) -> HostCandidate:
    """A host with one candidate and so many VCPU, all of them free."""
    return HostCandidate(
        mapping(name, cell, domain), (candidate(name),), {"VCPU": vcpu}, {"VCPU": vcpu}
    )


def situation(
    hosts: Sequence[HostCandidate],
    policy: str | None = None,
    lost: Sequence[HostCandidate] = (),
    domain_multiplier: float = 1.0,
) -> Situation:
    """Hosts of which nothing is used yet."""
    return Situation(
        ranking=Ranking(hosts, request(), WEIGHERS),
        summaries=_summaries(hosts),
        policy=policy,
        lost=frozenset(each.uuid for each in lost),
        domain_multiplier=domain_multiplier,
    )


def placed(before: Situation, instances: int) -> Situation:
    """The situation after so many instances were planned and claimed."""
    planned = plan([f"vm{number}" for number in range(instances)], before)
    return dataclasses.replace(before, placed=planned, unseen=planned)


def _summaries(hosts: Sequence[HostCandidate]) -> Mapping[str, ProviderSummary]:
    return {
        each.uuid: ProviderSummary(each.uuid, each.uuid, each.capacity, {}, frozenset())
        for each in hosts
    }


@st.composite
def clouds(draw: st.DrawFn) -> list[HostCandidate]:
    """Up to 15 hosts of different sizes, in up to three cells and four domains or none."""
    choices: list[list[str | None]] = [
        [None],
        ["d1", "d2"],
        ["d1", "d2", "d3", "d4"],
        [None, "d1"],
    ]
    domains = draw(st.sampled_from(choices))
    return [
        host(
            f"host{number}",
            draw(st.sampled_from(["cell1", "cell2", "cell3"])),
            draw(st.sampled_from(domains)),
            draw(st.integers(1, 4)),
        )
        for number in range(draw(st.integers(1, 15)))
    ]


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Instances placed on some hosts of a cloud, while others lost claims."""
    hosts = draw(clouds())
    policy = draw(st.sampled_from([None, *AffinityPolicy.ALL]))
    lost = draw(st.lists(st.sampled_from(hosts), max_size=3))
    return placed(situation(hosts, policy, lost), draw(st.integers(1, 8)))
