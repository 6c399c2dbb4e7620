"""What a process counts, and how it is fetched."""

from __future__ import annotations

import urllib.request
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

from tests.unit.cells.base import LONG, CellTest, fault, host_of, request, uuid
from understudy.cells.records import Binding
from understudy.cli.metrics.databases import DatabaseCollector
from understudy.cli.metrics.figures import Figures
from understudy.cli.metrics.measured import MeasuredClaims, MeasuredSelector, measure
from understudy.cli.services.scraping import listen
from understudy.ledger import errors as ledger_errors
from understudy.ledger.protocols import ClaimResults
from understudy.objects.fault import Fault
from understudy.objects.selection_answer import SelectionAnswer
from understudy.rpcapi import errors as wire

STORE = ("fail", "beat", "succeed", "begin_failing", "exhaust", "overdue")


def _no(*facts: object, **more: object) -> None:
    """Do nothing, as a store."""


class Selector:
    def select(self, request_id: str, *more: Any) -> SelectionAnswer:
        if request_id == "none":
            raise wire.TooManyEqualGroups(9, 4)
        return SelectionAnswer.pack(uuid(), [])


class Claims:
    """Takes one, and has no room for the other."""

    def claim_many(self, wanted: Any) -> ClaimResults:
        return ClaimResults({"one": 1}, {"two": ledger_errors.ClaimConflict("two", "full")})

    def swap(self, wanted: Any) -> int:
        raise ledger_errors.ClaimConflict("one", "full")

    def unclaim(self, *what: Any) -> None:
        pass

    def read_back(self, consumer: str) -> Any:
        raise NotImplementedError


class MetricsTest(CellTest):
    def setUp(self) -> None:
        super().setUp()
        self.figures = Figures()

    def value(self, name: str, **labels: str) -> float | None:
        return self.figures.registry.get_sample_value(f"understudy_{name}", labels)

    def test_selections(self) -> None:
        measured = MeasuredSelector(Selector(), self.figures)
        measured.select("one", request(), [], 0, {})
        self.assertRaises(wire.TooManyEqualGroups, measured.select, "none", request(), [], 0, {})
        self.assertEqual(1, self.value("selections_total", outcome="done"))
        self.assertEqual(1, self.value("selections_total", outcome="TooManyEqualGroups"))
        self.assertEqual(2, self.value("selection_seconds_count"))

    def test_claims_and_their_conflicts(self) -> None:
        measured: Any = MeasuredClaims(Claims(), self.figures)
        measured.claim_many(["one", "two"])
        self.assertRaises(ledger_errors.ClaimConflict, measured.swap, "one")
        measured.unclaim("one", None, 1)
        for operation, outcome in (
            ("claim", "done"),
            ("claim", "ClaimConflict"),
            ("swap", "ClaimConflict"),
            ("unclaim", "done"),
        ):
            counted = self.value("claims_total", operation=operation, outcome=outcome)
            self.assertEqual(1, counted, f"{operation} {outcome}")

    def test_builds_of_a_cell(self) -> None:
        measure(self.cell, self.figures)
        record = self.failed("h1", "h2")
        self.cell.overdue(10)
        self.cell.begin_failing(record, fault())
        succeeded = self.building("h3")
        self.cell.succeed(succeeded.uuid, 1, host_of(succeeded))
        # As the conductor does, with who it was.
        self.cell.beat("agent", {"h1": [], "h2": []}, Binding())
        failed = self.value("failed_attempts_total", code="disk-broken", blames="host")
        self.assertEqual(1, failed)
        self.assertEqual(1, self.value("builds_total", outcome="failed"))
        self.assertEqual(1, self.value("alternates_left_sum", outcome="failed"))
        self.assertEqual(1, self.value("builds_total", outcome="succeeded"))
        self.assertEqual(1, self.value("recoveries_total", state="BUILDING"))
        self.assertEqual(2, self.value("host_heartbeats_total"))

    def test_hosts_make_no_series_without_end(self) -> None:
        cell: Any = SimpleNamespace(**dict.fromkeys(STORE, _no))
        measure(cell, self.figures)
        for number in range(1000):
            broken = Fault(code=f"code-{number}", blames="host")
            cell.fail("uuid", 1, "host", broken, cleaned=True)
        self.assertEqual(1, self.value("failed_attempts_total", code="code-99", blames="host"))
        self.assertEqual(900, self.value("failed_attempts_total", code="other", blames="host"))

    def test_they_are_fetched_over_http(self) -> None:
        self.api.accept(request(), [(uuid(), "web")], LONG)
        self.api.beat_service("conductor", "c1")
        api = self.api
        self.figures.registry.register(
            DatabaseCollector("requests", api.count_requests, api.services, api.outbox)
        )
        with ExitStack() as closing:
            first = listen(self.figures, "127.0.0.1", 29100, closing)
            second = listen(self.figures, "127.0.0.1", first, closing)
            self.assertGreater(second, first)
            with urllib.request.urlopen(f"http://127.0.0.1:{second}/metrics") as answer:
                shown = answer.read().decode()
        self.assertIn('understudy_requests{state="PENDING"} 1.0', shown)
        self.assertIn('understudy_service_silence_seconds{binary="conductor",name="c1"}', shown)
        self.assertIn("understudy_notifications_waiting 0.0", shown)

    def test_a_database_that_is_away_shows_nothing(self) -> None:
        def away() -> dict[str, int]:
            raise RuntimeError("away")

        store = self.cell
        collector = DatabaseCollector("instances", away, store.services, store.outbox)
        self.assertEqual([], list(collector.collect()))
