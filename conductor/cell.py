"""The cell conductor: answers the hosts of its cell.

A thin role. It knows its own cell's bus and database and the ledger, and never
calls up.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from understudy.cells import errors as cell_errors
from understudy.cells.cell_store import CellStore
from understudy.cells.records import InstanceRecord
from understudy.conductor import faults
from understudy.conductor.ending import ENDING, Ender
from understudy.conductor.moving import Mover
from understudy.conductor.working import Worker
from understudy.objects import states
from understudy.objects.fault import Fault
from understudy.objects.fields import AdminState
from understudy.objects.states import AttemptState
from understudy.rpcapi import errors as wire

LOG = logging.getLogger(__name__)

NOT_STARTED = (AttemptState.CLAIMED, AttemptState.CAST)


class CellConductor:
    """Takes what hosts say of their attempts, and decides what comes next."""

    def __init__(self, store: CellStore, mover: Mover, ender: Ender, worker: Worker) -> None:
        """Take the cell's parts."""
        self._store = store
        self._mover = mover
        self._ender = ender
        self._worker = worker

    def build_started(self, host: str, instance_uuid: str, attempt: int) -> None:
        """Let the host go on, or raise Superseded: then it must drop the build.

        One whose journal has forgotten that it built it is told AlreadyBuilt.
        A draining host starts nothing more: what it asks for is moved away.
        """
        draining = self._store.host(host).admin_state == AdminState.DRAINING
        if draining and self._is_not_started(host, instance_uuid, attempt):
            fault = faults.host_draining(host)
            self.build_failed(host, instance_uuid, attempt, fault, cleaned=True)
            current = self._store.instance(instance_uuid).attempt
            raise wire.Superseded(instance_uuid, attempt, current)
        try:
            self._store.start(instance_uuid, attempt, host)
        except cell_errors.LostRace as race:
            if self._is_built(host, instance_uuid, attempt):
                raise wire.AlreadyBuilt(instance_uuid, attempt) from race
            raise _superseded(race, attempt) from race

    def build_succeeded(self, host: str, instance_uuid: str, attempt: int) -> None:
        """Make the instance ACTIVE, or raise Superseded: then the host destroys it."""
        try:
            self._store.succeed(instance_uuid, attempt, host)
        except cell_errors.LostRace as race:
            raise _superseded(race, attempt) from race

    def build_failed(
        self, host: str, instance_uuid: str, attempt: int, fault: Fault, cleaned: bool
    ) -> None:
        """Write the fault down and, once the host holds nothing, take the next step.

        Raises Superseded where a newer attempt is recorded; that the host holds
        nothing is noted all the same.
        """
        try:
            record = self._store.fail(instance_uuid, attempt, host, fault, cleaned)
        except cell_errors.LostRace as race:
            if cleaned:
                self.torn_down(host, instance_uuid, attempt)
            raise _superseded(race, attempt) from race
        if cleaned:
            self._go_on(record, fault)

    def torn_down(self, host: str, instance_uuid: str, attempt: int) -> None:
        """Note that the host holds nothing of this attempt or an older one."""
        if not self._store.mark_cleaned(instance_uuid, attempt, host):
            LOG.info("%s tore down %s, which was never sent there", host, instance_uuid)
            return
        record = self._store.instance(instance_uuid)
        if record.state in ENDING:
            self._worker.work(record, self._ender.pursue)
        elif record.state == states.BUILDING and record.attempt == attempt:
            self._after_cleaning(record)

    def end_instances(self, instance_uuids: Sequence[str]) -> None:
        """Work towards the endings of these now instead of at the next sweep."""
        for uuid in instance_uuids:
            try:
                record = self._store.instance(uuid)
            except cell_errors.InstanceUnknown as unknown:
                LOG.warning("it cannot be ended: %s", unknown)
                continue
            if record.state in ENDING:
                self._worker.work(record, self._ender.pursue)

    def _after_cleaning(self, record: InstanceRecord) -> None:
        newest = self._store.attempts(record.uuid)[-1]
        if newest.state == AttemptState.FAILED and newest.cleaned and newest.fault:
            self._go_on(record, newest.fault)

    def _go_on(self, record: InstanceRecord, fault: Fault) -> None:
        self._worker.work(record, lambda taken: self._mover.after_failure(taken, fault))

    def _is_built(self, host: str, instance_uuid: str, attempt: int) -> bool:
        record = self._store.instance(instance_uuid)
        on = None if record.selection is None else record.selection.service_host
        return (record.state, record.attempt, on) == (states.ACTIVE, attempt, host)

    def _is_not_started(self, host: str, instance_uuid: str, attempt: int) -> bool:
        return any(
            known.number == attempt
            and known.selection.service_host == host
            and known.state in NOT_STARTED
            for known in self._store.attempts(instance_uuid)
        )


def _superseded(race: cell_errors.LostRace, attempt: int) -> wire.Superseded:
    return wire.Superseded(race.instance_uuid, attempt, race.found_attempt)
