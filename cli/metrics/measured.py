"""Collaborators that count what passes through them, around the real ones."""

from __future__ import annotations

import contextlib
import functools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ParamSpec, TypeVar

from prometheus_client import Histogram

from understudy.cells.cell_store import CellStore
from understudy.cells.records import UNNAMED, Binding, InstanceRecord
from understudy.cli.metrics.figures import Figures
from understudy.compute.driver import Driver
from understudy.ledger.protocols import ClaimResults, Claims, HeldClaim, Owner, WantedClaim
from understudy.objects.build_request import BuildRequest
from understudy.objects.fault import Fault
from understudy.objects.host import Host
from understudy.objects.selection import Selection
from understudy.objects.selection_answer import SelectionAnswer
from understudy.scheduler.endpoints import Selects

_P = ParamSpec("_P")
_R = TypeVar("_R")
DONE = "done"
MOST_CODES = 100
"""Codes of faults that are counted apart: hosts choose them, and each is a series for ever."""
OTHER = "other"


class MeasuredSelector:
    """A `Selects` that counts answers and their time; an error counts under its name."""

    def __init__(self, selector: Selects, figures: Figures) -> None:
        """Measure this selector."""
        self._selector = selector
        self._figures = figures

    def select(
        self,
        request_id: str,
        request: BuildRequest,
        instance_uuids: Sequence[str],
        alternates: int,
        held: Mapping[str, int],
        seconds: float = math.inf,
    ) -> SelectionAnswer:
        """Select."""
        outcome = DONE
        with self._figures.selection_seconds.time():
            try:
                return self._selector.select(
                    request_id, request, instance_uuids, alternates, held, seconds
                )
            except Exception as error:
                outcome = type(error).__name__
                raise
            finally:
                self._figures.selections.labels(outcome).inc()


class MeasuredClaims:
    """`Claims` that count what became of each; a conflict is ClaimConflict."""

    def __init__(self, claims: Claims, figures: Figures) -> None:
        """Measure these claims."""
        self._claims = claims
        self._figures = figures

    def claim_many(self, wanted: Sequence[WantedClaim]) -> ClaimResults:
        """Claim."""
        with self._measured("claim", len(wanted)):
            results = self._claims.claim_many(wanted)
        self._count("claim", DONE, len(results.claimed))
        for refused in results.refused.values():
            self._count("claim", type(refused).__name__)
        return results

    def swap(self, wanted: WantedClaim) -> int:
        """Swap."""
        with self._measured("swap"):
            generation = self._claims.swap(wanted)
        self._count("swap", DONE)
        return generation

    def unclaim(self, consumer: str, owner: Owner, generation: int) -> None:
        """Unclaim."""
        with self._measured("unclaim"):
            self._claims.unclaim(consumer, owner, generation)
        self._count("unclaim", DONE)

    def read_back(self, consumer: str) -> HeldClaim:
        """Read back, which counts for nothing."""
        return self._claims.read_back(consumer)

    @contextlib.contextmanager
    def _measured(self, operation: str, consumers: int = 1) -> Iterator[None]:
        with self._figures.claim_seconds.labels(operation).time():
            try:
                yield
            except Exception as error:
                self._count(operation, type(error).__name__, consumers)
                raise

    def _count(self, operation: str, outcome: str, consumers: int = 1) -> None:
        self._figures.claims.labels(operation, outcome).inc(consumers)


class MeasuredDriver:
    """A `Driver` whose builds are timed."""

    def __init__(self, driver: Driver, figures: Figures) -> None:
        """Measure this driver."""
        self._driver = driver
        self._seconds: Histogram = figures.host_build_seconds
        self.hosts: Callable[[], Sequence[Host]] = driver.hosts
        self.destroy: Callable[[str, str, int], None] = driver.destroy
        self.holds: Callable[[str], list[tuple[str, int]]] = driver.holds
        self.close: Callable[[], None] = driver.close

    def build(
        self,
        host: str,
        instance_uuid: str,
        attempt: int,
        request: BuildRequest,
        selection: Selection,
    ) -> None:
        """Build."""
        begun = time.monotonic()
        outcome = "failed"
        try:
            self._driver.build(host, instance_uuid, attempt, request, selection)
            outcome = "succeeded"
        finally:
            self._seconds.labels(outcome).observe(time.monotonic() - begun)


def measure(store: CellStore, figures: Figures) -> None:
    """Let a cell conductor's store count what it is told, from now on.

    The store is a list of functions; those that matter are put into others.
    """
    codes: set[str] = set()

    def failed(uuid: str, attempt: int, host: str, fault: Fault, cleaned: bool) -> None:
        if len(codes) < MOST_CODES:
            codes.add(fault.code)
        code = fault.code if fault.code in codes else OTHER
        figures.failed_attempts.labels(code, fault.blames).inc()

    def ended(outcome: str) -> Callable[[InstanceRecord], None]:
        def note(record: InstanceRecord) -> None:
            figures.builds.labels(outcome).inc()
            figures.alternates_left.labels(outcome).observe(len(record.alternates))

        return note

    def recovered(rows: list[InstanceRecord]) -> None:
        for row in rows:
            figures.recoveries.labels(row.state).inc()

    def beaten(agent: str, in_hand: Mapping[str, object], who: Binding = UNNAMED) -> None:
        figures.heartbeats.inc(len(in_hand))

    store.fail = _asked(store.fail, failed)
    store.beat = _asked(store.beat, beaten)
    store.succeed = _answered(store.succeed, ended("succeeded"))
    store.begin_failing = _answered(store.begin_failing, ended("failed"))
    store.exhaust = _answered(store.exhaust, ended("exhausted"))
    store.overdue = _answered(store.overdue, recovered)


def _asked(method: Callable[_P, _R], note: Callable[..., None]) -> Callable[_P, _R]:
    """Return the method with what it was asked noted, once that was done."""

    @functools.wraps(method)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        answer = method(*args, **kwargs)
        note(*args, **kwargs)
        return answer

    return call


def _answered(method: Callable[_P, _R], note: Callable[[_R], None]) -> Callable[_P, _R]:
    """Return the method with its answer noted."""

    @functools.wraps(method)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        answer = method(*args, **kwargs)
        note(answer)
        return answer

    return call
