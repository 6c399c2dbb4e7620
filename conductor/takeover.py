"""Give builds whose cell is exhausted to another cell.

The super conductor finds them in the cells' databases, selects again without
the cells that were tried, and the scheduler swaps the claim that is still held.
The instance's mapping is the arbiter: it says HANDING_OVER before the scheduler
is asked, and points to the new cell before anything is inserted there. The old
cell's row is HANDING_OVER all that time, and belongs to the super conductor.

A cell says that it gives up, at which attempt and with which claim, and is
believed that only of what is mapped to it; what is built elsewhere, for whom
and for how long is read from the API database, whatever the cell's row says.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from understudy.cells import errors as cell_errors
from understudy.cells import mapping_states
from understudy.cells.api_store import ApiStore
from understudy.cells.records import InstanceRecord, MappingRecord, NewBuild, RequestRecord
from understudy.conductor import faults, hearsay
from understudy.conductor.asking import ask
from understudy.conductor.bounds import alternates_wanted
from understudy.conductor.cell_access import CellAccess, CellDirectory
from understudy.conductor.first_claims import FirstClaims
from understudy.conductor.lease import Lease
from understudy.conductor.patience import NEVER, NOT_NOW, apart, apart_about
from understudy.conductor.placing import Placer
from understudy.conductor.selecting import unpack
from understudy.objects.build_request import BuildRequest
from understudy.objects.fault import Fault
from understudy.objects.selection_answer import Pick, SelectionAnswer
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.scheduler import SchedulerClient

LOG = logging.getLogger(__name__)

BATCH = 50
"""Exhausted builds looked at in one sweep of a cell."""


@dataclass(frozen=True, slots=True)
class _Others:
    """What is known of the cells that an instance was in."""

    tried: int
    """How many had it, the one that gives it up among them."""
    left_out: list[str]
    """The uuids of those that it does not go to."""
    silent: list[str]
    """The names of those that did not say."""


class Takeover:
    """Takes exhausted builds over, one at a time, under a lease."""

    def __init__(
        self,
        api: ApiStore,
        cells: CellDirectory,
        scheduler: SchedulerClient,
        placer: Placer,
        first_claims: FirstClaims,
        enrich: Callable[[BuildRequest], BuildRequest],
        lease: Lease,
        retry_seconds: float,
    ) -> None:
        """Take the collaborators; `enrich` is as in RequestWorker.

        The lease is this object's own, for one thread: it keeps what it has
        begun until it has ended it.
        """
        self._api = api
        self._cells = cells
        self._scheduler = scheduler
        self._placer = placer
        self._first_claims = first_claims
        self._enrich = enrich
        self._lease = lease
        self._retry_seconds = retry_seconds

    def sweep(self) -> None:
        """Take over what every reachable cell has given up on."""
        for access in self._cells.usable():
            with apart(f"what {access.name} is exhausted of"):
                strays = [
                    record.uuid
                    for record in access.store.exhausted(BATCH)
                    if not self._sweep(access, record)
                ]
                if strays:
                    LOG.warning(
                        "cell %s gives up on %d instances as the API database does not know "
                        "them, %s for one: they are left as they are",
                        access.name,
                        len(strays),
                        strays[0],
                    )

    def _sweep(self, access: CellAccess, record: InstanceRecord) -> bool:
        """Take over one; is it the cell's to give up?"""
        with apart_about("the takeover", record.request_id, record.uuid):
            try:
                mapping = self._api.mapping(record.uuid)
            except cell_errors.InstanceUnknown:
                return False
            is_here = mapping.cell_uuid == access.record.uuid
            if is_here and mapping.state in {mapping_states.DELETING, mapping_states.DELETED}:
                # The delete ends it.
                return True
            request = self._api.request(mapping.request_id).request
            if not hearsay.may_give_up(mapping, request, access.record.uuid, record.attempt):
                return False
            self._work(access, record)
        return True

    def _work(self, access: CellAccess, record: InstanceRecord) -> None:
        taken = access.store.begin_hand_over(record, self._lease.owner, self._lease.seconds)
        try:
            self._take_over(access, taken)
        except (*NOT_NOW, cell_errors.LeaseHeld):
            # Where another super conductor has the mapping, it needs this row to go on.
            access.store.put_off(taken, self._retry_seconds)
            raise

    def _take_over(self, access: CellAccess, record: InstanceRecord) -> None:
        mapping = self._api.mapping(record.uuid)
        if mapping.cell_uuid == access.record.uuid:
            moved = self._hand_over(access, record)
            if moved is None:
                return
            mapping = moved
        is_next = mapping.attempt == record.attempt + 1
        if mapping.state == mapping_states.MAPPED and mapping.pick is not None and is_next:
            # Said once more that it is ours: nobody ends it here while it begins there.
            record = access.store.take(record, self._lease.owner, self._lease.seconds)
            self._insert(mapping, record, unpack(mapping.pick).picks()[0])
        access.store.handed_over(record)

    def _hand_over(self, access: CellAccess, record: InstanceRecord) -> MappingRecord | None:
        """Map it to the cell of a new selection; None where none can take it."""
        lease = self._lease
        mapping = self._api.begin_hand_over(
            record.uuid, record.attempt, lease.owner, lease.seconds
        )
        asked = self._api.request(mapping.request_id)
        pick = self._select(access, record, asked)
        if pick is None:
            return None
        text = json.dumps(SelectionAnswer.pack(asked.request_id, [pick]).obj_to_wire())
        try:
            return self._api.hand_over(
                record.uuid, lease.owner, pick.claimed.cell_uuid, record.attempt + 1, text
            )
        except cell_errors.LostRace:
            self._first_claims.release_written(asked.request, record.uuid, pick.generation)
            raise

    def _select(
        self, access: CellAccess, record: InstanceRecord, asked: RequestRecord
    ) -> Pick | None:
        """Select in the cells that were not tried; None where none can take it."""
        if asked.seconds_left <= 0:
            self._give_up(access, record, faults.deadline_passed(record.fault))
            return None
        others = self._others(access, asked.request, record.uuid)
        if others.tried >= (asked.request.max_cells or 1):
            fault = faults.no_other_cell(record.fault, f"{others.tried} were tried")
            self._give_up(access, record, fault)
            return None
        request = asked.request.obj_clone()
        request.count = 1
        request.ignore_cells = [*request.ignore_cells, *others.left_out]
        try:
            answer = self._scheduler.select_destinations(
                RequestContext.of_instance(asked.request_id, request.project_id, request.user_id),
                str(uuid.uuid5(uuid.UUID(record.uuid), f"attempt-{record.attempt + 1}")),
                self._enrich(request),
                [record.uuid],
                alternates_wanted(request),
                {record.uuid: max(record.generation or 0, 0)},
                timeout=self._lease.seconds / 2,
            )
        except NEVER as error:
            if others.silent:
                raise cell_errors.CellUnreachable(
                    others.silent[0], "it may have what is looked for"
                ) from error
            self._give_up(access, record, faults.no_other_cell(record.fault, str(error)))
            return None
        return answer.picks()[0]

    def _others(self, access: CellAccess, request: BuildRequest, instance_uuid: str) -> _Others:
        """Ask which cells had the instance before."""
        rows, silent = ask(self._cells, lambda each: _row(each, instance_uuid))
        had_it = {name for name, row in rows.items() if row is not None} | {access.name}
        tried = {n for n, row in rows.items() if hearsay.was_tried(request, row)} | {access.name}
        left_out = [
            record.uuid
            for record in self._cells.records()
            if record.name in had_it or record.name in silent
        ]
        return _Others(len(tried), left_out, silent)

    def _give_up(self, access: CellAccess, record: InstanceRecord, fault: Fault) -> None:
        """Let its cell end it.

        The mapping stays HANDING_OVER: an earlier selection may have moved the
        claim to where its cell will not look, and settling.py does.
        """
        access.store.release(access.store.begin_failing(record, fault))
        with apart(f"the end of the takeover of {record.uuid}"):
            self._api.put_back_hand_over(record.uuid, self._lease.owner)
        access.nudge(record, record.uuid)

    def _insert(self, mapping: MappingRecord, record: InstanceRecord, pick: Pick) -> None:
        asked = self._api.request(mapping.request_id)
        build = NewBuild(
            instance_uuid=mapping.instance_uuid,
            name=mapping.name,
            request=asked.request,
            consumer_type=str(asked.request.consumer_type),
            attempt=mapping.attempt,
            selection=pick.claimed,
            alternates=tuple(pick.alternates),
            generation=pick.generation,
            attempts_left=(asked.request.max_attempts or 1) - 1,
            cells_left=hearsay.cells_left(asked.request, record.cells_left),
            deadline_seconds=asked.seconds_left,
        )
        self._placer.insert(self._cells.get(pick.claimed.cell_uuid), build)


def _row(access: CellAccess, instance_uuid: str) -> InstanceRecord | None:
    """Return the cell's row; None where the cell has none."""
    try:
        return access.store.instance(instance_uuid)
    except cell_errors.InstanceUnknown:
        return None
