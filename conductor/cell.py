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
from understudy.rpcapi import errors as wire

LOG = logging.getLogger(__name__)


class CellConductor:
    """Takes what hosts say of their attempts, and decides what comes next."""

    def __init__(self, store: CellStore, mover: Mover, ender: Ender, worker: Worker) -> None:
        """Take the cell's parts."""
        self._store = store
        self._mover = mover
        self._ender = ender
        self._worker = worker

    def build_started(self, host: str, instance_uuid: str, attempt: int) -> None:
        """Let the host go on, or raise Superseded: then it must drop the build."""
        if self._store.host(host).admin_state == AdminState.DRAINING:
            self._move_off(host, instance_uuid, attempt)
        try:
            self._store.start(instance_uuid, attempt, host)
        except cell_errors.LostRace as race:
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

        Raises Superseded where a newer attempt is recorded.
        """
        try:
            record = self._store.fail(instance_uuid, attempt, host, fault, cleaned)
        except cell_errors.LostRace as race:
            self._note_cleaned(host, instance_uuid, attempt, cleaned)
            raise _superseded(race, attempt) from race
        if cleaned:
            self._go_on(record, fault)

    def torn_down(self, host: str, instance_uuid: str, attempt: int) -> None:
        """Note that the host holds nothing of this attempt or an older one."""
        try:
            self._store.mark_cleaned(instance_uuid, attempt, host)
            record = self._store.instance(instance_uuid)
        except cell_errors.InstanceUnknown:
            LOG.info("%s tore down %s, which nobody here knows", host, instance_uuid)
            return
        if record.state in ENDING:
            self.end_instances([instance_uuid])
        elif record.state == states.BUILDING and record.attempt == attempt:
            self._after_cleaning(record)

    def end_instances(self, instance_uuids: Sequence[str]) -> None:
        """Work towards the endings of these now instead of at the next sweep."""
        for uuid in instance_uuids:
            record = self._store.instance(uuid)
            if record.state in ENDING:
                self._worker.work(record, self._ender.pursue)

    def _after_cleaning(self, record: InstanceRecord) -> None:
        newest = self._store.attempts(record.uuid)[-1]
        if newest.state == states.AttemptState.FAILED and newest.cleaned and newest.fault:
            self._go_on(record, newest.fault)

    def _go_on(self, record: InstanceRecord, fault: Fault) -> None:
        self._worker.work(record, lambda taken: self._mover.after_failure(taken, fault))

    def _move_off(self, host: str, instance_uuid: str, attempt: int) -> None:
        """Move a build that has not started off a draining host; raise Superseded."""
        newest = self._store.attempts(instance_uuid)[-1]
        if newest.number == attempt and newest.state == states.AttemptState.STARTED:
            return
        self.build_failed(host, instance_uuid, attempt, faults.host_draining(host), cleaned=True)
        raise wire.Superseded(
            instance_uuid, attempt, self._store.instance(instance_uuid).attempt
        )

    def _note_cleaned(self, host: str, uuid: str, attempt: int, cleaned: bool) -> None:
        if cleaned:
            self.torn_down(host, uuid, attempt)


def _superseded(race: cell_errors.LostRace, attempt: int) -> wire.Superseded:
    return wire.Superseded(race.instance_uuid, attempt, race.found_attempt)
