"""A client of another project, which asks for whatever is none of its business.

It knows the ids of all requests and instances. Its context never says that an
administrator asks, nor that it is of somebody else's project, in a way that is
believed: whoever may say that on the API level's bus is an administrator.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Final

from tests.chaos.hostile import strangers
from tests.chaos.hostile.strangers import Behalf
from tests.chaos.plan import Plan
from tests.chaos.process import SUPER_USER, Process
from tests.chaos.services import Surroundings
from understudy.objects.build_request import BuildRequest
from understudy.objects.errors import UnderstudyError
from understudy.objects.fields import AdminState
from understudy.rpcapi.bus import API
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.scheduler import SchedulerClient
from understudy.rpcapi.super_conductor import SuperConductorClient

PATIENCE: Final = 2.0
LONGEST_PAUSE: Final = 1.0
"""Seconds between two of its messages, at most."""
_FORGED: Final[tuple[strangers.Facts, ...]] = (
    {},
    {},
    {"is_admin": "yes"},
    {"is_admin": "True", "sender": SUPER_USER},
    {"roles": "admin", "sender": SUPER_USER},
    {"project_id": ""},
    {"user_id": "user"},
)
"""What its contexts say besides."""
_INSTANCES: Final = "SELECT instance_uuid, project_id FROM instance_mappings"
_REQUESTS: Final = "SELECT request_id, project_id FROM requests"


class HostileClient:
    """Asks for any well-formed thing, until `is_over`."""

    def __init__(
        self, process: Process, around: Surroundings, plan: Plan, is_over: Callable[[], bool]
    ) -> None:
        """Be `process`, which is on the API level's bus."""
        process.behalf_of = lambda method: Behalf(strangers.PROJECT, method, API)
        bus = around.buses[API].open(process)
        self._process = process
        self._around = around
        self._is_over = is_over
        self._conductor = SuperConductorClient(bus, timeout=PATIENCE)
        self._scheduler = SchedulerClient(bus, timeout=PATIENCE)
        self._chance = random.Random(f"hostile client {plan.seed}")
        self._hosts = [host.name for agent in plan.agents for host in agent.hosts]
        self.told: list[str] = []
        """What it was told of what is not its own."""

    def start(self) -> None:
        """Begin to ask."""
        self._process.spawn("talk", self._talk)

    def _talk(self) -> None:
        while not self._is_over():
            self._process.kernel.sleep(self._chance.uniform(0.0, LONGEST_PAUSE))
            self._process.spawn("ask", self._ask)

    def _ask(self) -> None:
        word = self._chance.choice(
            (
                self._build_own,
                self._build_another,
                self._look,
                self._look,
                self._end,
                self._end,
                self._ask_as_an_admin,
                self._select,
            )
        )
        try:
            word()
        except UnderstudyError:
            # It is told no, or nothing at all.
            return

    def _build_own(self) -> None:
        context = RequestContext(strangers.PROJECT, strangers.USER)
        self._conductor.build(context, _request(self._chance.choice(strangers.REQUESTS)))

    def _build_another(self) -> None:
        """Build in somebody else's name, or under an id that is taken."""
        request_id = self._chance.choice(self._known(_REQUESTS, "request_id"))
        project = self._chance.choice(("project", strangers.PROJECT))
        self._conductor.build(self._context(), _request(request_id, project))

    def _look(self) -> None:
        instance = self._chance.choice(self._known(_INSTANCES, "instance_uuid"))
        match self._chance.choice(("show", "list", "result")):
            case "show":
                shown = self._conductor.show(self._context(), instance)
                self._note("show", [shown.project_id])
            case "list":
                filters: dict[str, str] = self._chance.choice(({}, {"project_id": "project"}))
                page = self._conductor.list_instances(self._context(), filters, [], [], 10, None)
                self._note("list_instances", [one.project_id for one in page.instances])
            case _:
                theirs = self._known(_REQUESTS, "request_id")
                request_id = self._chance.choice(theirs)
                result = self._conductor.result(self._context(), request_id)
                self._note("result", [one.project_id for one in result.instances])

    def _end(self) -> None:
        if self._chance.random() < 0.5:
            instance = self._chance.choice(self._known(_INSTANCES, "instance_uuid"))
            self._conductor.delete(self._context(), instance)
        else:
            request_id = self._chance.choice(self._known(_REQUESTS, "request_id"))
            self._conductor.cancel(self._context(), request_id)

    def _ask_as_an_admin(self) -> None:
        match self._chance.choice(("hosts", "services", "cells", "set")):
            case "hosts":
                self._conductor.list_hosts(self._context(), None)
            case "services":
                self._conductor.list_services(self._context())
            case "cells":
                self._conductor.list_cells(self._context())
            case _:
                host = self._chance.choice(self._hosts)
                state = self._chance.choice(AdminState.ALL)
                self._conductor.set_host(self._context(), host, state, "because")
        self.told.append("it was answered what is for administrators")

    def _select(self) -> None:
        """Ask the scheduler past the super conductor: claim, and move what others claim."""
        instance = self._chance.choice(self._known(_INSTANCES, "instance_uuid"))
        project = self._chance.choice(("project", strangers.PROJECT))
        request = _request(self._chance.choice(strangers.REQUESTS), project)
        consumer = self._around.placement.store.consumers.get(instance)
        held = {} if consumer is None else {instance: consumer.generation}
        self._scheduler.select_destinations(
            self._context(), request.request_id, request, [instance], 1, held, timeout=PATIENCE
        )

    def _context(self) -> RequestContext:
        """Return one that names its own project, or none that counts."""
        facts = self._chance.choice(_FORGED)
        return strangers.forged(strangers.PROJECT, strangers.USER, None, facts)

    def _known(self, query: str, column: str) -> list[str]:
        """Return the ids that there are, or one of its own."""
        found = sorted(row[column] for row in self._around.api.rows(query))
        return found or [strangers.REQUESTS[0]]

    def _note(self, method: str, projects: Iterable[str]) -> None:
        others = sorted(set(projects) - {strangers.PROJECT})
        if others:
            self.told.append(f"{method} told it of project {' and '.join(others)}")


def _request(request_id: str, project: str = strangers.PROJECT) -> BuildRequest:
    return BuildRequest(
        request_id=request_id,
        count=1,
        resources={"VCPU": 1},
        project_id=project,
        user_id=strangers.USER if project == strangers.PROJECT else "user",
        image="image",
    )
