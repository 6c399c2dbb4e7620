"""Figures that a database knows, read when somebody scrapes them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from understudy.cells.outbox import Outbox
from understudy.cells.records import ServiceRecord

LOG = logging.getLogger(__name__)


class DatabaseCollector(Collector):
    """Shows rows by state, services by silence, and what waits to be published.

    A database that does not answer shows nothing: no figure is no zero.
    """

    def __init__(
        self,
        rows: str,
        counts: Callable[[], Mapping[str, int]],
        services: Callable[[], Sequence[ServiceRecord]],
        outbox: Outbox,
    ) -> None:
        """Count `rows` ("requests") by state with `counts`."""
        self._rows = rows
        self._counts = counts
        self._services = services
        self._outbox = outbox

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Say nothing yet: nothing is read before somebody asks."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read."""
        try:
            yield from list(self._read())
        except Exception as error:
            LOG.warning("no figures of the database: %s", error)

    def _read(self) -> Iterator[GaugeMetricFamily]:
        rows = GaugeMetricFamily(
            f"understudy_{self._rows}", f"How many {self._rows} are in a state", labels=["state"]
        )
        for state, count in self._counts().items():
            rows.add_metric([state], count)
        yield rows
        silence = GaugeMetricFamily(
            "understudy_service_silence_seconds",
            "Seconds since a process was heard of",
            labels=["binary", "name"],
        )
        for service in self._services():
            silence.add_metric([service.binary, service.name], service.silent_for)
        yield silence
        yield GaugeMetricFamily(
            "understudy_notifications_waiting",
            "Events that wait to be published",
            value=self._outbox.count(),
        )
        yield GaugeMetricFamily(
            "understudy_notifications_wait_seconds",
            "Seconds that the oldest of them has waited",
            value=self._outbox.age(),
        )
