"""Work on one row under a lease, and leave it for the sweeper where that fails."""

from __future__ import annotations

import logging
from collections.abc import Callable

from understudy.cells.cell_store import CellStore
from understudy.cells.records import InstanceRecord
from understudy.conductor.lease import Lease
from understudy.conductor.patience import BUSY
from understudy.ledger import errors as ledger_errors
from understudy.rpcapi import logs

LOG = logging.getLogger(__name__)


class Worker:
    """Takes rows of one cell, one at a time."""

    def __init__(self, store: CellStore, lease: Lease, retry_seconds: float) -> None:
        """Take the lease to work under; come back after `retry_seconds`."""
        self._store = store
        self._lease = lease
        self._retry_seconds = retry_seconds

    def work(self, record: InstanceRecord, step: Callable[[InstanceRecord], None]) -> None:
        """Take the row's lease, do `step`, and give the lease back.

        Whoever is busy with the row, or was faster, is left to it. Where the
        ledger does not answer, the row is put off: what was intended is on
        disk, and the sweeper goes on from there.
        """
        with logs.about(record.request_id, record.uuid):
            self._work(record, step)

    def put_off(self, taken: InstanceRecord) -> None:
        """Give the lease back, not to be taken before the retry time has passed."""
        self._store.put_off(taken, self._retry_seconds)

    def _work(self, record: InstanceRecord, step: Callable[[InstanceRecord], None]) -> None:
        lease = self._lease.fresh()
        try:
            taken = self._store.take(record, lease.owner, lease.seconds)
        except BUSY as busy:
            LOG.debug("%s is somebody else's now: %s", record.uuid, busy)
            return
        try:
            step(taken)
        except BUSY as busy:
            LOG.debug("%s was taken out of hand: %s", record.uuid, busy)
        except ledger_errors.LedgerError as error:
            LOG.warning("%s waits for the ledger: %s", record.uuid, error)
            self.put_off(taken)
            return
        self._store.release(taken)
