"""What signatures do not say of the methods: units, errors, and what may be sent again.

A test holds these to the endpoints: every method and argument stands here, and
every error that a client's docstring names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from understudy.compute.endpoints import ComputeEndpoint
from understudy.conductor.endpoints import CellConductorEndpoint, SuperConductorEndpoint
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.client import Client
from understudy.rpcapi.compute import ComputeClient
from understudy.rpcapi.scheduler import SchedulerClient
from understudy.rpcapi.super_conductor import SuperConductorClient
from understudy.scheduler.endpoints import SchedulerEndpoint


@dataclass(frozen=True)
class Method:
    """One method: `again` says whether it may be sent again, and with what effect."""

    what: str
    again: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    result: str = ""
    errors: Sequence[str] = ()
    cast: bool = False
    since: str = "1.0"


@dataclass(frozen=True)
class Interface:
    """One service on a bus."""

    title: str
    bus: str
    listeners: str
    client: type[Client]
    endpoint: Any
    methods: Mapping[str, Method]

    @property
    def service(self) -> str:
        """The service's name in topics."""
        return self.client.service

    @property
    def version(self) -> str:
        """The version that this release offers."""
        return self.client.version


READS: Final = "Yes; it only reads."
INSTANCE: Final = "The instance's uuid."
HOST: Final = "The host's name."
ATTEMPT: Final = "The attempt's number, from 1 on: the fencing token."
REASON: Final = "Shown to operators; null takes the last one away."
ADMIN_STATE: Final = '"enabled", "disabled" or "draining".'
REQUEST_ID: Final = "The uuid of the build request, chosen by the client."
TOLD: Final = {"host": HOST, "instance_uuid": INSTANCE, "attempt": ATTEMPT}
REPEAT: Final = (
    "Yes, and agents do until they are answered; the same report again changes nothing."
)
REPORT_ERRORS: Final = (
    "Superseded",
    "InstanceNotFound",
    "HostNotFound",
    "HostRefused",
    "CellUnavailable",
)

SCHEDULER: Final = Interface(
    "Scheduler",
    "api",
    "Any scheduler on the API-level bus takes a call. It answers the users of the bus that "
    "[scheduler] callers names, and takes the consumer types of [scheduler] consumer_types.",
    SchedulerClient,
    SchedulerEndpoint,
    {
        "select_destinations": Method(
            "Claim a host for each instance in Placement, then name alternates in the same cell.",
            "Yes, with the same request id, instances and body: claims that were written are "
            "found and adopted, never written twice; alternates may differ. Have one such call "
            "in flight for an instance at a time. After NoValidHost, TooManyEqualGroups and "
            "LedgerRefusedRequest nothing more is claimed than before, and the same request has "
            "the same answer until the cloud changes; what an earlier call claimed whose answer "
            "was lost is for the caller to give back.",
            {
                "request_id": REQUEST_ID,
                "request": "What each instance takes, and whose the claims are. Its "
                "attempts, cells and deadline are checked and not used.",
                "instance_uuids": "The consumers to claim for in Placement, each once; at most "
                "the request's count.",
                "alternates": "How many alternates to name for each instance, 0 to 64; fewer "
                "come where the cell has no more.",
                "held": "{instance uuid: consumer generation} of those that hold a claim already: "
                "it is moved, if it is of the request's project, user and consumer type; else "
                "LedgerRefusedRequest, and nothing is written. Empty for first claims.",
            },
            "For each instance its claimed host, the generation that the claim's write produced, "
            "and alternates. The claims are the caller's, who gives them back.",
            (
                "NoValidHost",
                "LedgerDown",
                "LedgerRefusedRequest",
                "TooManyEqualGroups",
                "Overloaded",
                "ServiceUnavailable",
                "InvalidRequest",
                "Forbidden",
            ),
        )
    },
)

