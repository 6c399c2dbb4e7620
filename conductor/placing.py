"""Bring a selected instance into its cell: map, insert, cast.

Every step is idempotent, so that a super conductor that takes the request over
starts again from the recorded answer. Nothing is unclaimed here: what is deleted
meanwhile gives its claim back with the delete.
"""

from __future__ import annotations

import dataclasses
import logging

from understudy.cells import errors as cell_errors
from understudy.cells.api_store import ApiStore
from understudy.cells.records import InstanceRecord, NewBuild
from understudy.conductor import faults
from understudy.conductor.cell_access import CellAccess, CellDirectory
from understudy.conductor.custody import same
from understudy.conductor.first_claims import owner_of
from understudy.conductor.lease import Lease
from understudy.ledger import errors as ledger_errors
from understudy.ledger.protocols import Claims, WantedClaim
from understudy.objects import states
from understudy.objects.build_request import BuildRequest
from understudy.objects.fields import AffinityPolicy
from understudy.objects.selection_answer import Pick

LOG = logging.getLogger(__name__)

CAST_WITHIN = 10.0
"""Seconds for which the cell leaves the first cast to us; later it casts as well, harmlessly."""


class Placer:
    """Puts picked instances into the cells that they were picked for."""

    def __init__(self, api: ApiStore, cells: CellDirectory, claims: Claims, lease: Lease) -> None:
        """Take the API database, the cells and the ledger's claims."""
        self._api = api
        self._cells = cells
        self._claims = claims
        self._lease = lease

    def place(self, request: BuildRequest, name: str, pick: Pick, seconds_left: float) -> None:
        """Map the instance to its cell, insert it there, and cast its first attempt.

        An instance that was deleted, or has moved on since, is left alone.
        Raises CellUnreachable, LedgerUnavailable.
        """
        try:
            self._api.map_to_cell(pick.instance_uuid, pick.claimed.cell_uuid)
        except cell_errors.LostRace as race:
            LOG.info("not placed, it is deleted or has moved on: %s", race)
            return
        build = NewBuild(
            instance_uuid=pick.instance_uuid,
            name=name,
            request=request,
            consumer_type=str(request.consumer_type),
            attempt=1,
            selection=pick.claimed,
            alternates=tuple(pick.alternates),
            generation=pick.generation,
            attempts_left=(request.max_attempts or 1) - 1,
            cells_left=(request.max_cells or 1) - 1,
            deadline_seconds=seconds_left,
        )
        self.insert(self._cells.get(pick.claimed.cell_uuid), build)

    def insert(self, access: CellAccess, build: NewBuild) -> None:
        """Insert a claimed build into its cell and cast it, if that was not done before.

        Raises CellUnreachable, LedgerUnavailable.
        """
        owner = self._lease.fresh().owner
        try:
            record = self._insert_where_allowed(access, build, owner)
        except (cell_errors.Tombstoned, cell_errors.LostRace) as late:
            LOG.info("not inserted, it is deleted or has moved on: %s", late)
            return
        if record.lease_owner == owner:
            access.caster.cast(record)
        elif record.state == states.FAILING:
            access.nudge(record, record.uuid)

    def _insert_where_allowed(
        self, access: CellAccess, build: NewBuild, owner: str
    ) -> InstanceRecord:
        """Insert; where the group has the host already, swap to an alternate first."""
        if build.deadline_seconds <= 0:
            return access.store.insert_failed(build, faults.deadline_passed())
        if _keeps_apart(build.request):
            build = self._where_claimed(build)
        while True:
            try:
                return access.store.insert_build(build, owner, CAST_WITHIN)
            except cell_errors.GroupHostTaken as taken:
                LOG.info("%s cannot start there: %s", build.instance_uuid, taken)
                swapped = self._swap_to_alternate(build)
                if swapped is None:
                    fault = faults.group_host_taken(build.selection.service_host)
                    return access.store.insert_failed(build, fault)
                build = swapped

    def _swap_to_alternate(self, build: NewBuild) -> NewBuild | None:
        """Return the build moved to its next alternate with room; None: there is none."""
        for index, target in enumerate(build.alternates):
            wanted = WantedClaim(
                build.instance_uuid,
                owner_of(build.request),
                target.allocation_request,
                build.generation,
            )
            try:
                generation = self._claims.swap(wanted)
            except (ledger_errors.ClaimConflict, ledger_errors.LedgerRefused) as lost:
                LOG.info("no alternate for %s there: %s", build.instance_uuid, lost)
                continue
            return _moved(build, index, generation)
        return None

    def _where_claimed(self, build: NewBuild) -> NewBuild:
        """Return the build as it is claimed: an earlier run may have swapped to an alternate."""
        held = self._claims.read_back(build.instance_uuid)
        if held.generation is None:
            return build
        if same(held, build.selection.allocations):
            # A copy of the selection may have claimed the same once more.
            return dataclasses.replace(build, generation=held.generation)
        for index, target in enumerate(build.alternates):
            if same(held, target.allocations):
                return _moved(build, index, held.generation)
        return build


def _keeps_apart(request: BuildRequest) -> bool:
    group = request.affinity
    return group is not None and group.policy == AffinityPolicy.ANTI_AFFINITY


def _moved(build: NewBuild, index: int, generation: int) -> NewBuild:
    return dataclasses.replace(
        build,
        selection=build.alternates[index],
        alternates=tuple(build.alternates[index + 1 :]),
        generation=generation,
    )
