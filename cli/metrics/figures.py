"""What one process counts, in a registry of its own."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_BUILD_SECONDS = (0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
_ALTERNATES = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 16.0)


class Figures:
    """Every figure that some service of ours counts; those without a sample are not shown."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.registry = CollectorRegistry()
        self.selections = self._counter(
            "selections", "Selections that the scheduler answered", "outcome"
        )
        self.selection_seconds = Histogram(
            "understudy_selection_seconds",
            "Seconds from a selection's call to its answer",
            registry=self.registry,
            buckets=_SECONDS,
        )
        self.claims = self._counter(
            "claims", "Claims asked of Placement, one for each consumer", "operation", "outcome"
        )
        self.claim_seconds = Histogram(
            "understudy_claim_seconds",
            "Seconds that a write to Placement took, however many claims were in it",
            ["operation"],
            registry=self.registry,
            buckets=_SECONDS,
        )
        self.failed_attempts = self._counter(
            "failed_attempts", "Reports of attempts that failed", "code", "blames"
        )
        self.builds = self._counter("builds", "Builds that came to an ending", "outcome")
        self.alternates_left = Histogram(
            "understudy_alternates_left",
            "Alternates that were not needed, or were gone, when a build ended",
            ["outcome"],
            registry=self.registry,
            buckets=_ALTERNATES,
        )
        self.recoveries = self._counter(
            "recoveries", "Rows that a sweep found overdue, by their state", "state"
        )
        self.heartbeats = self._counter("host_heartbeats", "Heartbeats heard of hosts")
        self.host_build_seconds = Histogram(
            "understudy_host_build_seconds",
            "Seconds that a host's driver took for a build",
            ["outcome"],
            registry=self.registry,
            buckets=_BUILD_SECONDS,
        )

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"understudy_{name}", what, labels, registry=self.registry)
