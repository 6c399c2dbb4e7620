"""A cloud under test: what cases may do to it and ask of it, whatever it runs on.

Cases know nothing else, so that they run in one process now and on real servers
as well. Nothing here waits for an outcome: cases poll, see waiting.py.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from tests.fakes.faults import Faults
from understudy.cells.records import HostRecord
from understudy.compute.holdings import Holdings
from understudy.compute.tags import Tag
from understudy.conductor.bounds import RetryBounds
from understudy.conductor.host_decisions import HostDecisions
from understudy.ledger.api import PlacementApi
from understudy.objects.build_request import BuildRequest
from understudy.objects.fault import Fault
from understudy.objects.host import Host
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.scheduler import SchedulerClient
from understudy.rpcapi.super_conductor import SuperConductorClient


@dataclass(frozen=True)
class CloudSpec:
    """What to make: {cell: {host: VCPUs}}. Each host has an agent of its own name.

    `lease` is the conductors' lease in seconds; a call to the scheduler waits
    half of it, and the scheduler gives up a little earlier. After `settle`
    seconds a claim that nobody answered has landed. There are `replicas` of
    each service but the agents. If it `announces`, its conductors publish what
    becomes of instances.
    """

    cells: Mapping[str, Mapping[str, int]]
    bounds: RetryBounds = field(default_factory=RetryBounds)
    lease: float = 30.0
    settle: float = 0.2
    replicas: int = 1
    announces: bool = False

    @property
    def hosts(self) -> dict[str, str]:
        """The cell of each host."""
        return {host: cell for cell, hosts in self.cells.items() for host in hosts}


class Builds(Protocol):
    """What the hosts' drivers do when they build."""

    def hold(self, *hosts: str) -> None:
        """Let builds that begin on these hosts (none: on all) wait until they are let go."""

    def let_go(self, *hosts: str) -> None:
        """Let builds on these hosts (none: on all) go on, and hold no more there."""

    def break_host(self, host: str, fault: Fault) -> None:
        """Let whatever ends on this host from now on end with this fault."""

    def break_image(self, image: str, fault: Fault) -> None:
        """Let whatever is built of this image from now on end with this fault, anywhere."""

    def mend(self) -> None:
        """Let all hosts and images work."""

    def stick(self, host: str) -> None:
        """Let nothing be destroyed on this host, until `unstick`."""

    def unstick(self, host: str) -> None:
        """Let things be destroyed there again."""

    def refused_to_destroy(self, host: str) -> bool:
        """Was anything there to be destroyed while it was stuck?"""

    def begun(self, host: str | None = None) -> list[Tag]:
        """Return every build that has begun on the host (None: anywhere), in order."""


class Mishap(enum.Enum):
    """What becomes of a message."""

    LOST = "it never arrives"
    TWICE = "it arrives twice"
    ANSWER_LOST = "it arrives, and its answer does not"
    COPIED = "it arrives, and a copy of it when `replay` is called"


ALL: Final = "*"
"""In a plan: every method that has no plan of its own."""


class Messages(Protocol):
    """What goes wrong on the buses; a method is named "SERVICE.METHOD"."""

    def plan(self, method: str, mishap: Mishap, times: int | None = None) -> None:
        """Let this happen to the next `times` messages (None: to all) to `method`."""

    def disturb(self, draw: Callable[[], Mishap | None]) -> None:
        """Let this draw say what becomes of each message that has no other plan.

        The copy of a call comes at once, for no call lives longer than its caller waits.
        """

    def replay(self) -> int:
        """Let the copies arrive; return how many there were."""

    def sent(self, method: str) -> int:
        """Return how many messages went to `method`."""

    def forget_plan(self) -> None:
        """Let all messages arrive once from now on, and draw no more."""


class Announcements(Protocol):
    """What goes wrong where notifications are published."""

    def kill_after(self, event_type: str) -> None:
        """Let who publishes the next event of this type die before it can note that it did."""


