"""Keep the hosts of one cell: register, hear, find silent, enable and disable.

A host is schedulable only while it is enabled, alive and reconciled: it has
registered since it was last silent, and holds nothing that it should not.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from understudy.cells import errors as cell_errors
from understudy.cells.cell_store import CellStore
from understudy.cells.records import UNNAMED, Binding, HostRecord, RefusedHost, Strays
from understudy.cells.refusals import Why
from understudy.conductor.host_identity import Refusal, judge, provider_not_ours
from understudy.ledger import errors as ledger_errors
from understudy.ledger.protocols import Inventory
from understudy.objects.fields import AdminState
from understudy.objects.host import Host
from understudy.objects.orders import Orders
from understudy.rpcapi import audit_log
from understudy.rpcapi import errors as wire

LOG = logging.getLogger(__name__)

_UNKNOWN = 404
_NOT_TAKEN = (ledger_errors.LedgerRefused, ledger_errors.TreeRefused)
"""The ledger's definite no; what was written before it was taken back."""

Pairs = Sequence[tuple[str, int]]
"""(instance uuid, attempt) each."""


class HostKeeper:
    """What one cell's conductor knows of its hosts, and tells the ledger."""

    def __init__(
        self,
        store: CellStore,
        inventory: Inventory,
        cell_name: str,
        host_down_time: float,
        *,
        admits_new: bool = True,
    ) -> None:
        """Call a host down that was silent for `host_down_time` seconds.

        Unless it `admits_new` hosts, an operator has to approve each.
        """
        self._store = store
        self._inventory = inventory
        self._cell_name = cell_name
        self._host_down_time = host_down_time
        self._admits_new = admits_new

    def register(self, host: Host, holds: Pairs, who: Binding = UNNAMED) -> Orders:
        """Take a host in; it becomes schedulable if it is enabled and holds no strays.

        Else the ledger keeps builds away from it; with strays it is told what to
        destroy, and to register again after that. A host that is not what it says
        it is, or for which `who` may not speak, is refused before anything of it
        is written. Raises HostRefused, LedgerDown.
        """
        uuid = host.compute_node_uuid
        if not host.providers or host.providers[0].uuid != uuid:
            raise wire.HostRefused(host.name, f"its first provider is not its own root, {uuid}")
        refused = self._store.refused_as(uuid, who)
        approved = "" if refused is None else refused.approved
        known = self._store.hosts_like(host.name, uuid)
        refusal = judge(host, who, known, approved, admits_new=self._admits_new)
        if refusal is not None:
            raise self._refuse(host, who, refusal, refused)
        if approved in (Why.AGENT, Why.CLONE):
            self._store.bind_host(host.name, who)
        recorded = self._store.recorded_providers(uuid)
        if refused is not None and approved == Why.PROVIDERS:
            recorded |= refused.providers
        try:
            record = self._take_in(host, who, recorded)
        except ledger_errors.ProviderNotOurs as error:
            refusal = provider_not_ours(host, self._cell_name, error)
            raise self._refuse(host, who, refusal, refused) from error
        if refused is not None:
            self._store.forget_refused(uuid)
        if approved or not known:
            audit_log.note(
                "host.register",
                audit_log.agent(who.agent_uuid, who.bus_user),
                host=host.name,
                uuid=uuid,
                cell=self._cell_name,
                approved=approved or None,
            )
        strays = self._store.strays(uuid, holds)
        if strays.unknown:
            LOG.warning(
                "%s holds %s instances that cell %s has not sent there; they are left as they are",
                host.name,
                len(strays.unknown),
                self._cell_name,
            )
        schedulable = not strays.superseded and _may_be_schedulable(record)
        self._tell_ledger(record, schedulable=schedulable)
        return _orders(host, strays)

    def heartbeat(
        self, agent: str, in_hand: Mapping[str, Pairs], who: Binding = UNNAMED
    ) -> Orders:
        """Hear what the agent's hosts have in hand; say what they should not."""
        beat = self._store.beat(agent, in_hand, who)
        return Orders(
            tear_down=dict(beat.superseded),
            register=sorted([*beat.unknown, *beat.waiting]),
            host_uuids={host: beat.uuids[host] for host in beat.superseded},
        )

    def _take_in(self, host: Host, who: Binding, recorded: frozenset[str]) -> HostRecord:
        """Write the host down, then into the ledger; where that refuses, forget its new providers.

        What is to be created is on record before it is, so that a conductor which
        dies in between leaves nothing that nobody knows.
        """
        described = frozenset(provider.uuid for provider in host.providers)
        cell = self._cell_name
        try:
            if not described <= recorded:
                self._inventory.check_tree(host.providers, recorded=recorded, cell=cell)
            record = self._store.register_host(host, who, recorded | described)
        except (cell_errors.DuplicateHost, *_NOT_TAKEN) as error:
            raise wire.HostRefused(host.name, str(error)) from error
        try:
            self._inventory.put_tree(host.providers, recorded=recorded | described, cell=cell)
        except _NOT_TAKEN as error:
            self._store.record_providers(host.name, recorded)
            raise wire.HostRefused(host.name, str(error)) from error
        return record

    def _refuse(
        self, host: Host, who: Binding, refusal: Refusal, before: RefusedHost | None
    ) -> wire.HostRefused:
        """Note that the host is not taken, and return the error that says so.

        It registers again and again, and is told each time; the log hears of it once.
        """
        told = refusal.detail, refusal.remedy
        if not self._store.note_refused(host, who, refusal.why, told):
            LOG.warning("too many hosts are refused in cell %s to note them", self._cell_name)
        known = before is not None and before.why == refusal.why
        LOG.log(
            logging.DEBUG if known else logging.WARNING,
            "host %s is not taken: %s; %s",
            host.name,
            refusal.detail,
            refusal.remedy,
        )
        return wire.HostRefused(host.name, f"{refusal.detail}; {refusal.remedy}")

    def find_silent(self) -> None:
        """Mark hosts down that went silent, and keep the ledger in step.

        Claims may leave a host only when it is both: down here, and kept out of
        new selections by the ledger. Raises CellUnreachable; what the ledger
        could not be told is told at the next sweep.
        """
        hosts = self._store.hosts_to_close(self._host_down_time)
        for host in hosts:
            if not host.down and host.silent_for > self._host_down_time:
                self._mark_down(host)
        for host in hosts:
            try:
                self._tell_ledger(host, schedulable=False)
            except ledger_errors.LedgerError as error:
                LOG.warning("%s is kept from new builds later: %s", host.name, error)

    def _mark_down(self, host: HostRecord) -> None:
        LOG.warning("%s has been silent for %.0f s: it is down", host.name, host.silent_for)
        # A registration that was cut off may have told the ledger and not noted it.
        self._store.mark_schedulable(host.name, schedulable=True)
        self._store.mark_down(host.name)

    def set_admin_state(self, name: str, admin_state: str, reason: str | None) -> Host:
        """Enable, disable or drain a host.

        Disabling takes effect at once; an enabled host is schedulable as soon
        as it has registered, at its next heartbeat. Raises HostNotFound.
        """
        try:
            record = self._store.set_admin_state(name, admin_state, reason)
        except cell_errors.HostUnknown as error:
            raise wire.HostNotFound(name) from error
        if not _may_be_schedulable(record):
            self._tell_ledger(record, schedulable=False)
        return as_object(record, self._cell_name)

    def _tell_ledger(self, host: HostRecord, *, schedulable: bool) -> None:
        """Tell the ledger; whatever breaks off, it lets builds in only where we note that."""
        if schedulable:
            self._store.mark_schedulable(host.name, schedulable=True)
        try:
            self._inventory.set_schedulable(host.compute_node_uuid, schedulable)
        except ledger_errors.LedgerRefused as refused:
            if schedulable or refused.status != _UNKNOWN:
                raise
            LOG.info("the ledger does not know %s, so nothing is built there", host.name)
        if not schedulable:
            self._store.mark_schedulable(host.name, schedulable=False)


