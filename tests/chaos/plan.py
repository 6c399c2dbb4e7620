"""What a world is made of, and what is asked of it: all drawn from its seed."""

from __future__ import annotations

import dataclasses
import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.chaos import faults
from tests.chaos.faults import CELLS, Faults, Mishap
from tests.chaos.hostile import strangers
from tests.chaos.hostile.strangers import Strangers
from tests.chaos.paces import PRODUCTION, SHORTENED, Pace
from understudy.compute.fault_plan import FaultPlan, image_broken
from understudy.conductor.bounds import RetryBounds
from understudy.objects.build_request import Affinity, BuildRequest
from understudy.objects.fields import AffinityPolicy
from understudy.objects.host import Host, Provider

BROKEN_IMAGE: Final = "broken"
BOUNDS: Final = RetryBounds(max_attempts=2, spare_alternates=1, max_cells=1, deadline=600)
UNAPPROVED: Final = 0.1
"""The share of worlds whose cells wait for an operator to approve each new host."""
TOO_MUCH: Final = 99
"""No host has so many VCPUs."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What one client asks for, and what it does afterwards; times are seconds."""

    at: float
    request: BuildRequest
    again_after: float | None
    """It asks the same once more."""
    deletes_after: tuple[tuple[int, float], ...]
    """(which instance, how long after the answer)"""
    cancels_after: float | None


@dataclass(frozen=True, slots=True)
class AgentPlan:
    """An agent, its hosts, and what goes wrong there."""

    name: str
    cell: str
    hosts: Sequence[Host]
    plan: FaultPlan


@dataclass(frozen=True, slots=True)
class Plan:
    """One world."""

    seed: int
    pace: Pace
    supers: int
    schedulers: int
    conductors: Mapping[str, int]
    agents: Sequence[AgentPlan]
    asks: Sequence[Ask]
    faults: Faults
    admits_new: bool
    """Do cells take new hosts in by themselves? Else an operator approves each."""
    strangers: Strangers
    mishap: Mishap | None


def draw(seed: int) -> Plan:
    """Return the plan of this seed."""
    chance = random.Random(f"plan {seed}")
    pace = PRODUCTION if chance.random() < 0.03 else SHORTENED
    broken = faults.draw(seed, chance, pace.scale, pace.conductor.host_down_time)
    plan = Plan(
        seed=seed,
        pace=pace,
        supers=chance.choice((1, 1, 2)),
        schedulers=chance.choice((1, 1, 2)),
        conductors={cell: chance.choice((1, 1, 1, 2)) for cell in CELLS},
        agents=_agents(seed, chance),
        asks=_asks(seed, chance, broken.seconds),
        faults=broken,
        # Not from `chance`: what else a world draws stays as it was.
        admits_new=random.Random(f"approval {seed}").random() > UNAPPROVED,
        strangers=Strangers(),
        mishap=None,
    )
    # Where a database is restored nobody can tell who changed what.
    return plan if broken.restored is not None else _with_others(plan)


def _with_others(plan: Plan) -> Plan:
    """Let strangers come in, or an agent be mishandled."""
    about = strangers.draw(plan.seed, CELLS)
    if about != Strangers():
        return dataclasses.replace(plan, strangers=about)
    mishap = faults.mishap(plan.seed, len(plan.agents), plan.faults.seconds)
    return dataclasses.replace(plan, mishap=mishap)


def roots(plan: Plan) -> dict[str, str]:
    """Return what the host of each root provider is called, hostile ones included."""
    honest = {host.compute_node_uuid: host.name for one in plan.agents for host in one.hosts}
    return {**strangers.ROOTS, **honest} if plan.strangers.agent_in else honest


def uuid_of(*words: object) -> str:
    """Return the same uuid for the same words."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, " ".join(map(str, words))))


def _agents(seed: int, chance: random.Random) -> list[AgentPlan]:
    found: list[AgentPlan] = []
    shared = chance.random() < 0.3
    for cell, most in zip(CELLS, (3, 2), strict=True):
        names = [f"{cell}-{letter}" for letter in "abc"[: chance.randint(1, most)]]
        parts = [names] if shared else [[name] for name in names]
        for number, served in enumerate(parts):
            agent = f"{cell}-agent{number}"
            hosts = [_host(name, agent, chance.randint(2, 6)) for name in served]
            found.append(AgentPlan(agent, cell, hosts, _troubles(seed, chance, served)))
    return found


def _host(name: str, agent: str, vcpus: int) -> Host:
    provider = Provider(uuid=uuid_of(name), name=name, inventories={"VCPU": {"total": vcpus}})
    return Host(
        name=name,
        nodename=name,
        compute_node_uuid=provider.uuid,
        agent=agent,
        providers=[provider],
    )


def _troubles(seed: int, chance: random.Random, hosts: Sequence[str]) -> FaultPlan:
    rate = chance.choice((0.0, 0.3, 0.3, 0.6, 1.0))
    return FaultPlan(
        seed=seed,
        images={BROKEN_IMAGE: image_broken()},
        rate=rate,
        delay_seconds=chance.choice((0.01, 0.5)),
        delay_spread_seconds=chance.choice((0.1, 2.0)),
        destroy_failures=chance.choice((0, 0, 0, 1, 2)),
    )


def _asks(seed: int, chance: random.Random, seconds: float) -> list[Ask]:
    group = _group(seed, chance)
    return [
        _ask(chance, uuid_of("request", seed, number), seconds, group)
        for number in range(chance.choice((1, 1, 2, 3)))
    ]


def _group(seed: int, chance: random.Random) -> Affinity | None:
    drawn = chance.random()
    if drawn > 0.25:
        return None
    policy = AffinityPolicy.ANTI_AFFINITY if drawn > 0.05 else AffinityPolicy.AFFINITY
    return Affinity(group_uuid=uuid_of("group", seed), policy=policy)


def _ask(chance: random.Random, request_id: str, seconds: float, group: Affinity | None) -> Ask:
    count = chance.choice((1, 1, 2, 3))
    request = BuildRequest(
        request_id=request_id,
        count=count,
        resources={"VCPU": TOO_MUCH if chance.random() < 0.03 else chance.choice((1, 1, 2))},
        project_id="project",
        user_id="user",
        max_attempts=chance.choice((1, 2, 3, 3)),
        max_cells=chance.choice((1, 2, 2)),
        deadline_seconds=chance.choice((4, 10, 200, 200, 200)),
        affinity=group,
        image=BROKEN_IMAGE if chance.random() < 0.05 else "image",
    )
    return Ask(
        at=chance.uniform(0.5, seconds * 0.5),
        request=request,
        again_after=_soon_or_late(chance, 0.4),
        deletes_after=_deletes(chance, count),
        cancels_after=_soon_or_late(chance, 0.1),
    )


def _deletes(chance: random.Random, count: int) -> tuple[tuple[int, float], ...]:
    whens = [_soon_or_late(chance, 0.25) for _ in range(count)]
    return tuple((index, after) for index, after in enumerate(whens) if after is not None)


def _soon_or_late(chance: random.Random, share: float) -> float | None:
    """Return in how many seconds; None but in this share of all cases."""
    if chance.random() > share:
        return None
    return chance.uniform(0.0, chance.choice((0.3, 2.0, 10.0)))
