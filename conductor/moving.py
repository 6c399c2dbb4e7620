"""Move a failed build to its understudy: intent, one swap, cast.

The next attempt and its target are on disk before the swap, the swap before
the cast. A conductor that dies in between leaves a MOVING row, which `resume`
takes up again.
"""

from __future__ import annotations

import logging

from understudy.cells import errors as cell_errors
from understudy.cells.cell_store import CellStore
from understudy.cells.records import HostRecord, InstanceRecord
from understudy.conductor import faults, retry
from understudy.conductor.casting import Caster
from understudy.conductor.custody import Custody, Where, owner_of
from understudy.conductor.ending import Ender
from understudy.conductor.lease import Lease
from understudy.ledger import errors as ledger_errors
from understudy.ledger.protocols import Claims, WantedClaim
from understudy.objects.fault import Fault
from understudy.objects.fields import AdminState
from understudy.objects.selection import Selection

LOG = logging.getLogger(__name__)

_OUR_FAULT = (401, 403)
"""The ledger would refuse us on every host, until an operator mends our credentials."""


class Mover:
    """Moves the builds of one cell from host to host."""

    def __init__(
        self,
        store: CellStore,
        claims: Claims,
        custody: Custody,
        caster: Caster,
        ender: Ender,
        lease: Lease,
    ) -> None:
        """Take the cell's parts."""
        self._store = store
        self._claims = claims
        self._custody = custody
        self._caster = caster
        self._ender = ender
        self._lease = lease

    def after_failure(self, record: InstanceRecord, fault: Fault) -> None:
        """Take the next step for a BUILDING row whose attempt failed and is cleaned.

        The row must be leased to whoever calls. Raises LedgerUnavailable once
        the next attempt is written down; `resume` goes on from there.
        """
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
                    record,
                    step.target,
                    step.remaining,
                    record.lease_owner or self._lease.owner,
                    self._lease.seconds,
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
        following: InstanceRecord | None = record
        while following is not None:
            record = following
            target = _target(record)
            try:
                generation = self._claims.swap(
                    WantedClaim(
                        record.uuid, owner_of(record), target.allocation_request, record.generation
                    )
                )
            except (ledger_errors.ClaimConflict, ledger_errors.LedgerRefused) as lost:
                if isinstance(lost, ledger_errors.LedgerRefused) and lost.status in _OUR_FAULT:
                    raise
                LOG.info("%s does not take %s: %s", target.service_host, record.uuid, lost)
                following = self._next_target(record, target)
            except ledger_errors.StaleGeneration as stale:
                following = self._after_stale(record, target, stale)
            else:
                self._caster.cast(self._store.claimed(record, generation))
                return

    def _after_stale(
        self, record: InstanceRecord, target: Selection, stale: ledger_errors.StaleGeneration
    ) -> InstanceRecord | None:
        """Find out who moved the claim; the row to swap again, or None where that is settled.

        It may have been a swap of ours whose answer was lost, to this target or
        to one that was given up since.
        """
        standing = self._custody.look(record)
        match standing.where:
            case Where.TARGET:
                self._caster.cast(self._store.claimed(record, standing.generation))
            case Where.EARLIER:
                return self._store.set_generation(record, standing.generation)
            case Where.NOWHERE:
                self._ender.fail(record, faults.claim_gone(target.service_host))
            case Where.ELSEWHERE:
                LOG.warning("%s is superseded: %s", record.uuid, stale)
                self._store.handed_over(record)
        return None

    def _next_target(self, record: InstanceRecord, lost: Selection) -> InstanceRecord | None:
        """Write the next target of the same attempt down; None where there is none."""
        step = self._another(
            record, faults.claim_lost(lost.service_host), self._usable(record.alternates)
        )
        while isinstance(step, retry.TryHost):
            try:
                return self._store.retarget(record, step.target, step.remaining)
            except cell_errors.GroupHostTaken:
                step = self._another(
                    record, faults.group_host_taken(step.target.service_host), step.remaining
                )
        self._stop(record, step)
        return None

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
        if not alternates:
            return ()
        known = self._store.hosts_named([selection.service_host for selection in alternates])
        return tuple(
            selection
            for selection in alternates
            if (host := known.get(selection.service_host)) is not None and _takes_builds(host)
        )


def _takes_builds(host: HostRecord) -> bool:
    return not host.down and host.admin_state == AdminState.ENABLED


def _target(record: InstanceRecord) -> Selection:
    if record.selection is None:
        raise ValueError(f"{record.uuid} is a tombstone and has no target")
    return record.selection
