"""The rows of the databases as the rest of Understudy sees them: plain, frozen.

Times are seconds since the epoch on the database's own clock; what is left of
a lease or a deadline is counted by that clock too, in the same statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from understudy.objects.build_request import BuildRequest
from understudy.objects.fault import Fault
from understudy.objects.selection import Selection


@dataclass(frozen=True, slots=True)
class CellRecord:
    """A cell, and where its bus and its database are."""

    uuid: str
    name: str
    transport_url: str
    database_url: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class HostMapping:
    """Which cell a host belongs to, with what the scheduler spreads over."""

    host: str
    nodename: str
    compute_node_uuid: str
    cell_uuid: str
    availability_zone: str | None
    failure_domain: str | None
    recent_faults: int = 0
    """Attempts that failed there not long ago and blamed the host."""


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A build request as the super conductor wrote it down.

    `state` is PENDING (no selection recorded), SELECTED (`answer` is recorded,
    as JSON text of a SelectionAnswer) or DONE (every instance is in its cell or
    has ended).
    """

    request_id: str
    request: BuildRequest
    state: str
    answer: str | None
    seconds_left: float
    lease_owner: str | None
    created_at: float


@dataclass(frozen=True, slots=True)
class MappingRecord:
    """Where an instance is. `state`: see cells.mapping_states."""

    instance_uuid: str
    request_id: str
    name: str
    project_id: str
    user_id: str
    state: str
    attempt: int
    cell_uuid: str | None
    pick: str | None
    """JSON text of the one-instance SelectionAnswer that hands it over."""
    fault: Fault | None
    created_at: float
    updated_at: float


class Whereabouts(NamedTuple):
    """Whose an instance is, and where: what a row of its cell must agree with to be shown."""

    cell_uuid: str | None
    request_id: str
    project_id: str
    user_id: str
    name: str


@dataclass(frozen=True, slots=True)
class NewBuild:
    """An instance to be inserted into its cell with its claimed attempt."""

    instance_uuid: str
    name: str
    request: BuildRequest
    consumer_type: str
    attempt: int
    selection: Selection
    alternates: Sequence[Selection]
    generation: int
    attempts_left: int
    """Attempts allowed after this one, in this cell."""
    cells_left: int
    """Other cells allowed after this one."""
    deadline_seconds: float


@dataclass(frozen=True, slots=True)
class InstanceRecord:
    """An instance in its cell. `selection` is the current attempt's target."""

    uuid: str
    request_id: str
    name: str
    project_id: str
    user_id: str
    consumer_type: str
    state: str
    attempt: int
    attempts_left: int
    cells_left: int
    selection: Selection | None
    """None in a tombstone that came before the insert."""
    alternates: tuple[Selection, ...]
    generation: int | None
    """Of the claim, as last confirmed."""
    group_uuid: str | None
    group_policy: str | None
    fault: Fault | None
    seconds_left: float
    lease_owner: str | None
    lease_left: float
    """Zero or less: nobody works on it."""
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One target of one attempt; several targets share a number where claims were lost."""

    instance_uuid: str
    number: int
    position: int
    state: str
    selection: Selection
    fault: Fault | None
    cleaned: bool
    """The host said that it holds nothing of this attempt."""
    missed: int
    """Heartbeats since the cast that did not name it."""
    started_at: float
    cast_at: float | None
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class Binding:
    """Who may speak for a host; what is None is not known yet, and bound by who says it first."""

    agent_uuid: str | None = None
    bus_user: str | None = None
    """As whom the agent's messages come, verified by the broker."""
    origin: str | None = None
    """Where the agent last spoke from: see rpcapi.context.Speaker."""

    def admits(self, other: Binding) -> bool:
        """May `other` speak, if this is what the host is bound to?"""
        return (
            self.agent_uuid in (None, other.agent_uuid)
            and self.bus_user in (None, other.bus_user)
            and self.origin in (None, other.origin)
        )


UNNAMED: Final = Binding()
"""Somebody who does not say who they are, as an agent of the first release."""


@dataclass(frozen=True, slots=True)
class HostRecord:
    """A host as its cell knows it, without its tree of providers: that is the ledger's."""

    name: str
    nodename: str
    compute_node_uuid: str
    agent: str
    availability_zone: str | None
    failure_domain: str | None
    admin_state: str
    reason: str | None
    down: bool
    """Found silent for longer than host_down_time, and not registered since."""
    schedulable: bool
    """What the ledger was last told."""
    silent_for: float
    bound: Binding


@dataclass(frozen=True, slots=True)
class RefusedHost:
    """A registration that the cell did not take, or that an operator has approved since."""

    uuid: str
    name: str
    agent: str
    agent_uuid: str
    """"" where the agent did not say."""
    bus_user: str
    """"" where the broker did not say."""
    why: str
    """One of objects.refusals."""
    detail: str
    remedy: str
    """What the operator may do about it."""
    providers: frozenset[str]
    approved: str
    """The `why` that the operator lets pass; "" for none."""
    silent_for: float


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """A process that beats."""

    binary: str
    name: str
    silent_for: float


@dataclass(frozen=True, slots=True)
class BeatResult:
    """What a heartbeat brought to light."""

    unknown: list[str]
    """Hosts that must register again: they are not known as alive and this agent's."""
    waiting: list[str]
    """Hosts that take builds again once they have registered."""
    superseded: dict[str, list[tuple[str, int]]]
    """By host, the (instance, attempt) pairs that it is to tear down."""
    uuids: dict[str, str]
    """The own uuid of each host that is alive."""


@dataclass(frozen=True, slots=True)
class Strays:
    """What a host holds and should not, or that is not known to be its; (instance, attempt)."""

    superseded: list[tuple[str, int]]
    """To be torn down."""
    unknown: list[tuple[str, int]]
    """To be left as it is."""


class Holder(NamedTuple):
    """An instance, and the claim that it should have, or should not, by its state."""

    uuid: str
    state: str
    attempt: int
    compute_node_uuid: str | None
    """None in a tombstone, as is `allocation_request`."""
    allocation_request: str | None
    generation: int | None
