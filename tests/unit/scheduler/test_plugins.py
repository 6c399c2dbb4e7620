"""Filters and weighers by name, an operator's own among them."""

from __future__ import annotations

import testtools
from stevedore import extension, named

from tests.unit.scheduler.cloud import FILTERS, Cloud, request, uuid_of
from understudy.objects.build_request import BuildRequest
from understudy.rpcapi import errors as wire
from understudy.scheduler import filters, plugins, weighers
from understudy.scheduler.hosts import HostCandidate
from understudy.scheduler.ranking import Weighted
from understudy.scheduler.weighers import Free


class SmallRequestsOnly:
    """What an operator might write."""

    name = "small_requests"
    remedy = "ask for fewer instances"

    def keeps(self, host: HostCandidate, request: BuildRequest) -> bool:
        return request.count < 3


def loaded(group: str, **objects: object) -> named.NamedExtensionManager[object]:
    """A manager as stevedore makes it of entry points that somebody installed."""
    return named.NamedExtensionManager.make_test_instance(
        [
            extension.Extension(name, None, None, found)  # type: ignore[arg-type]
            for name, found in objects.items()
        ],
        namespace=group,
    )


class BuiltInTest(testtools.TestCase):
    def test_what_heeds_the_request_is_always_loaded(self) -> None:
        found = plugins.load_filters([])
        self.assertEqual(list(filters.REQUEST_FILTERS), [each.name for each in found])
        self.assertEqual([type(each) for each in FILTERS], [type(each) for each in found])

    def test_and_only_once(self) -> None:
        self.assertEqual(6, len(plugins.load_filters(["affinity"])))

    def test_weighers_come_with_their_multipliers(self) -> None:
        found = plugins.load_weighers({"shuffle": 0.5, "free": -1.0})
        self.assertEqual({"Shuffle": 0.5, "Free": -1.0}, by_class(found))

    def test_nothing_is_loaded_to_count_for_nothing(self) -> None:
        self.assertEqual({"Free": 1.0}, by_class(plugins.load_weighers({"shuffle": 0, "free": 1})))


def by_class(found: list[Weighted]) -> dict[str, float]:
    return {type(each.weigher).__name__: each.multiplier for each in found}


class OwnTest(testtools.TestCase):
    def test_a_filter_of_ones_own(self) -> None:
        manager = loaded(filters.NAMESPACE, small_requests=SmallRequestsOnly())
        cloud = Cloud()
        cloud.add("host")
        selector = cloud.selector(filters=[*FILTERS, *plugins.filters_of(manager)])
        wanted = request(count=3)
        error = self.assertRaises(
            wire.NoValidHost,
            selector.select,
            wanted.request_id,
            wanted,
            [uuid_of(f"vm{number}") for number in range(3)],
            0,
            {},
        )
        self.assertIn("filter small_requests: 1", str(error))
        self.assertIn("ask for fewer instances", str(error))

    def test_a_weigher_of_ones_own(self) -> None:
        manager = loaded(weighers.NAMESPACE, mine=Free())
        (found,) = plugins.weighers_of(manager, {"mine": 2.5})
        self.assertEqual(2.5, found.multiplier)


class MissingTest(testtools.TestCase):
    def test_an_unknown_name_is_no_start(self) -> None:
        error = self.assertRaises(plugins.PluginNotLoaded, plugins.load_filters, ["typo"])
        self.assertEqual("typo", error.names)
        self.assertIn("correct the name", str(error))
        self.assertRaises(plugins.PluginNotLoaded, plugins.load_weighers, {"typo": 1.0})