def _orders(host: Host, strays: Strays) -> Orders:
    unknown = {host.name: strays.unknown} if strays.unknown else {}
    if not strays.superseded:
        return Orders(unknown=unknown)
    return Orders(
        tear_down={host.name: strays.superseded},
        host_uuids={host.name: host.compute_node_uuid},
        register=[host.name],
        unknown=unknown,
    )


def _may_be_schedulable(host: HostRecord) -> bool:
    return not host.down and host.admin_state == AdminState.ENABLED


def as_refused(refused: RefusedHost, cell_name: str) -> Host:
    """Return a host that the cell does not take, as operators see it."""
    return Host(
        name=refused.name,
        nodename=refused.name,
        compute_node_uuid=refused.uuid,
        agent=refused.agent,
        cell_name=cell_name,
        admin_state=AdminState.DISABLED,
        alive=True,
        seconds_since_heartbeat=refused.silent_for,
        refused=refused.detail,
        remedy=refused.remedy,
    )


def as_object(record: HostRecord, cell_name: str, instances: int = 0) -> Host:
    """Return the host as operators see it, without its tree."""
    return Host(
        name=record.name,
        nodename=record.nodename,
        compute_node_uuid=record.compute_node_uuid,
        agent=record.agent,
        availability_zone=record.availability_zone,
        failure_domain=record.failure_domain,
        cell_name=cell_name,
        admin_state=record.admin_state,
        reason=record.reason,
        alive=not record.down,
        seconds_since_heartbeat=record.silent_for,
        instances=instances,
    )
