"""Work on one row under a lease, and leave it for the sweeper where that fails."""

from __future__ import annotations

import logging
from collections.abc import Callable

from understudy.cells import errors as cell_errors
from understudy.cells.cell_store import CellStore
from understudy.cells.records import InstanceRecord
from understudy.conductor.lease import Lease
from understudy.ledger import errors as ledger_errors

LOG = logging.getLogger(__name__)


class Worker:
    """Takes rows of one cell, one at a time."""

    def __init__(self, store: CellStore, lease: Lease, retry_seconds: float) -> None:
        """Take the lease to work under; come back after `retry_seconds`."""
        self._store = store
        self._lease = lease
        self._retry_seconds = retry_seconds

    def work(self, record: InstanceRecord, step: Callable[[InstanceRecord], None]) -> None:
        """Take the row's lease and do `step`.

        Whoever is busy with the row, or was faster, is left to it. Where the
        ledger does not answer, the row is put off: what was intended is on
        disk, and the sweeper goes on from there.
        """
        try:
            step(self._store.take(record, self._lease.owner, self._lease.seconds))
        except (cell_errors.LeaseHeld, cell_errors.LostRace) as busy:
            LOG.debug("%s is somebody else's now: %s", record.uuid, busy)
        except ledger_errors.LedgerError as error:
            LOG.warning("%s waits for the ledger: %s", record.uuid, error)
            self.put_off(self._store.instance(record.uuid))

    def put_off(self, record: InstanceRecord) -> None:
        """Give the lease back, not to be taken before the retry time has passed."""
        try:
            self._store.put_off(record, self._retry_seconds)
        except cell_errors.LostRace as race:
            LOG.debug("%s moved on meanwhile: %s", record.uuid, race)
