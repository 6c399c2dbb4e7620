"""Bring a build to its ending: tear down, then unclaim, then say so.

In this order, because a claim goes only when the host holds nothing of it.
"""

from __future__ import annotations

from understudy.cells import errors as cell_errors
from understudy.cells.cell_store import CellStore
from understudy.cells.records import InstanceRecord
from understudy.conductor.casting import Caster
from understudy.conductor.custody import Custody
from understudy.objects import states
from understudy.objects.fault import Fault

ENDING = {states.FAILING: states.ERROR, states.DELETING: states.DELETED}


class Ender:
    """Ends the builds of one cell."""

    def __init__(
        self, store: CellStore, caster: Caster, custody: Custody, retry_seconds: float
    ) -> None:
        """Take the cell's parts; ask a host again after `retry_seconds`."""
        self._store = store
        self._caster = caster
        self._custody = custody
        self._retry_seconds = retry_seconds

    def fail(self, record: InstanceRecord, fault: Fault) -> None:
        """Set out for ERROR because of `fault`."""
        self.pursue(self._store.begin_failing(record, fault))

    def pursue(self, record: InstanceRecord) -> None:
        """Do what can be done now towards the ending of a FAILING or DELETING row.

        Hosts that may hold something are told to tear it down; the row is put
        off until they answered. Safe to repeat. Raises LedgerUnavailable.
        """
        if self.tear_down_leftovers(record):
            return
        self._custody.give_back(record)
        self._store.end(record)

    def tear_down_leftovers(self, record: InstanceRecord) -> bool:
        """Tell every live host that may hold something; is there one?

        The row is put off before they are told, for their answer wakes it.
        """
        waiting = [
            attempt
            for attempt in self._store.uncleaned(record.uuid)
            if not self.is_gone(attempt.selection.service_host)
        ]
        if waiting:
            self._store.put_off(record, self._retry_seconds)
        for attempt in waiting:
            self._caster.tear_down(record, attempt.selection.service_host, attempt.number)
        return bool(waiting)

    def is_gone(self, name: str) -> bool:
        """Is the host down, and does the ledger keep new builds away from it?

        Then it tears down what it holds when it returns, before it is schedulable.
        """
        try:
            host = self._store.host(name)
        except cell_errors.HostUnknown:
            return True
        return host.down and not host.schedulable
