"""Give builds whose cell is exhausted to another cell.

The super conductor finds them in the cells' databases, selects again without
the cells that were tried, and the scheduler swaps the claim that is still held.
The instance's mapping is the arbiter: it says HANDING_OVER before the scheduler
is asked, and points to the new cell before anything is inserted there.
"""

from __future__ import annotations

import json
import logging
import uuid

from understudy.cells import errors as cell_errors
from understudy.cells import mapping_states
from understudy.cells.api_store import ApiStore
from understudy.cells.records import InstanceRecord, NewBuild
from understudy.conductor import faults
from understudy.conductor.bounds import alternates_wanted
from understudy.conductor.cell_access import CellAccess, CellDirectory
from understudy.conductor.first_claims import FirstClaims
from understudy.conductor.lease import Lease
from understudy.conductor.placing import Placer
from understudy.conductor.selecting import NEVER, NOT_NOW, unpack
from understudy.objects import states
from understudy.objects.build_request import BuildRequest
from understudy.objects.selection_answer import Pick, SelectionAnswer
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.scheduler import SchedulerClient

LOG = logging.getLogger(__name__)

BATCH = 50
"""Exhausted builds looked at in one sweep of a cell."""


class Takeover:
    """Takes exhausted builds over, one at a time, under a lease."""

    def __init__(
        self,
        api: ApiStore,
        cells: CellDirectory,
        scheduler: SchedulerClient,
        placer: Placer,
        first_claims: FirstClaims,
        lease: Lease,
    ) -> None:
        """Take the collaborators."""
        self._api = api
        self._cells = cells
        self._scheduler = scheduler
        self._placer = placer
        self._first_claims = first_claims
        self._lease = lease

    def sweep(self) -> None:
        """Take over what every reachable cell has given up on."""
        for access in self._cells.all():
            try:
                for record in access.store.exhausted(BATCH):
                    self._work(access, record)
            except cell_errors.CellUnreachable as error:
                LOG.warning("exhausted builds wait: %s", error)

    def settle(self) -> None:
        """Settle hand-overs that a killed conductor left and that their cell has ended.

        The claim may have been swapped to a host that was never told; nobody
        else owns it, for the mapping still says HANDING_OVER.
        """
        for mapping in self._api.handing_over(BATCH):
            try:
                access = self._cells.get(str(mapping.cell_uuid))
                record = access.store.instance(mapping.instance_uuid)
                if record.state == states.ERROR:
                    self._settle_ended(access, record)
            except NOT_NOW as error:
                LOG.warning("%s is settled later: %s", mapping.instance_uuid, error)
            except (cell_errors.LostRace, cell_errors.LeaseHeld) as busy:
                LOG.debug("%s is somebody else's: %s", mapping.instance_uuid, busy)

    def _settle_ended(self, access: CellAccess, record: InstanceRecord) -> None:
        lease = self._lease
        self._api.begin_hand_over(record.uuid, record.attempt, lease.owner, lease.seconds)
        self._first_claims.release(access.store.request_of(record.request_id), record.uuid)
        self._api.give_up_hand_over(record.uuid, lease.owner)

    def _work(self, access: CellAccess, record: InstanceRecord) -> None:
        lease = self._lease
        try:
            taken = access.store.begin_hand_over(record, lease.owner, lease.seconds)
            self._take_over(access, taken)
        except (cell_errors.LostRace, cell_errors.LeaseHeld) as busy:
            LOG.debug("%s is somebody else's now: %s", record.uuid, busy)
        except NOT_NOW as error:
            LOG.warning("%s waits for another cell: %s", record.uuid, error)

    def _take_over(self, access: CellAccess, record: InstanceRecord) -> None:
        mapping = self._api.mapping(record.uuid)
        if mapping.cell_uuid == access.record.uuid:
            self._api.begin_hand_over(
                record.uuid, record.attempt, self._lease.owner, self._lease.seconds
            )
            pick = self._select(access, record)
            if pick is None:
                return
            text = json.dumps(_one(record, pick).obj_to_wire())
            try:
                mapping = self._api.hand_over(
                    record.uuid, self._lease.owner, pick.claimed.cell_uuid, record.attempt + 1, text
                )
            except cell_errors.LostRace:
                request = access.store.request_of(record.request_id)
                self._first_claims.release_written(request, record.uuid, pick.generation)
                raise
        if mapping.state == mapping_states.MAPPED and mapping.pick is not None:
            self._insert(access, record, unpack(mapping.pick).picks()[0])
            access.store.handed_over(record)

    def _select(self, access: CellAccess, record: InstanceRecord) -> Pick | None:
        """Select in the cells that were not tried; None where none can take it."""
        request = self._without_tried_cells(access, record)
        try:
            answer = self._scheduler.select_destinations(
                RequestContext.of_instance(record.request_id, record.project_id, record.user_id),
                str(uuid.uuid5(uuid.UUID(record.uuid), f"attempt-{record.attempt + 1}")),
                request,
                [record.uuid],
                alternates_wanted(request),
                {record.uuid: record.generation or 0},
                timeout=self._lease.seconds / 2,
            )
        except NEVER as error:
            self._api.give_up_hand_over(record.uuid, self._lease.owner)
            access.store.begin_failing(record, faults.no_other_cell(record.fault, str(error)))
            access.nudge(record, record.uuid)
            return None
        return answer.picks()[0]

    def _without_tried_cells(self, access: CellAccess, record: InstanceRecord) -> BuildRequest:
        """Return the request for this one instance, its tried cells left out."""
        request: BuildRequest = access.store.request_of(record.request_id).obj_clone()
        request.count = 1
        request.ignore_cells = request.ignore_cells + [
            other.record.uuid for other in self._cells.all() if _was_tried(other, record.uuid)
        ]
        return request

    def _insert(self, old: CellAccess, record: InstanceRecord, pick: Pick) -> None:
        request = old.store.request_of(record.request_id)
        build = NewBuild(
            instance_uuid=record.uuid,
            name=record.name,
            request=request,
            consumer_type=record.consumer_type,
            attempt=record.attempt + 1,
            selection=pick.claimed,
            alternates=tuple(pick.alternates),
            generation=pick.generation,
            attempts_left=(request.max_attempts or 1) - 1,
            cells_left=record.cells_left - 1,
            deadline_seconds=record.seconds_left,
        )
        self._placer.insert(self._cells.get(pick.claimed.cell_uuid), build)


def _one(record: InstanceRecord, pick: Pick) -> SelectionAnswer:
    return SelectionAnswer.pack(record.request_id, [pick])


def _was_tried(access: CellAccess, instance_uuid: str) -> bool:
    try:
        access.store.instance(instance_uuid)
    except cell_errors.InstanceUnknown:
        return False
    return True