SUPER_CONDUCTOR: Final = Interface(
    "Super conductor",
    "api",
    "Any super conductor on the API-level bus takes a call.",
    SuperConductorClient,
    SuperConductorEndpoint,
    {
        "build": Method(
            "Write the request down and answer; the builds begin after the answer.",
            "Yes: under the same request id with the same body, the answer is the same and "
            "nothing is built twice.",
            {
                "request": "What to build, and under which id. Its project and user are the "
                "context's own, unless an administrator asks.",
            },
            "The uuids of the instances, in their order.",
            (
                "InvalidRequest",
                "RequestIdTaken",
                "Overloaded",
                "LedgerDown",
                "CellUnavailable",
                "Forbidden",
            ),
        ),
        "result": Method(
            "Say where each instance of the request stands now. Poll it; 0.05 s growing to 2 s is "
            "what the Python client pauses.",
            READS,
            {"request_id": REQUEST_ID},
            "The instances without their attempts, and the cells that could not be asked.",
            ("RequestNotFound", "CellUnavailable", "Forbidden"),
        ),
        "cancel": Method(
            "Delete every instance of the request.",
            "Yes; what is deleted stays so.",
            {"request_id": REQUEST_ID},
            "Nothing; the deletes are written down when it answers, and happen after that.",
            ("RequestNotFound", "InstanceNotFound", "CellUnavailable", "Forbidden"),
        ),
        "delete": Method(
            "Have the instance torn down and its claim given back, whatever it is doing.",
            "Yes; what is deleted stays so.",
            {"instance_uuid": INSTANCE},
            "Nothing; the delete is written down when it answers, and happens after that.",
            ("InstanceNotFound", "CellUnavailable", "Forbidden"),
        ),
        "show": Method(
            "Return one instance with its timeline.",
            READS,
            {"instance_uuid": INSTANCE},
            "The instance with every attempt.",
            ("InstanceNotFound", "CellUnavailable", "Forbidden"),
        ),
        "list_instances": Method(
            "Return one page of the instances of all cells.",
            READS,
            {
                "filters": "What must be equal: state, host, request_id, project_id, name. "
                "Whatever they say, only an administrator is shown instances of other projects.",
                "sort_keys": "created_at (the default), updated_at, name, state, uuid, "
                "service_host.",
                "sort_dirs": '"asc" or "desc" for each key; a key without one ascends.',
                "limit": "Instances in a page, 1 to 1000; what is beyond that is taken as the "
                "nearest of these.",
                "marker": "The uuid to continue after; null for the first page.",
            },
            "The page, without attempts; its marker is null on the last one.",
            ("BadQuery", "InstanceNotFound", "CellUnavailable", "Forbidden"),
        ),
        "list_hosts": Method(
            "Return the hosts of one cell, or of all. Administrators only.",
            READS,
            {"cell_name": "The cell's name; null for all cells."},
            "The hosts without their providers; times in seconds.",
            ("CellNotFound", "CellUnavailable", "Forbidden"),
        ),
        "set_host": Method(
            "Enable, disable or drain a host. Administrators only.",
            "Yes; the last one holds.",
            {"host": HOST, "admin_state": ADMIN_STATE, "reason": REASON},
            "The host as it is now.",
            ("HostNotFound", "CellUnavailable", "LedgerDown", "ServiceUnavailable", "Forbidden"),
        ),
        "list_services": Method(
            "Return every process that beats, of the API level and of all cells. "
            "Administrators only.",
            READS,
            result="The processes; times in seconds.",
            errors=("CellUnavailable", "Forbidden"),
        ),
        "list_cells": Method(
            "Return every cell, and whether it answers. Administrators only.",
            READS,
            result="The cells; addresses carry no password.",
            errors=("CellUnavailable", "Forbidden"),
        ),
    },
)

CELL_CONDUCTOR: Final = Interface(
    "Cell conductor",
    "the cell's name",
    "Any conductor of the cell takes a call on the cell's bus.",
    CellConductorClient,
    CellConductorEndpoint,
    {
        "register_host": Method(
            "Make the host and its tree of providers known, in the cell and in Placement.",
            "Yes; the same again changes nothing.",
            {
                "host": "The host as it describes itself.",
                "holds": "What exists on it now: all of it, or the rest is taken for gone.",
            },
            "What to tear down first; the host is schedulable once it registers without strays.",
            ("HostRefused", "LedgerDown", "HostNotFound", "CellUnavailable"),
        ),
        "heartbeat": Method(
            "Say that the agent lives, and what each of its hosts has in hand.",
            "Yes; send the newest state rather than an old one again.",
            {
                "agent": "The name that the agent listens under.",
                "in_hand": "{host: pairs} of all that is being built or is there. What was cast "
                "and is missing here twice is cast again.",
            },
            "What to tear down, and which hosts must register again.",
            ("CellUnavailable",),
        ),
        "build_started": Method(
            "Ask whether to go on with the build.",
            "Yes; the answer is the same until the attempt is superseded.",
            TOLD,
            "Nothing: go on.",
            (*REPORT_ERRORS, "AlreadyBuilt"),
        ),
        "build_succeeded": Method(
            "Say that the instance is there: it becomes ACTIVE.",
            REPEAT,
            TOLD,
            "Nothing.",
            REPORT_ERRORS,
        ),
        "build_failed": Method(
            "Say why the build failed: the claim moves to the next alternate, or the build ends.",
            REPEAT,
            {
                **TOLD,
                "fault": "Why, and who is to blame.",
                "cleaned": "Does the host hold nothing of this attempt any more? Until it does, "
                "the claim stays where it is.",
            },
            "Nothing.",
            REPORT_ERRORS,
        ),
        "torn_down": Method(
            "Say that the host holds nothing of this attempt, or an older one, any more.",
            REPEAT,
            TOLD,
            "Nothing; an instance that nobody knows is no error.",
            ("CellUnavailable",),
        ),
        "set_host": Method(
            "Enable, disable or drain a host.",
            "Yes; the last one holds.",
            {"host": HOST, "admin_state": ADMIN_STATE, "reason": REASON},
            "The host as it is now.",
            ("HostNotFound", "LedgerDown", "CellUnavailable"),
        ),
        "end_instances": Method(
            "Nudge the cell to look at instances that are to end; its sweep finds them anyway.",
            "Yes, and it may be lost.",
            {"instance_uuids": "Those that are to end."},
            cast=True,
        ),
    },
)

COMPUTE: Final = Interface(
    "Compute agent",
    "the cell's name",
    "A cast goes to one agent: the routing key is the topic, a dot and the agent's name.",
    ComputeClient,
    ComputeEndpoint,
    {
        "build": Method(
            "Build an instance on one of the agent's hosts. The agent asks its cell conductor "
            "`build_started` first.",
            "Yes; a copy of what is known, or an older attempt, is ignored.",
            {
                **TOLD,
                "request": "What to build.",
                "selection": "The claim that the instance holds on this host.",
            },
            cast=True,
        ),
        "tear_down": Method(
            "Destroy what this attempt, and older ones, made on the host.",
            "Yes; the agent answers with `torn_down` each time.",
            {
                **TOLD,
                "host_uuid": "The host's own uuid: an order for another one is not carried out. "
                "Conductors of release 0.1 leave it out.",
            },
            cast=True,
        ),
    },
)

INTERFACES: Final = (SCHEDULER, SUPER_CONDUCTOR, CELL_CONDUCTOR, COMPUTE)