class Process(Protocol):
    """One process of the cloud; all run at first."""

    def stop(self) -> None:
        """End it in good order."""

    def start(self) -> None:
        """Start it anew, with what it left on disk."""


class Replicas(Process, Protocol):
    """All processes of a service, stopped and started together."""

    @property
    def each(self) -> Sequence[Process]:
        """The processes one by one."""


class AgentProcess(Process, Protocol):
    """A host's agent."""

    user: str
    """Its own, of the cell's broker."""
    hosts: Sequence[Host]
    journal: Path
    holdings: Holdings

    def rename(self, hosts: Sequence[Host]) -> None:
        """Serve these hosts from the next start on, under the name that they give their agent."""

    def lose_disk(self) -> None:
        """Forget, while it does not run, all that it wrote down; what it built is there."""

    def kill(self) -> None:
        """End it at once: nothing more is written, told, built or destroyed."""


class CloudUnderTest(Protocol):
    """A running cloud, empty at first."""

    @property
    def client(self) -> SuperConductorClient:
        """A client of its super conductor."""

    @property
    def context(self) -> RequestContext:
        """Who asks."""

    @property
    def builds(self) -> Builds:
        """What its hosts do."""

    @property
    def messages(self) -> Messages:
        """What its buses do."""

    @property
    def announcements(self) -> Announcements:
        """What its conductors publish."""

    @property
    def placement(self) -> Faults:
        """What goes wrong between it and Placement."""

    @property
    def super_conductor(self) -> Replicas:
        """Its super conductor."""

    @property
    def scheduler(self) -> Replicas:
        """Its scheduler."""

    @property
    def conductors(self) -> Mapping[str, Replicas]:
        """The conductor of each cell."""

    @property
    def agents(self) -> Mapping[str, AgentProcess]:
        """The agent of each host."""

    def cut_off(self, cell: str) -> None:
        """Let the API level reach neither the cell's database nor its bus."""

    def reconnect(self, cell: str) -> None:
        """Let it reach them again."""

    def pass_host_down_time(self, host: str) -> None:
        """Let so much time pass that a host which is silent now is taken for down."""

    def add_host(self, cell: str, host: str, vcpus: int) -> AgentProcess:
        """Start a new host's agent in this cell; it is keyed "CELL/HOST" in `agents`."""

    def back_up(self, cell: str) -> Callable[[], None]:
        """Return what restores the cell's database as it is now."""

    def clone(self, host: str) -> AgentProcess:
        """Return what a copy of the host's machine would run; it does not run yet."""

    def settle_agent(self, name: str, agent: AgentProcess) -> None:
        """Take this agent for the one of the host of that name from now on, and no other."""

    def speak(self, cell: str, user: str) -> CellConductorClient:
        """Return a client of the cell's conductor as a user of its broker."""

    def decisions(self) -> HostDecisions:
        """Return what carries out an operator's decisions about hosts."""

    def known_hosts(self, cell: str) -> Sequence[HostRecord]:
        """Return the cell's hosts as its database has them."""

    def scheduler_as(self, user: str | None) -> SchedulerClient:
        """Return a client of the scheduler, as this user of the bus (None: as its services)."""

    def forge(self, cell: str, request: BuildRequest) -> None:
        """Let the cell's database say that all that it has is of this request and its owner."""

    def placement_api(self) -> PlacementApi:
        """Return a connection to its Placement, on which nothing goes wrong."""

    def plant(self, host: str, instance_uuid: str, attempt: int) -> None:
        """Let something exist on the host that nobody here asked for."""

    def uproot(self, host: str, instance_uuid: str, attempt: int) -> None:
        """Take it away again."""

    def held(self, host: str) -> list[tuple[str, int]]:
        """Return the (instance, attempt) of all that exists on the host."""

    def findings(self) -> list[str]:
        """Return what does not add up, a line each, once every build has ended.

        Claims that are leaked, doubled, missing or miscounted, and rows that
        are not at rest.
        """
