"""Work on an accepted request: select once, write the answer down, place each.

The request's lease makes sure that one super conductor does so at a time; it
outlives the call to the scheduler, so that one first claim per instance is in
flight. What cannot be done now is put off and tried again until the deadline.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence

from understudy.cells import errors as cell_errors
from understudy.cells import mapping_states
from understudy.cells.api_store import ApiStore
from understudy.cells.records import MappingRecord, RequestRecord
from understudy.conductor import faults
from understudy.conductor.bounds import alternates_wanted
from understudy.conductor.first_claims import FirstClaims
from understudy.conductor.lease import Lease
from understudy.conductor.patience import BUSY, NEVER, NOT_NOW, pause
from understudy.conductor.placing import Placer
from understudy.conductor.timing import Timing
from understudy.objects.build_request import BuildRequest
from understudy.objects.errors import InvalidRequest
from understudy.objects.fault import Fault
from understudy.objects.fields import Blame
from understudy.objects.selection_answer import SelectionAnswer
from understudy.rpcapi import errors as wire
from understudy.rpcapi import logs
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.scheduler import SchedulerClient

LOG = logging.getLogger(__name__)


class RequestWorker:
    """Takes accepted requests from PENDING to DONE."""

    def __init__(
        self,
        api: ApiStore,
        scheduler: SchedulerClient,
        placer: Placer,
        first_claims: FirstClaims,
        enrich: Callable[[BuildRequest], BuildRequest],
        lease: Lease,
        timing: Timing,
    ) -> None:
        """Take the collaborators.

        `enrich` adds what only the super conductor knows (where a group's
        members are). The lease must be longer than a call to the scheduler.
        """
        self._api = api
        self._scheduler = scheduler
        self._placer = placer
        self._first_claims = first_claims
        self._enrich = enrich
        self._lease = lease
        self._timing = timing

    def work(self, request_id: str) -> None:
        """Do all that can be done for the request now, unless somebody else does.

        Raises ApiDatabaseUnreachable.
        """
        with logs.about(request_id):
            self._begin(request_id)

    def _begin(self, request_id: str) -> None:
        lease = self._lease.fresh()
        try:
            record = self._api.take_request(request_id, lease.owner, lease.seconds)
            seconds = self._work(record, lease)
            if seconds is not None:
                self._api.put_off_request(request_id, lease.owner, seconds)
        except BUSY as busy:
            LOG.debug("request %s is left to others: %s", request_id, busy)

    def _work(self, record: RequestRecord, lease: Lease) -> float | None:
        """Return the seconds after which to go on; None where the request is done."""
        try:
            deleted = self._end_unmapped_deletes(record)
            mappings = self._api.mappings_of(record.request_id)
            wanted = [m for m in mappings if m.state == mapping_states.ACCEPTED]
            answer = record.answer
            if answer is None and wanted:
                answer = self._select(record, wanted, lease)
            if answer is not None:
                self._place_all(record, mappings, answer)
            deleted = self._end_unmapped_deletes(record) or deleted
            self._release_unmapped(record)
        except NOT_NOW as error:
            LOG.warning("request %s is put off: %s", record.request_id, error)
            return pause(error, self._timing.retry)
        if deleted or (answer is None and wanted):
            # What was claimed for those that ended, without an answer, may still come to light.
            return self._timing.settle
        self._api.finish_request(record.request_id, lease.owner)
        return None

    def _select(
        self, record: RequestRecord, wanted: Sequence[MappingRecord], lease: Lease
    ) -> str | None:
        """Ask the scheduler and write its answer down; None where it said no."""
        if record.seconds_left <= 0:
            self._fail(record, wanted, faults.deadline_passed())
            return None
        try:
            answer = self._scheduler.select_destinations(
                RequestContext.of_instance(
                    record.request_id, record.request.project_id, record.request.user_id
                ),
                record.request_id,
                self._enrich(record.request),
                [mapping.instance_uuid for mapping in wanted],
                alternates_wanted(record.request),
                {},
                timeout=lease.seconds / 2,
            )
        except NEVER as error:
            self._fail(record, wanted, fault_of(error))
            return None
        text = json.dumps(answer.obj_to_wire())
        self._api.record_answer(record.request_id, lease.owner, text)
        return text

    def _place_all(
        self, record: RequestRecord, mappings: Sequence[MappingRecord], answer: str
    ) -> None:
        """Place each; those whose cell does not answer do not keep the others waiting."""
        names = {mapping.instance_uuid: mapping.name for mapping in mappings}
        left: list[Exception] = []
        for pick in unpack(answer).picks():
            name = names[pick.instance_uuid]
            with logs.about(record.request_id, pick.instance_uuid):
                try:
                    self._placer.place(record.request, name, pick, record.seconds_left)
                except NOT_NOW as error:
                    LOG.warning("%s is not placed yet: %s", pick.instance_uuid, error)
                    left.append(error)
        if left:
            raise left[0]

    def _fail(self, record: RequestRecord, wanted: Sequence[MappingRecord], fault: Fault) -> None:
        """End instances that no cell holds, their claims given back first."""
        for mapping in wanted:
            with logs.about(record.request_id, mapping.instance_uuid):
                self._first_claims.release(record.request, mapping.instance_uuid)
                try:
                    self._api.fail_unmapped(mapping.instance_uuid, fault)
                except cell_errors.LostRace as race:
                    LOG.debug("%s is being deleted: %s", mapping.instance_uuid, race)

    def _end_unmapped_deletes(self, record: RequestRecord) -> bool:
        """End those that were deleted before they were mapped; are there any?"""
        deleted = [
            mapping.instance_uuid
            for mapping in self._api.mappings_of(record.request_id)
            if mapping.state == mapping_states.DELETING and mapping.cell_uuid is None
        ]
        for instance_uuid in deleted:
            with logs.about(record.request_id, instance_uuid):
                self._first_claims.release(record.request, instance_uuid)
                self._api.end_deleting(instance_uuid)
        return bool(deleted)

    def _release_unmapped(self, record: RequestRecord) -> None:
        """Read back once more what ended without a cell: a late claim may have landed."""
        for mapping in self._api.mappings_of(record.request_id):
            if mapping.cell_uuid is None:
                with logs.about(record.request_id, mapping.instance_uuid):
                    self._first_claims.release(record.request, mapping.instance_uuid)


def unpack(answer: str) -> SelectionAnswer:
    """Return the answer that was written down as JSON text."""
    unpacked: SelectionAnswer = SelectionAnswer.obj_from_primitive(json.loads(answer))
    return unpacked


def fault_of(error: Exception) -> Fault:
    """Return why no host was selected, as a fault of the request."""
    codes = {
        wire.NoValidHost: faults.NO_VALID_HOST,
        wire.TooManyEqualGroups: faults.TOO_MANY_EQUAL_GROUPS,
        wire.LedgerRefusedRequest: faults.LEDGER_REFUSED,
        InvalidRequest: faults.REQUEST_REFUSED,
    }
    return Fault(code=codes[type(error)], blames=Blame.REQUEST, message=str(error))
