"""Find what a killed process, a silent host or a lost message left behind.

The sweeper looks at rows whose lease is free and goes on from what is written
there. It may run in several conductors at once: each row is taken by
compare-and-swap.
"""

from __future__ import annotations

import logging

from understudy.cells import errors as cell_errors
from understudy.cells.cell_store import CellStore
from understudy.cells.records import AttemptRecord, InstanceRecord
from understudy.conductor import faults
from understudy.conductor.casting import Caster
from understudy.conductor.custody import Custody, Where
from understudy.conductor.ending import Ender
from understudy.conductor.hosts import HostKeeper
from understudy.conductor.moving import Mover
from understudy.conductor.working import Worker
from understudy.objects import states
from understudy.objects.fault import Fault
from understudy.objects.states import AttemptState
from understudy.rpcapi import logs

LOG = logging.getLogger(__name__)

BATCH = 100
"""Rows looked at in one sweep."""
MISSED_BEATS = 2
"""Heartbeats that may not name a cast build before it is cast again."""


class CellRecovery:
    """One sweep over one cell's rows."""

    def __init__(
        self,
        store: CellStore,
        keeper: HostKeeper,
        mover: Mover,
        ender: Ender,
        caster: Caster,
        custody: Custody,
        worker: Worker,
    ) -> None:
        """Take the cell's parts."""
        self._store = store
        self._keeper = keeper
        self._mover = mover
        self._ender = ender
        self._caster = caster
        self._custody = custody
        self._worker = worker

    def sweep(self) -> None:
        """Find silent hosts, then go on with every overdue row.

        Raises CellUnreachable; a row that goes wrong does not stop the others.
        """
        self._keeper.find_silent()
        for record in self._store.overdue(BATCH):
            with logs.about(record.request_id, record.uuid):
                self._recover_apart(record)

    def _recover_apart(self, record: InstanceRecord) -> None:
        try:
            self._worker.work(record, self._recover)
        except cell_errors.CellUnreachable:
            raise
        except Exception:
            LOG.exception("%s is looked at again when its lease has run out", record.uuid)

    def _recover(self, record: InstanceRecord) -> None:
        match record.state:
            case states.FAILING | states.DELETING:
                self._ender.pursue(record)
            case states.HANDED_OVER:
                self._ender.tear_down_leftovers(record)
            case states.BUILDING | states.MOVING | states.EXHAUSTED if record.seconds_left <= 0:
                self._ender.fail(record, faults.deadline_passed(self._last_fault(record)))
            case states.MOVING:
                self._mover.resume(record)
            case states.BUILDING:
                self._recover_building(record)

    def _recover_building(self, record: InstanceRecord) -> None:
        newest = self._store.attempts(record.uuid)[-1]
        if self._ender.is_gone(newest.selection.service_host):
            self._leave_dead_host(record, newest)
        elif newest.state == AttemptState.FAILED:
            self._after_fault(record, newest)
        elif newest.state == AttemptState.CLAIMED or newest.missed >= MISSED_BEATS:
            self._cast_again(record, newest)

    def _last_fault(self, record: InstanceRecord) -> Fault | None:
        if record.fault is not None:
            return record.fault
        said = [attempt.fault for attempt in self._store.attempts(record.uuid) if attempt.fault]
        return said[-1] if said else None

    def _leave_dead_host(self, record: InstanceRecord, newest: AttemptRecord) -> None:
        """Move the build away, unless the host came back before its attempt was failed.

        From the moment that the attempt is failed, a host that registers is told
        to tear it down before it is schedulable.
        """
        host = newest.selection.service_host
        fault = newest.fault or faults.host_down(host)
        failed = self._store.fail(record.uuid, record.attempt, host, fault, cleaned=False)
        if self._ender.is_gone(host):
            self._mover.after_failure(failed, fault)

    def _after_fault(self, record: InstanceRecord, newest: AttemptRecord) -> None:
        """Go on once the host holds nothing; until then it is told to tear down."""
        if newest.cleaned and newest.fault:
            self._mover.after_failure(record, newest.fault)
        else:
            self._ender.tear_down_leftovers(record)

    def _cast_again(self, record: InstanceRecord, newest: AttemptRecord) -> None:
        """Cast under the same number, unless the claim says that the row is stale."""
        standing = self._custody.look(record)
        match standing.where:
            case Where.TARGET:
                LOG.info("casting %s/%s again", record.uuid, record.attempt)
                self._caster.cast(self._store.set_generation(record, standing.generation))
            case Where.ELSEWHERE:
                LOG.warning("%s is superseded: its claim is elsewhere", record.uuid)
                self._store.handed_over(record)
            case Where.NOWHERE | Where.EARLIER:
                self._ender.fail(record, faults.claim_gone(newest.selection.service_host))
