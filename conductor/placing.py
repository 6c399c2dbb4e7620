"""Bring a selected instance into its cell: map, insert, cast.

Every step is idempotent, so that a super conductor that takes the request over
starts again from the recorded answer.
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
from understudy.conductor.first_claims import FirstClaims, owner_of
from understudy.ledger import errors as ledger_errors
from understudy.ledger.protocols import Claims, WantedClaim
from understudy.objects import states
from understudy.objects.build_request import BuildRequest
from understudy.objects.selection_answer import Pick

LOG = logging.getLogger(__name__)


class Placer:
    """Puts picked instances into the cells that they were picked for."""

    def __init__(
        self, api: ApiStore, cells: CellDirectory, claims: Claims, first_claims: FirstClaims
    ) -> None:
        """Take the API database, the cells and the ledger's claims."""
        self._api = api
        self._cells = cells
        self._claims = claims
        self._first_claims = first_claims

    def place(self, request: BuildRequest, name: str, pick: Pick, seconds_left: float) -> None:
        """Map the instance to its cell, insert it there, and cast its first attempt.

        An instance that was deleted meanwhile gives its claim back. Raises
        CellUnreachable, LedgerUnavailable.
        """
        access = self._cells.get(pick.claimed.cell_uuid)
        try:
            self._api.map_to_cell(pick.instance_uuid, access.record.uuid)
        except cell_errors.LostRace as race:
            LOG.info("not placed, it is being deleted: %s", race)
            self._first_claims.release_written(request, pick.instance_uuid, pick.generation)
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
        self.insert(access, build)

    def insert(self, access: CellAccess, build: NewBuild) -> None:
        """Insert a claimed build into its cell and cast it, or give the claim back."""
        try:
            record = self._insert_where_group_allows(access, build)
        except cell_errors.Tombstoned:
            LOG.info("%s was deleted before it came to %s", build.instance_uuid, access.name)
            self._first_claims.release_written(
                build.request, build.instance_uuid, build.generation
            )
            return
        if record.state == states.BUILDING and record.attempt == build.attempt:
            access.caster.cast(record)

    def _insert_where_group_allows(self, access: CellAccess, build: NewBuild) -> InstanceRecord:
        """Insert; where the group has the host already, swap to an alternate first."""
        while True:
            try:
                return access.store.insert_build(build)
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
            except ledger_errors.StaleGeneration:
                return self._adopt(build)
            return _moved(build, index, generation)
        return None

    def _adopt(self, build: NewBuild) -> NewBuild:
        """Return the build moved to the alternate that an earlier run swapped to."""
        held = self._claims.read_back(build.instance_uuid)
        for index, target in enumerate(build.alternates):
            if held.generation is not None and same(held, target.allocations):
                return _moved(build, index, held.generation)
        raise ledger_errors.StaleGeneration(
            build.instance_uuid, build.generation, held.generation
        )


def _moved(build: NewBuild, index: int, generation: int) -> NewBuild:
    return dataclasses.replace(
        build,
        selection=build.alternates[index],
        alternates=tuple(build.alternates[index + 1 :]),
        generation=generation,
    )
