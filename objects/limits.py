"""How much one request, or one host, may say.

Each number is an option of `[limits]`; whoever answers for others checks them
before it does anything that takes longer the more was said.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """The most that a build request may hold."""

    request_bytes: int = 262_144
    """Of all its texts together, in UTF-8; the hosts of its affinity group are not counted."""
    instances: int = 1000
    hosts: int = 1000
    """In each of only_hosts and ignore_hosts."""
    cells: int = 256
    """In ignore_cells."""
    group_hosts: int = 10_000
    """Hosts that hold members of its affinity group already."""
    groups: int = 32
    """Numbered groups, and lists in same_subtree."""
    resource_classes: int = 32
    """In each group, the unnumbered one included."""
    traits: int = 256
    """In each list of a group; the lists of any_traits count together."""
    aggregates: int = 256
    """In each group."""
    parameters: int = 256
    parameter_bytes: int = 65_536
    """Of all keys and values of the parameters, in UTF-8."""


@dataclass(frozen=True, slots=True)
class HostLimits:
    """The most that a host, or an agent for its hosts, may say of itself."""

    providers: int = 1024
    """In the tree of one host."""
    provider_classes: int = 64
    """Resource classes of one provider."""
    provider_traits: int = 512
    """Traits of one provider."""
    provider_aggregates: int = 256
    """Aggregates of one provider."""
    holdings: int = 10_000
    """Instances that one host may say it holds, or has in hand."""
    agent_hosts: int = 10_000
    """Hosts that one heartbeat may speak for."""
