"""What the processes of a cluster show to Prometheus, and what it must say."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterable

import testtools
from prometheus_client.parser import text_string_to_metric_families as parsed
from prometheus_client.samples import Sample

from tests.integration.support import listening
from tests.integration.support.cluster import Cluster
from tests.integration.support.service import Service
from tests.integration.support.waiting import wait_until
from understudy.cells.api import requests
from understudy.objects import states


class Figures:
    """The figures of a cluster in which so many instances were built, some not at first."""

    def __init__(self, test: testtools.TestCase, cluster: Cluster, built: int) -> None:
        """Complain as `test`."""
        self._test = test
        self._cluster = cluster
        self._built = built

    def check(self) -> None:
        """Fail unless each process shows what it must, on the loopback alone."""
        for service in self._cluster.services:
            self._test.assertNotEqual([], addresses(service), service.told)
            found = listening.addresses(service.pids())
            self._test.assertEqual({True}, {each.is_loopback for each in found}, service.told)
        self._check_api_level()
        self._check_cells()

    def _check_api_level(self) -> None:
        scheduler = Shown([self._cluster.scheduler])
        selections = scheduler.value("understudy_selections_total", outcome="done")
        self._test.assertGreater(selections, 1)
        self._test.assertEqual(selections, scheduler.value("understudy_selection_seconds_count"))
        claimed = scheduler.value("understudy_claims_total", operation="claim", outcome="done")
        self._test.assertGreaterEqual(claimed, self._built)
        wait_until(self._no_request_waits, "the end of all requests")

    def _no_request_waits(self) -> bool:
        shown = Shown([self._cluster.conductor])
        done = shown.value("understudy_requests", state=requests.DONE)
        return 1 < done == shown.value("understudy_requests")

    def _check_cells(self) -> None:
        cells = self._cluster.cells.values()
        conductors = Shown(cell.conductor for cell in cells)
        self._at_least_one(conductors, "understudy_failed_attempts_total", code="host-broken")
        self._at_least_one(conductors, "understudy_claims_total", operation="swap", outcome="done")
        self._all(conductors, "understudy_builds_total", outcome="succeeded")
        self._all(conductors, "understudy_alternates_left_count", outcome="succeeded")
        self._all(conductors, "understudy_instances", state=states.ACTIVE)
        self._test.assertIn("understudy_recoveries", conductors.names())
        agents = Shown(agent for cell in cells for agent in cell.agents)
        self._all(agents, "understudy_host_build_seconds_count", outcome="succeeded")

    def _at_least_one(self, shown: Shown, name: str, **labels: str) -> None:
        self._test.assertGreaterEqual(shown.value(name, **labels), 1, name)

    def _all(self, shown: Shown, name: str, **labels: str) -> None:
        self._test.assertEqual(self._built, shown.value(name, **labels), name)


class Shown:
    """All that some processes show now, added up."""

    def __init__(self, services: Iterable[Service]) -> None:
        """Fetch it from every process of these services."""
        self.pages = [fetch(url) for service in services for url in addresses(service)]

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of the samples of this name whose labels are among theirs."""
        return sum(
            sample.value
            for sample in self._samples(name)
            if labels.items() <= sample.labels.items()
        )

    def names(self) -> set[str]:
        """Return the names of all figures, those without a sample too."""
        return {family.name for page in self.pages for family in parsed(page)}

    def _samples(self, name: str) -> list[Sample]:
        families = (family for page in self.pages for family in parsed(page))
        return [sample for family in families for sample in family.samples if sample.name == name]


def addresses(service: Service) -> list[str]:
    """Return where each process of the service says that its figures are."""
    return re.findall(r"figures are at (http://\S+)", service.printed_since_start())


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as page:
        return str(page.read().decode())
