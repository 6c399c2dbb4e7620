"""Fake hosts, described in a few words or in the fake driver's file.

The file is YAML:

    holdings: held            # folder for what is built; left out: in memory
    log: builds.log           # when builds began and ended; left out: not written
    hosts:
      - name: plain
        uuid: 7c0e...         # left out: made of the agent's own uuid and the name
        resources: {VCPU: 8}
      - name: gpu-{}          # {} is the number, where count is given
        count: 20
        availability_zone: az1
        failure_domain: rack1
        resources: {VCPU: 32, MEMORY_MB: 131072}
        traits: [HW_CPU_X86_AVX2]
        children:
          - name: gpu{}
            count: 4
            resources: {PGPU: 1}
            traits: [CUSTOM_A100]
    faults:                   # the fields of FaultPlan
      seed: 7
      rate: 0.05
      hosts:
        gpu-3: {code: host-broken, blames: host}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

import yaml

from understudy.compute.fault_plan import FaultPlan
from understudy.compute.identity import Identity
from understudy.objects.fault import Fault
from understudy.objects.host import Host, Provider

_NAMES: Final = UUID("5f0c1c3e-52ab-4d0a-8f0b-6f7c4c1e9d10")
"""Makes the uuid of a provider of no agent's own the same wherever its name is."""


@dataclass(frozen=True)
class Child:
    """A provider below a fake host's own, such as one GPU."""

    name: str
    resources: Mapping[str, int]
    traits: Sequence[str] = ()


@dataclass(frozen=True)
class Described:
    """What a driver file says."""

    hosts: Sequence[Host] = ()
    plan: FaultPlan = field(default_factory=FaultPlan)
    holdings: Path | None = None
    log: Path | None = None


def fake_host(
    name: str,
    agent: str,
    resources: Mapping[str, int],
    *,
    traits: Sequence[str] = (),
    aggregates: Sequence[str] = (),
    children: Sequence[Child] = (),
    availability_zone: str | None = None,
    failure_domain: str | None = None,
) -> Host:
    """Return a host whose uuids follow from its name."""
    root = _provider(name, None, resources, traits)
    root.aggregates = list(aggregates)
    below = [
        _provider(f"{name}/{child.name}", root.uuid, child.resources, child.traits)
        for child in children
    ]
    return Host(
        name=name,
        nodename=name,
        compute_node_uuid=root.uuid,
        agent=agent,
        availability_zone=availability_zone,
        failure_domain=failure_domain,
        providers=[root, *below],
    )


def with_uuid(host: Host, uuid: str) -> Host:
    """Return the host under a uuid of its own, from which those of its children follow."""
    renamed: Host = host.obj_clone()
    renamed.compute_node_uuid = uuid
    root, *below = renamed.providers
    root.uuid = uuid
    for child in below:
        child.uuid = _uuid(UUID(uuid), child.name.removeprefix(f"{host.name}/"))
        child.parent_uuid = uuid
    return renamed


def read_driver_file(agent: str, path: Path | None, identity: Identity | None = None) -> Described:
    """Return what the file describes; without a file, one small host named like its agent.

    Without an identity, and with one that the first release left behind, uuids
    follow from names. Raises OSError, yaml.YAMLError, TypeError for a key that
    is not known, or ValueError for a uuid that is none.
    """
    own = None if identity is None or identity.derived_names else identity
    if path is None:
        machine = fake_host(agent, agent, {"VCPU": 8, "MEMORY_MB": 16384})
        return Described([machine if own is None else with_uuid(machine, own.host_uuid)])
    described: dict[str, Any] = yaml.safe_load(path.read_text()) or {}
    folder, log = described.get("holdings"), described.get("log")
    return Described(
        hosts=[host for kind in described.get("hosts", ()) for host in _hosts(agent, own, **kind)],
        plan=_plan(**described.get("faults", {})),
        holdings=None if folder is None else path.parent / folder,
        log=None if log is None else path.parent / log,
    )


def _uuid(of: UUID, name: str) -> str:
    return str(uuid5(of, name))


def _provider(
    name: str, parent_uuid: str | None, resources: Mapping[str, int], traits: Sequence[str]
) -> Provider:
    return Provider(
        uuid=_uuid(_NAMES, name),
        name=name,
        parent_uuid=parent_uuid,
        inventories={kind: {"total": total} for kind, total in resources.items()},
        traits=list(traits),
    )


def _hosts(
    agent: str,
    identity: Identity | None,
    name: str,
    resources: Mapping[str, int],
    count: int | None = None,
    uuid: str | None = None,
    children: Sequence[Mapping[str, Any]] = (),
    **more: Any,
) -> Iterator[Host]:
    below = [child for kind in children for child in _children(**kind)]
    if uuid is not None and count is not None:
        raise TypeError(f"{name}: {count} hosts cannot have one uuid")
    for each in _names(name, count):
        host = fake_host(each, agent, resources, children=below, **more)
        if uuid is not None:
            host = with_uuid(host, str(UUID(str(uuid))))
        elif identity is not None:
            host = with_uuid(host, _uuid(UUID(identity.agent_uuid), each))
        yield host


def _children(name: str, count: int | None = None, **more: Any) -> Iterator[Child]:
    for each in _names(name, count):
        yield Child(each, **more)


def _names(name: str, count: int | None) -> list[str]:
    return [name] if count is None else [name.format(number) for number in range(count)]


def _plan(
    hosts: Mapping[str, Any] | None = None,
    images: Mapping[str, Any] | None = None,
    destroy_hosts: Sequence[str] = (),
    **more: Any,
) -> FaultPlan:
    if "rate_fault" in more:
        more["rate_fault"] = Fault(**more["rate_fault"])
    return FaultPlan(
        hosts={name: Fault(**fault) for name, fault in (hosts or {}).items()},
        images={name: Fault(**fault) for name, fault in (images or {}).items()},
        destroy_hosts=frozenset(destroy_hosts),
        **more,
    )
