"""A host's agent that somebody has taken over: on its cell's bus it says what it likes.

It knows all that there is to know: names and uuids of hosts, who their agents
are, and every instance. It is somebody at the broker, and may publish to its
cell's conductor. Of the builds that it is given it makes none.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import ClassVar, Final

import oslo_messaging as messaging

from tests.chaos.agents import new_identity
from tests.chaos.hostile import strangers
from tests.chaos.hostile.strangers import Behalf
from tests.chaos.plan import AgentPlan, Plan, uuid_of
from tests.chaos.process import SUPER_USER, Process
from tests.chaos.services import Surroundings
from understudy.objects.build_request import BuildRequest
from understudy.objects.errors import UnderstudyError
from understudy.objects.fault import Fault
from understudy.objects.fields import AdminState, Blame
from understudy.objects.host import Host, Provider
from understudy.objects.selection import Selection
from understudy.rpcapi import versions
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.context import RequestContext, Speaker

PATIENCE: Final = 2.0
LONGEST_PAUSE: Final = 0.8
"""Seconds between two of its messages, at most."""
_FORGED: Final[tuple[strangers.Facts, ...]] = (
    {},
    {"is_admin": True},
    {"is_admin": True, "sender": SUPER_USER},
)
"""What its contexts say besides."""
_ATTEMPTS: Final = "SELECT instance_uuid, number, service_host FROM attempts"

Tag = tuple[str, str, int]
"""(host, instance uuid, attempt)"""


class HostileAgent:
    """Says any well-formed thing, until `is_over`."""

    def __init__(
        self, process: Process, around: Surroundings, plan: Plan, is_over: Callable[[], bool]
    ) -> None:
        """Be `process`, which is on the cell's bus."""
        process.behalf_of = lambda method: Behalf(strangers.AGENT, method, process.place)
        broker = around.buses[process.place]
        self._process = process
        self._around = around
        self._is_over = is_over
        self._conductor = CellConductorClient(broker.open(process), timeout=PATIENCE)
        self._chance = random.Random(f"hostile agent {plan.seed}")
        self._agents = plan.agents
        self._given: list[Tag] = []
        broker.listen(process, "compute", Takes(self._given))

    def start(self) -> None:
        """Begin to talk."""
        self._process.spawn("talk", self._talk)

    def _talk(self) -> None:
        while not self._is_over():
            self._process.kernel.sleep(self._chance.uniform(0.0, LONGEST_PAUSE))
            self._process.spawn("say", self._say)

    def _say(self) -> None:
        word = self._chance.choice(
            (
                self._register_own,
                self._register_another,
                self._beat,
                self._report_given,
                self._report_any,
                self._report_any,
                self._order,
            )
        )
        try:
            word()
        except UnderstudyError:
            # It is told no, or nothing at all.
            return

    # What it says of hosts.

    def _register_own(self) -> None:
        """Register a host of its own, as an honest agent does."""
        name = self._chance.choice(sorted(strangers.HOSTS))
        uuid = strangers.HOSTS[name]
        host = self._host(name, uuid, [_provider(uuid, name, self._total())])
        self._conductor.register_host(self._own_voice(uuid), host, self._pairs())

    def _register_another(self) -> None:
        """Register something that is not its own, or not only."""
        choose, (victim, _) = self._chance.choice, self._victim()
        own_name = choose(sorted(strangers.HOSTS))
        name, uuid = choose(
            (
                (victim.name, victim.compute_node_uuid),
                (victim.name, strangers.NAMELESS),
                (own_name, victim.compute_node_uuid),
                (own_name, strangers.HOSTS[own_name]),
                (own_name, strangers.FOREIGN),
            )
        )
        root = _provider(uuid, choose((name, own_name, victim.name, "foreign")), self._total())
        host = self._host(name, uuid, [root, *self._children(uuid, victim)])
        if choose((True, False)):
            host.agent = victim.agent
        self._conductor.register_host(self._voice(), host, self._pairs())

    def _children(self, root: str, victim: Host) -> list[Provider]:
        """Return what it hangs below its root: others' providers too, or under their names."""
        choose = self._chance.choice
        taken = (victim.compute_node_uuid, strangers.FOREIGN, *strangers.CHILDREN)
        names = ("child-a", "child-b", victim.name, "foreign")
        chosen = {choose(taken): choose(names) for _ in range(choose((0, 0, 1, 2)))}
        return [
            _provider(uuid, name, self._total(), parent_uuid=root)
            for uuid, name in chosen.items()
            if uuid != root
        ]

    def _beat(self) -> None:
        victim, agent = self._victim()
        hosts = [*strangers.HOSTS, victim.name]
        named = self._chance.sample(hosts, self._chance.randint(1, len(hosts)))
        beating = self._chance.choice((strangers.AGENT, strangers.AGENT, agent.name))
        self._conductor.heartbeat(self._voice(), beating, {host: self._pairs() for host in named})

    def _order(self) -> None:
        """Order what only the super conductor may."""
        if self._chance.random() < 0.5:
            state = self._chance.choice(AdminState.ALL)
            self._conductor.set_host(self._voice(), self._any_host(), state, "because")
        else:
            uuids = [uuid for _, uuid, _ in self._chance.choices(self._known(), k=2)]
            self._conductor.end_instances(self._voice(), uuids)

    # What it says of builds.

    def _report_given(self) -> None:
        """Say how a build went that it was given; whatever it says, nothing is there."""
        if self._given:
            tag = self._chance.choice(self._given)
            self._report(self._own_voice(strangers.HOSTS.get(tag[0])), tag)

    def _report_any(self) -> None:
        host, uuid, attempt = self._chance.choice(self._known())
        if self._chance.random() < 0.4:
            host = self._any_host()
        if self._chance.random() < 0.2:
            attempt = max(1, attempt + self._chance.choice((-1, 1)))
        own = strangers.HOSTS.get(host)
        properly = own is not None and self._chance.random() < 0.7
        self._report(self._own_voice(own) if properly else self._voice(), (host, uuid, attempt))

    def _report(self, context: RequestContext, tag: Tag) -> None:
        conductor = self._conductor
        match self._chance.choice(("started", "started", "succeeded", "failed", "torn down")):
            case "started":
                conductor.build_started(context, *tag)
            case "succeeded":
                conductor.build_succeeded(context, *tag)
            case "failed":
                blames = self._chance.choice(Blame.ALL)
                fault = Fault(code="a-lie", blames=blames, message="as you like it")
                conductor.build_failed(context, *tag, fault, self._chance.random() < 0.5)
            case _:
                conductor.torn_down(context, *tag)

    # In whose name.

    def _own_voice(self, host_uuid: str | None) -> RequestContext:
        who = Speaker(strangers.AGENT_UUID, strangers.ORIGIN, host_uuid)
        return RequestContext(speaker=who)

    def _voice(self) -> RequestContext:
        """Speak as anybody: who it is, the broker says all the same."""
        choose, (victim, agent) = self._chance.choice, self._victim()
        theirs = new_identity(agent.name)
        uuids = (victim.compute_node_uuid, *strangers.HOSTS.values(), None)
        speaker = choose(
            (
                Speaker(strangers.AGENT_UUID, strangers.ORIGIN, choose(uuids)),
                Speaker(theirs.agent_uuid, theirs.origin, victim.compute_node_uuid),
                Speaker(theirs.agent_uuid, theirs.origin, choose(uuids)),
                Speaker(theirs.agent_uuid, strangers.ORIGIN, choose(uuids)),
                Speaker(strangers.AGENT_UUID, theirs.origin, choose(uuids)),
                None,
            )
        )
        facts: strangers.Facts = choose(({"sender": agent.name}, *_FORGED))
        return strangers.forged(choose(("project", None)), "user", speaker, facts)

    # What it knows.

    def _victim(self) -> tuple[Host, AgentPlan]:
        """Return a host of somebody else's that is taken in, mapped, and in Placement.

        Before that its names are nobody's: whoever comes first has them.
        """
        mapped = {row["host"] for row in self._around.api.rows("SELECT host FROM host_mappings")}
        providers = self._around.placement.store.providers
        known = [
            (host, agent)
            for agent in self._agents
            for host in agent.hosts
            if host.name in mapped and host.compute_node_uuid in providers
        ]
        if not known:
            name = sorted(strangers.HOSTS)[0]
            nobody = self._host(name, strangers.HOSTS[name], [])
            return nobody, self._agents[0]
        return self._chance.choice(known)

    def _any_host(self) -> str:
        return self._chance.choice((*strangers.HOSTS, self._victim()[0].name))

    def _known(self) -> Sequence[Tag]:
        """Return every attempt of every cell, or one that never was."""
        rows = (row for cell in self._around.cells.values() for row in cell.rows(_ATTEMPTS))
        found = [(row["service_host"], row["instance_uuid"], row["number"]) for row in rows]
        return sorted(found) or [(self._any_host(), uuid_of("nothing"), 1)]

    def _pairs(self) -> list[tuple[str, int]]:
        chosen = self._chance.choices(self._known(), k=self._chance.choice((0, 1, 2)))
        return [(uuid, attempt) for _, uuid, attempt in chosen]

    def _total(self) -> int:
        return self._chance.randint(1, 4)

    @staticmethod
    def _host(name: str, uuid: str, providers: Sequence[Provider]) -> Host:
        return Host(
            name=name,
            nodename=name,
            compute_node_uuid=uuid,
            agent=strangers.AGENT,
            providers=list(providers),
        )


class Takes:
    """Its own queue: what it is given to build and to tear down."""

    target: ClassVar = messaging.Target(version=versions.COMPUTE)

    def __init__(self, given: list[Tag]) -> None:
        self._given = given

    @messaging.expose
    def build(
        self,
        ctxt: RequestContext,
        host: str,
        instance_uuid: str,
        attempt: int,
        request: BuildRequest,
        selection: Selection,
    ) -> None:
        """Note it, and build nothing."""
        self._given.append((host, instance_uuid, attempt))

    @messaging.expose
    def tear_down(
        self,
        ctxt: RequestContext,
        host: str,
        instance_uuid: str,
        attempt: int,
        host_uuid: str | None = None,
    ) -> None:
        """Do nothing."""


def _provider(uuid: str, name: str, total: int, parent_uuid: str | None = None) -> Provider:
    return Provider(
        uuid=uuid,
        name=name,
        parent_uuid=parent_uuid,
        inventories={"VCPU": {"total": total}},
        traits=["CUSTOM_STRANGE"],
    )
