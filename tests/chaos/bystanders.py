"""Nothing of anybody else's changes by those who mean harm.

Whatever is done for a hostile message is marked with it: in the thread that
handles it, in those that this one starts, and in what those call further on.
A transaction, and a request to Placement, never lets another thread run in
between. So all is compared that was before it and is after it, and what differs
has to be theirs.

Theirs are the hosts that their agent registered as its own user of the broker,
and what these are called and offer; the attempts that were cast to such a host,
and the instance whose current attempt is one of those. Of the hostile client
are the requests and instances of its own project.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from tests.chaos.hostile import strangers
from tests.chaos.hostile.strangers import Behalf
from tests.chaos.kernel import Kernel
from tests.chaos.oracle import CHANGED, Violation
from tests.chaos.plan import Plan
from tests.chaos.services import Surroundings
from tests.fakes.ledger_providers import FakeProvider
from understudy.objects import states
from understudy.rpcapi.bus import API

Row = Mapping[str, Any]
Key = tuple[Any, ...]
Rows = dict[str, dict[Key, Row]]
"""By table and primary key."""

_CELL: Final = {
    "requests": ("request_id",),
    "instances": ("uuid",),
    "attempts": ("instance_uuid", "number", "position"),
    "group_members": ("instance_uuid",),
    "hosts": ("name",),
    "refused_hosts": ("uuid", "agent_uuid", "bus_user"),
}
_API: Final = {
    "requests": ("request_id",),
    "cells": ("uuid",),
    "instance_mappings": ("instance_uuid",),
    "host_mappings": ("host",),
}
_LONGEST: Final = 60
"""Characters of a value that are shown."""
_ENDS: Final = {states.DELETING, states.FAILING, states.HANDED_OVER}


@dataclass(slots=True)
class Change:
    """A row, a provider or a claim, before and after."""

    where: str
    """The database's name, or "ledger"."""
    what: str
    key: Key
    was: Row | None
    becomes: Row | None

    @property
    def sides(self) -> list[Row]:
        """What there is of both."""
        return [row for row in (self.was, self.becomes) if row is not None]

    def __str__(self) -> str:
        """Say which, and what differs."""
        was, becomes = self.was or {}, self.becomes or {}
        names = sorted(set(was) | set(becomes))
        differs = [
            f"{name}: {_cut(was.get(name))} -> {_cut(becomes.get(name))}"
            for name in names
            if was.get(name) != becomes.get(name)
        ]
        return f"{self.what} {' '.join(map(str, self.key))} in {self.where}: {', '.join(differs)}"


class Bystanders:
    """Looks on while something is done for hostile messages."""

    def __init__(self, kernel: Kernel, plan: Plan, around: Surroundings) -> None:
        """Begin to look."""
        self.found: list[Violation] = []
        self._kernel = kernel
        self._api = around.api
        self._databases = {API: (around.api, _API)} | {
            cell: (database, _CELL) for cell, database in around.cells.items()
        }
        self._store = around.placement.store
        self._agent = Agents(plan)
        for name, (database, _) in self._databases.items():
            database.around_write = partial(self._around, name)
        around.placement.around_write = partial(self._around, "ledger")

    def _around(self, where: str) -> contextlib.AbstractContextManager[object]:
        behalf = self._kernel.behalf
        if not isinstance(behalf, Behalf):
            return contextlib.nullcontext()
        return self._compared(where, behalf)

    @contextlib.contextmanager
    def _compared(self, where: str, behalf: Behalf) -> Iterator[None]:
        before = self._look(where)
        yield
        after = self._look(where)
        if behalf.who == strangers.AGENT and behalf.place != API:
            in_cell = before if where == behalf.place else self._look(behalf.place)
            self._agent.touch(behalf, in_cell)
        for change in _changes(where, before, after):
            if not self._is_theirs(behalf, change, before, after):
                words = f"{behalf.method} of the hostile {behalf.who} changed {change}"
                self.found.append(Violation(CHANGED, words))

    def _look(self, where: str) -> Rows:
        if where == "ledger":
            return _ledger(self._store.providers.values(), self._store)
        database, tables = self._databases[where]
        return {
            table: {
                tuple(row[column] for column in key): dict(row)
                for row in database.rows(f"SELECT * FROM {table}")
            }
            for table, key in tables.items()
        }

    def _is_theirs(self, behalf: Behalf, change: Change, before: Rows, after: Rows) -> bool:
        if behalf.place == API:
            return self._is_of_client(change, before, after)
        return self._agent.may_change(behalf, change, before)

    def _is_of_client(self, change: Change, before: Rows, after: Rows) -> bool:
        """Does it belong to the hostile client's project, before and after?"""
        match change.what:
            case "requests" if change.where != API:
                return change.key[0] in strangers.REQUESTS
            case "requests" | "instance_mappings" | "instances" | "claims":
                is_ours = all(row["project_id"] == strangers.PROJECT for row in change.sides)
                return is_ours and (change.what != "claims" or self._is_mapped(change.key[0]))
            case "attempts" | "group_members":
                instance = (before | after)["instances"].get((change.key[0],))
                return instance is not None and instance["project_id"] == strangers.PROJECT
        return False

    def _is_mapped(self, instance_uuid: str) -> bool:
        mappings = self._look(API)["instance_mappings"]
        row = mappings.get((instance_uuid,))
        return row is not None and row["project_id"] == strangers.PROJECT


