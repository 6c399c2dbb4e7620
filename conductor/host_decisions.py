"""What an operator decides about hosts: let in, rename, replace, move, rebind, adopt, delete.

A host that its cell does not take waits among the refused ones of that cell's
database. A decision changes rows there, and the cell's conductor takes the host
at its next registration. Nothing is decided of a host that is still spoken for
otherwise, and no host goes while it holds an instance or a claim.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from understudy.cells import errors as cell_errors
from understudy.cells.api_store import ApiStore
from understudy.cells.records import HostRecord, RefusedHost
from understudy.cells.refusals import Why
from understudy.conductor.cell_access import CellAccess, CellDirectory
from understudy.ledger.protocols import Books, Inventory
from understudy.objects.errors import UnderstudyError

_NAMED: Final = 3
"""Uuids that an error shows, of many."""


class NotDecided(UnderstudyError):
    """The decision cannot be carried out as things are; nothing was changed."""

    def __init__(self, host: str, problem: str, remedy: str) -> None:
        """Keep the host, what is wrong and what to do."""
        super().__init__(host, problem, remedy)
        self.host = host
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        """Say all three."""
        return f"host {self.host}: {self.problem}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A host that a cell does not take."""

    cell: CellAccess
    host: RefusedHost


class HostDecisions:
    """Carries decisions out. Raises NotDecided, CellUnreachable, LedgerError."""

    def __init__(
        self, api: ApiStore, cells: CellDirectory, inventory: Inventory, books: Books
    ) -> None:
        """Take the databases and what of the ledger hosts consist of."""
        self._api = api
        self._cells = cells
        self._inventory = inventory
        self._books = books

    def approve(self, named: str, *why: Why, agent: str | None = None) -> Waiting:
        """Let the cell take the host of this name or uuid, which it refused for one of these."""
        found = self._waiting(named, agent, why)
        if found.host.why == Why.PROVIDERS:
            self._check_nobody_elses(found)
        found.cell.store.approve_host(found.host, found.host.why)
        return found

    def rename(self, old: str, new: str) -> str:
        """Call a host by another name in its cell; return the cell's name."""
        access, host = self._host(old)
        self._check_silent(host)
        try:
            access.store.rename_host(old, new)
        except cell_errors.DuplicateHost:
            problem = f"another host of {access.name} is called {new}"
            raise NotDecided(old, problem, "choose another name") from None
        access.store.forget_refused(host.compute_node_uuid)
        return access.name

    def replace(self, named: str, agent: str | None = None) -> Waiting:
        """Let the host that waits under a name take the place of the one that has it."""
        found = self._waiting(named, agent, (Why.NAME_TAKEN,))
        access, old = self._host(found.host.name, found.cell)
        self._remove(access, old, gone=False)
        access.store.approve_host(found.host, Why.NEW)
        return found

    def move(self, named: str, cell: str, agent: str | None = None) -> Waiting:
        """Let a host that waits in `cell` leave the cell that it is registered in."""
        found = next(
            (w for w in self._all_waiting(named, agent) if w.cell.name == cell),
            None,
        )
        if found is None:
            problem = f"it has not tried to register in {cell}"
            raise NotDecided(named, problem, "start its agent there, then look at `host list`")
        uuid = found.host.uuid
        for access in self._cells.all():
            for host in access.store.hosts():
                if host.compute_node_uuid == uuid and access.name != cell:
                    self._remove(access, host, gone=False)
        found.cell.store.approve_host(found.host, Why.NEW)
        return found

    def delete(self, name: str, *, gone: bool = False) -> str:
        """Forget a host, its mapping and its providers; return the cell's name.

        If the machine is `gone`, what it may still have held of ended instances
        does not count.
        """
        access, host = self._host(name)
        self._remove(access, host, gone=gone)
        return access.name

    def _check_nobody_elses(self, found: Waiting) -> None:
        """Raise NotDecided where a provider is that of a host of any cell."""
        for access in self._cells.all():
            for host in access.store.hosts():
                if host.compute_node_uuid == found.host.uuid and access.name == found.cell.name:
                    continue
                taken = found.host.providers & {
                    host.compute_node_uuid,
                    *access.store.recorded_providers(host.compute_node_uuid),
                }
                if taken:
                    problem = f"{_some(sorted(taken))} belongs to {host.name} of {access.name}"
                    remedy = "move or delete that host first, or give this one uuids of its own"
                    raise NotDecided(found.host.name, problem, remedy)

    def _remove(self, access: CellAccess, host: HostRecord, *, gone: bool) -> None:
        self._check_silent(host)
        recorded = access.store.recorded_providers(host.compute_node_uuid)
        consumers = sorted({each for uuid in recorded for each in self._books.claims_on(uuid)})
        if consumers:
            problem = f"{_some(consumers)} hold claims on it"
            raise NotDecided(host.name, problem, "delete those instances first")
        held = access.store.held_on(host.name, gone=gone)
        if held:
            problem = f"it still holds {_some(held)}"
            remedy = "delete those first; if the machine is gone for good, say --gone"
            raise NotDecided(host.name, problem, remedy)
        # In this order, each step may be taken again where a later one fails.
        self._inventory.remove_tree(host.compute_node_uuid, recorded)
        access.store.remove_host(host.name, gone=gone)
        try:
            self._api.remove_host_mapping(host.name)
        except cell_errors.HostUnknown:
            # It was never mapped.
            return

    @staticmethod
    def _check_silent(host: HostRecord) -> None:
        if not host.down:
            problem = f"its agent was heard {host.silent_for:.0f} s ago"
            remedy = "stop that agent, and wait until `host list` shows that it is not alive"
            raise NotDecided(host.name, problem, remedy)

    def _host(self, name: str, within: CellAccess | None = None) -> tuple[CellAccess, HostRecord]:
        for access in [within] if within is not None else self._cells.all():
            try:
                return access, access.store.host(name)
            except cell_errors.HostUnknown:
                continue
        raise NotDecided(name, "no cell has a host of this name", "see `understudy host list`")

    def _waiting(self, named: str, agent: str | None, why: tuple[Why, ...]) -> Waiting:
        found = [w for w in self._all_waiting(named, agent) if w.host.why in why]
        if not found:
            problem = "no cell has refused such a host for that reason"
            raise NotDecided(named, problem, "see `understudy host list` for the command to give")
        if len(found) > 1:
            those = "; ".join(
                f"{w.host.name} {w.host.uuid} of agent {w.host.agent_uuid or 'unknown'} "
                f"in {w.cell.name}"
                for w in found
            )
            remedy = "give its uuid, and the agent's with --agent"
            raise NotDecided(named, f"it may be any of these: {those}", remedy)
        return found[0]

    def _all_waiting(self, named: str, agent: str | None) -> Iterator[Waiting]:
        for access in self._cells.all():
            for host in access.store.refused_hosts():
                if named in (host.name, host.uuid) and agent in (None, host.agent_uuid):
                    yield Waiting(access, host)


def _some(uuids: Sequence[str]) -> str:
    """Name a few of them."""
    more = len(uuids) - _NAMED
    return ", ".join(uuids[:_NAMED]) + (f" and {more} more" if more > 0 else "")
