"""Keep the hosts of one cell: register, hear, find silent, enable and disable.

A host is schedulable only while it is enabled, alive and reconciled: it has
registered since it was last silent, and holds nothing that it should not.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from understudy.cells import errors as cell_errors
from understudy.cells.cell_store import CellStore
from understudy.cells.records import HostRecord
from understudy.ledger import errors as ledger_errors
from understudy.ledger.protocols import Inventory
from understudy.objects.fields import AdminState
from understudy.objects.host import Host
from understudy.objects.orders import Orders
from understudy.rpcapi import errors as wire

LOG = logging.getLogger(__name__)

_UNKNOWN = 404
_REFUSED = (ledger_errors.TreeRefused, ledger_errors.ProviderNotOurs)

Pairs = Sequence[tuple[str, int]]
"""(instance uuid, attempt) each."""


class HostKeeper:
    """What one cell's conductor knows of its hosts, and tells the ledger."""

    def __init__(
        self, store: CellStore, inventory: Inventory, cell_name: str, host_down_time: float
    ) -> None:
        """Call a host down that was silent for `host_down_time` seconds."""
        self._store = store
        self._inventory = inventory
        self._cell_name = cell_name
        self._host_down_time = host_down_time

    def register(self, host: Host, holds: Pairs) -> Orders:
        """Take a host in; it becomes schedulable if it is enabled and holds no strays.

        Else the ledger keeps builds away from it; with strays it is told what to
        destroy, and to register again after that. Raises HostRefused, LedgerDown.
        """
        try:
            record = self._store.register_host(host)
            recorded = {provider.uuid for provider in host.providers}
            self._inventory.put_tree(host.providers, recorded=recorded, cell=self._cell_name)
        except (cell_errors.DuplicateHost, *_REFUSED) as error:
            raise wire.HostRefused(host.name, str(error)) from error
        strays = self._store.strays(host.name, holds)
        self._tell_ledger(record, schedulable=not strays and _may_be_schedulable(record))
        if strays:
            return Orders(tear_down={host.name: strays}, register=[host.name])
        return Orders()

    def heartbeat(self, agent: str, in_hand: Mapping[str, Pairs]) -> Orders:
        """Hear what the agent's hosts have in hand; say what they should not."""
        beat = self._store.beat(agent, in_hand)
        return Orders(
            tear_down=dict(beat.superseded), register=sorted([*beat.unknown, *beat.waiting])
        )

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


def _may_be_schedulable(host: HostRecord) -> bool:
    return not host.down and host.admin_state == AdminState.ENABLED


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
