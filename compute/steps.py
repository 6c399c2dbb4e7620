"""The next step for one attempt, from what the journal says of it.

Each step may be cut off anywhere and done again from the state it began in.
What a step finds out is in the journal before it is told, and a row is finished
only once the conductor has answered.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from understudy.compute import journal_states as states
from understudy.compute.conductor import Again, Built, Refused, Reports
from understudy.compute.driver import BuildFault, Driver
from understudy.compute.journal import Journal, JournalClosed, Row
from understudy.compute.tags import Place, Tag
from understudy.objects.build_request import BuildRequest
from understudy.objects.fault import Fault, bounded
from understudy.objects.fields import Blame
from understudy.objects.selection import Selection
from understudy.rpcapi import logs
from understudy.rpcapi.context import RequestContext

LOG = logging.getLogger(__name__)

DRIVER_ERROR: Final = "driver-error"
"""The driver failed in a way that it did not foresee."""


class Steps:
    """Takes attempts one step further; never two at once at one place."""

    def __init__(
        self,
        driver: Driver,
        journal: Journal,
        reports: Reports,
        emptied: Callable[[str], None] = lambda host: None,
    ) -> None:
        """Call `emptied` with a host that has nothing left to tear down."""
        self._driver = driver
        self._journal = journal
        self._reports = reports
        self._emptied = emptied

    def logged(self, tag: Tag) -> AbstractContextManager[object]:
        """Let what is logged meanwhile name the build request and the instance."""
        return logs.under(self._reports.context(tag), tag.instance_uuid)

    def remember(self, place: Place, context: RequestContext) -> None:
        """Do what there is to do at this place in the context in which it was asked for."""
        self._reports.remember(place, context)

    def forget(self, place: Place) -> None:
        """Forget what was only of use while there was something to do at this place."""
        self._reports.forget(place)

    def build(self, row: Row) -> None:
        """Ask, build, and write down how it went. Raises Again without an answer."""
        try:
            self._reports.started(row.tag)
        except Refused as refused:
            LOG.info("%s is not built: %s", row.tag, refused)
            self._journal.move(row.tag, row.state, states.TEARING_DOWN)
            return
        except Built as built:
            LOG.info("%s is kept as it is: %s", row.tag, built)
            self._journal.move(row.tag, row.state, states.BUILT)
            return
        if self._journal.move(row.tag, row.state, states.BUILDING):
            try:
                what = self._journal.what_to_build(row.tag)
            except LookupError as gone:
                LOG.info("It is torn down instead: %s", gone)
                return
            self._build_now(row.tag, *what, anew=row.state == states.BUILDING)

    def finish(self, row: Row) -> None:
        """Tell an outcome, or tear down. Raises Again."""
        match row.state:
            case states.SUCCEEDED:
                self._tell_success(row.tag)
            case states.FAILED:
                self._tell_failure(row)
            case states.TEARING_DOWN:
                self._tear_down(row)

    def _build_now(
        self, tag: Tag, request: BuildRequest, selection: Selection, *, anew: bool
    ) -> None:
        try:
            if anew:
                self._driver.destroy(*tag)
            self._driver.build(*tag, request, selection)
        except Exception as error:
            fault = self._fault(tag, error)
        else:
            self._journal.move(tag, states.BUILDING, states.SUCCEEDED)
            return
        cleaned = self._is_destroyed(tag)
        self._journal.move(tag, states.BUILDING, states.FAILED, fault, cleaned)

    def _fault(self, tag: Tag, error: Exception) -> Fault:
        if self._journal.closed:
            raise JournalClosed from error
        if isinstance(error, BuildFault):
            fault = bounded(error.fault)
            LOG.warning("%s failed: %s", tag, BuildFault(fault))
            return fault
        LOG.error("%s failed", tag, exc_info=error)
        message = f"{type(error).__name__}: {error}"
        return bounded(Fault(code=DRIVER_ERROR, blames=Blame.HOST, message=message))

    def _is_destroyed(self, tag: Tag) -> bool:
        try:
            self._driver.destroy(*tag)
        except Exception:
            LOG.exception("Could not destroy what %s left behind", tag)
            return False
        return True

    def _tell_success(self, tag: Tag) -> None:
        try:
            self._reports.succeeded(tag)
        except Refused as refused:
            LOG.info("%s was built in vain: %s", tag, refused)
            self._journal.move(tag, states.SUCCEEDED, states.TEARING_DOWN)
        else:
            self._journal.move(tag, states.SUCCEEDED, states.BUILT)

    def _tell_failure(self, row: Row) -> None:
        fault = row.fault or Fault(code=DRIVER_ERROR, blames=Blame.HOST)
        try:
            self._reports.failed(row.tag, fault, row.cleaned)
        except Refused as refused:
            LOG.info("Nobody waits for the fault of %s: %s", row.tag, refused)
        becomes = states.GONE if row.cleaned else states.TEARING_DOWN
        self._journal.move(row.tag, states.FAILED, becomes, row.fault, row.cleaned)

    def _tear_down(self, row: Row) -> None:
        """Destroy this attempt and the older ones here, say so, and keep a tombstone."""
        tag = row.tag
        try:
            older = [
                attempt
                for uuid, attempt in self._driver.holds(tag.host)
                if uuid == tag.instance_uuid and attempt < tag.attempt
            ]
            for attempt in [*sorted(older), tag.attempt]:
                self._driver.destroy(tag.host, tag.instance_uuid, attempt)
        except Exception as error:
            raise Again(f"{tag} could not be destroyed: {error!r}") from error
        try:
            self._reports.torn_down(tag)
        except Refused as refused:
            LOG.info("Nobody waits for the end of %s: %s", tag, refused)
        self._journal.move(tag, states.TEARING_DOWN, states.GONE, row.fault, cleaned=True)
        if not self._journal.is_tearing_down(tag.host):
            self._emptied(tag.host)
