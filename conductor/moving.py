"""Move a failed build to its understudy: intent, one swap, cast.

The next attempt and its target are on disk before the swap, the swap before
the cast. A conductor that dies in between leaves a MOVING row, which `resume`
takes up again.
"""

from __future__ import annotations

import logging

from understudy.cells import errors as cell_errors
from understudy.cells.cell_store import CellStore
from understudy.cells.records import InstanceRecord
from understudy.conductor import faults, retry
from understudy.conductor.casting import Caster
from understudy.conductor.custody import owner_of, same
from understudy.conductor.ending import Ender
from understudy.conductor.lease import Lease
from understudy.ledger import errors as ledger_errors
from understudy.ledger.protocols import Claims, WantedClaim
from understudy.objects.fault import Fault
from understudy.objects.fields import AdminState
from understudy.objects.selection import Selection

LOG = logging.getLogger(__name__)


class Mover:
    """Moves the builds of one cell from host to host."""

    def __init__(
        self, store: CellStore, claims: Claims, caster: Caster, ender: Ender, lease: Lease
    ) -> None:
        """Take the cell's parts."""
        self._store = store
        self._claims = claims
        self._caster = caster
        self._ender = ender
        self._lease = lease

    def after_failure(self, record: InstanceRecord, fault: Fault) -> None:
        """Take the next step for a BUILDING row whose attempt failed and is cleaned."""
        step = retry.next_step(
            fault,
            self._usable(record.alternates),
            attempts_left=record.attempts_left,
            cells_left=record.cells_left,
            seconds_left=record.seconds_left,
        )
        while isinstance(step, retry.TryHost):
            try:
                moving = self._store.next_attempt(
                    record, step.target, step.remaining, self._lease.owner, self._lease.seconds
                )
            except cell_errors.GroupHostTaken:
                step = self._another(
                    record, faults.group_host_taken(step.target.service_host), step.remaining
                )
                continue
            self._swap(moving)
            return
        self._stop(record, step)

    def resume(self, record: InstanceRecord) -> None:
        """Go on with a MOVING row that its conductor left.

        The swap is sent again with the same generation: it is applied now, or
        it was applied before and the ledger shows it.
        """
        self._swap(record)

    def _swap(self, record: InstanceRecord) -> None:
        """Swap to the recorded target, or to the next one that has room, and cast."""
        while True:
            target = _target(record)
            try:
                generation = self._swap_once(record, target)
            except (ledger_errors.ClaimConflict, ledger_errors.LedgerRefused) as lost:
                LOG.info("%s does not take %s: %s", target.service_host, record.uuid, lost)
                record, moved = self._next_target(record, target)
                if not moved:
                    return
                continue
            except ledger_errors.StaleGeneration as stale:
                LOG.warning("%s is superseded: %s", record.uuid, stale)
                self._store.handed_over(record)
                return
            self._caster.cast(self._confirm(record, generation))
            return

    def _swap_once(self, record: InstanceRecord, target: Selection) -> int:
        wanted = WantedClaim(
            record.uuid, owner_of(record), target.allocation_request, record.generation
        )
        try:
            return self._claims.swap(wanted)
        except ledger_errors.StaleGeneration:
            held = self._claims.read_back(record.uuid)
            ours = record.generation is not None and held.generation == record.generation + 1
            if not ours or not same(held, target.allocations):
                raise
            return record.generation + 1 if record.generation is not None else 1

    def _confirm(self, record: InstanceRecord, generation: int) -> InstanceRecord:
        """Write the claim down; where a delete came first, give it what to unclaim."""
        try:
            return self._store.claimed(record, generation)
        except cell_errors.LostRace:
            current = self._store.instance(record.uuid)
            self._store.set_generation(current, generation)
            raise

    def _next_target(
        self, record: InstanceRecord, lost: Selection
    ) -> tuple[InstanceRecord, bool]:
        """Write the next target down; (record, False) where there is none."""
        step = self._another(
            record, faults.claim_lost(lost.service_host), self._usable(record.alternates)
        )
        while isinstance(step, retry.TryHost):
            try:
                return self._store.retarget(record, step.target, step.remaining), True
            except cell_errors.GroupHostTaken:
                step = self._another(
                    record, faults.group_host_taken(step.target.service_host), step.remaining
                )
        self._stop(record, step)
        return record, False

    def _another(
        self, record: InstanceRecord, fault: Fault, alternates: tuple[Selection, ...]
    ) -> retry.Step:
        return retry.next_target(
            fault,
            alternates,
            cells_left=record.cells_left,
            seconds_left=record.seconds_left,
        )

    def _stop(self, record: InstanceRecord, step: retry.Step) -> None:
        if isinstance(step, retry.AskSuper):
            self._store.exhaust(record, step.fault)
        elif isinstance(step, retry.Abort):
            self._ender.fail(record, step.fault)

    def _usable(self, alternates: tuple[Selection, ...]) -> tuple[Selection, ...]:
        """Leave out alternates whose host is known to be down or disabled."""
        return tuple(selection for selection in alternates if self._takes_builds(selection))

    def _takes_builds(self, selection: Selection) -> bool:
        try:
            host = self._store.host(selection.service_host)
        except cell_errors.HostUnknown:
            return False
        return not host.down and host.admin_state == AdminState.ENABLED


def _target(record: InstanceRecord) -> Selection:
    if record.selection is None:
        raise ValueError(f"{record.uuid} is a tombstone and has no target")
    return record.selection
