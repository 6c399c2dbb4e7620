"""Is this the host that it says it is, and may this agent speak for it?

A host is its own uuid, whatever it is called, and an agent is its own uuid and
the broker's user as whom its messages come. Whatever does not fit together is a
question for the operator: a renamed machine looks like this, and so do a clone
of its disk, a machine that was moved or replaced, and somebody else's agent.

Pure: hosts.py asks the database, and carries out the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from understudy.cells.records import Binding, HostRecord
from understudy.cells.refusals import Why
from understudy.ledger import errors as ledger_errors
from understudy.objects.host import Host
from understudy.rpcapi.context import RequestContext

MANAGE: Final = "understudy-manage host"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a host is not taken, and what the operator may do about it."""

    why: Why
    detail: str
    remedy: str


def spoken_by(context: RequestContext) -> Binding:
    """Return who sent a message, as its context and the broker say."""
    speaker = context.speaker
    if speaker is None:
        return Binding(bus_user=context.sender)
    return Binding(speaker.agent_uuid, context.sender, speaker.origin)


def judge(
    host: Host,
    who: Binding,
    known: Sequence[HostRecord],
    approved: str,
    *,
    admits_new: bool,
) -> Refusal | None:
    """Return why the host is not to be taken; None where it is.

    `known` are the cell's hosts of its name or its uuid, `approved` is what the
    operator lets pass of this very host and agent ("" for nothing).
    """
    same = next((r for r in known if r.compute_node_uuid == host.compute_node_uuid), None)
    namesake = next((r for r in known if r.name == host.name), None)
    if same is not None and same.name != host.name:
        return _renamed(host, same)
    if namesake is not None and namesake is not same:
        return _name_taken(host, namesake)
    if same is None:
        # Providers are looked at last: whose are approved was let in as well.
        return None if admits_new or approved in (Why.NEW, Why.PROVIDERS) else _new(host)
    return _not_its_agent(host, who, same, approved)


def may_speak(who: Binding, host: HostRecord, host_uuid: str | None) -> str | None:
    """Return why `who` may not speak for the host of this record; None where they may.

    `host_uuid` is the host that they mean by its name, None where they do not say.
    """
    if host_uuid is not None and host_uuid != host.compute_node_uuid:
        return f"{host.name} is {host.compute_node_uuid} here, not {host_uuid}"
    if host.bound.admits(who):
        return None
    return f"{_named(who)} does not speak for it, {_named(host.bound)} does"


def provider_not_ours(host: Host, cell: str, error: ledger_errors.ProviderNotOurs) -> Refusal:
    """Return the refusal of a host one of whose providers is somebody else's."""
    if error.cell is not None and error.cell != cell.lower():
        return Refusal(
            Why.PROVIDERS,
            f"{error}: cell {cell} cannot take it from cell {error.cell}",
            f"if the machine has moved here: {MANAGE} move {host.compute_node_uuid} {cell}; "
            "else give it a name and a uuid of its own",
        )
    return Refusal(
        Why.PROVIDERS,
        str(error),
        f"if it is this host's: {MANAGE} adopt {host.name}; else see who made it",
    )


def _renamed(host: Host, same: HostRecord) -> Refusal:
    return Refusal(
        Why.RENAMED,
        f"agent {host.agent} calls it {host.name} now, but it is {same.name} here "
        f"({host.compute_node_uuid}); what runs on it is left as it is",
        f"make it so: {MANAGE} rename {same.name} {host.name}; or give it back its old name, "
        f"[compute] agent = {same.agent}",
    )


def _name_taken(host: Host, namesake: HostRecord) -> Refusal:
    return Refusal(
        Why.NAME_TAKEN,
        f"another host is called {host.name} here ({namesake.compute_node_uuid}, this one is "
        f"{host.compute_node_uuid})",
        f"if this machine takes its place: {MANAGE} replace {host.name}; if it is the same one "
        f"and has lost its identity file: write the old uuid into that; else rename it",
    )


def _new(host: Host) -> Refusal:
    return Refusal(
        Why.NEW,
        f"it is new here ({host.compute_node_uuid})",
        f"let it in: {MANAGE} approve {host.name}; or set [conductor] approve_new_hosts",
    )


def _not_its_agent(host: Host, who: Binding, same: HostRecord, approved: str) -> Refusal | None:
    bound = same.bound
    if (
        bound.agent_uuid not in (None, who.agent_uuid)
        or bound.bus_user not in (None, who.bus_user)
    ) and approved != Why.AGENT:
        return Refusal(
            Why.AGENT,
            f"{_named(who)} speaks for it, and it belongs to {_named(bound)}",
            f"stop the wrong one; or make it so: {MANAGE} rebind {host.name}",
        )
    moved = bound.origin not in (None, who.origin)
    if moved and not same.down and approved not in (Why.CLONE, Why.AGENT):
        return Refusal(
            Why.CLONE,
            "its agent is heard from elsewhere as well: a clone of its "
            "disk, or the machine was started anew",
            "stop the wrong one: it is taken in by itself once the other is silent for "
            f"host_down_time; or make it so now: {MANAGE} rebind {host.name}",
        )
    return None


def _named(who: Binding) -> str:
    agent = f"agent {who.agent_uuid}" if who.agent_uuid else "an agent without a uuid"
    user = f"as the broker's user {who.bus_user}" if who.bus_user else "as no user of the broker's"
    return f"{agent} {user}"