@dataclass(slots=True)
class Agents:
    """What is the hostile agent's own."""

    plan: Plan
    names: Collection[str] = field(init=False)
    """Those of honest hosts in its cell."""
    uuids: Collection[str] = field(init=False)
    """Those of all honest hosts."""

    def __post_init__(self) -> None:
        agents = self.plan.agents
        cell = self.plan.strangers.agent_in
        self.names = {host.name for one in agents for host in one.hosts if one.cell == cell}
        self.uuids = {host.compute_node_uuid for one in agents for host in one.hosts}

    def touch(self, behalf: Behalf, rows: Rows) -> None:
        """Note the instances that are its to change, for as long as this message is handled."""
        own = _own_hosts(rows)
        held = {
            (row["instance_uuid"], row["number"], row["position"])
            for row in rows["attempts"].values()
            if row["service_host"] in own
        }
        ever = {uuid for uuid, _, _ in held}
        behalf.touched |= {
            row["uuid"]
            for row in rows["instances"].values()
            if (row["uuid"], row["attempt"], row["position"]) in held
            or (row["uuid"] in ever and row["state"] in _ENDS)
        }

    def may_change(self, behalf: Behalf, change: Change, before: Rows) -> bool:
        """Is this its own?"""
        if change.where not in (behalf.place, "ledger"):
            return False
        is_its_users = all(row.get("bus_user") == strangers.AGENT for row in change.sides)
        match change.what:
            case "providers":
                return change.key[0] in strangers.PROVIDERS
            case "hosts" | "refused_hosts":
                return is_its_users and not any(map(self._is_anothers, change.sides))
            case "attempts" if {row["service_host"] for row in change.sides} <= _own_hosts(before):
                return True
            case "claims" | "instances" | "group_members" | "attempts":
                return change.key[0] in behalf.touched
        return False

    def _is_anothers(self, row: Row) -> bool:
        """Is a row of the cell's hosts about somebody else's, whoever speaks for it now?"""
        if "compute_node_uuid" not in row:
            return False
        return row["name"] in self.names or row["compute_node_uuid"] in self.uuids


def _cut(value: object) -> str:
    return repr(value)[:_LONGEST]


def _own_hosts(rows: Rows) -> set[str]:
    return {row["name"] for row in rows["hosts"].values() if row["bus_user"] == strangers.AGENT}


def _ledger(providers: Collection[FakeProvider], store: Any) -> Rows:
    return {
        "providers": {
            (one.uuid,): {
                "name": one.name,
                "parent": one.parent,
                "root": one.root,
                "inventories": json.dumps(one.inventories, sort_keys=True),
                "traits": sorted(one.traits),
                "aggregates": sorted(one.aggregates),
            }
            for one in providers
        },
        "claims": {
            (uuid,): {
                "project_id": one.owner.project_id,
                "user_id": one.owner.user_id,
                "consumer_type": one.owner.consumer_type,
                "allocations": json.dumps(one.allocations, sort_keys=True),
            }
            for uuid, one in store.consumers.items()
            if one.allocations
        },
    }


def _changes(where: str, before: Rows, after: Rows) -> Iterator[Change]:
    for what, were in before.items():
        are = after[what]
        for key in {**were, **are}:
            was, becomes = were.get(key), are.get(key)
            if was != becomes:
                yield Change(where, what, key, was, becomes)
