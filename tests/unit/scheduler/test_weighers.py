"""Weighers, and how their figures become weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import testtools

from tests.unit.scheduler import inventions
from tests.unit.scheduler.cloud import request, uuid_of
from understudy.objects.build_request import BuildRequest, ResourceGroup
from understudy.scheduler import plugins
from understudy.scheduler.hosts import HostCandidate
from understudy.scheduler.ranking import Ranking, Weighted
from understudy.scheduler.settings import Settings
from understudy.scheduler.weighers import Free, Reliable, Shuffle


def host(name: str, **free: int) -> HostCandidate:
    """A host of 10 VCPU, 10 VGPU and 100 DISK_GB, with so much of them free."""
    capacity = {"VCPU": 10, "VGPU": 10, "DISK_GB": 100}
    return dataclasses.replace(inventions.host(name), capacity=capacity, free=capacity | free)


class Given:
    """Figures by host name."""

    def __init__(self, **figures: float) -> None:
        self.figures = figures

    def weigh(self, hosts: Sequence[HostCandidate], request: BuildRequest) -> Sequence[float]:
        return [self.figures[each.name] for each in hosts]


class FreeTest(testtools.TestCase):
    def test_the_scarcest_class_counts(self) -> None:
        hosts = [host("a", VCPU=2, DISK_GB=90), host("b", VCPU=5, DISK_GB=40)]
        wanted = request(resources={"VCPU": 1, "DISK_GB": 1})
        self.assertEqual([0.2, 0.4], Free().weigh(hosts, wanted))

    def test_only_what_is_asked_for_counts(self) -> None:
        self.assertEqual([1.0], Free().weigh([host("a", DISK_GB=0)], request()))

    def test_groups_ask_too(self) -> None:
        wanted = request(groups=[ResourceGroup(suffix="_GPU", resources={"VGPU": 1})])
        self.assertEqual([0.3], Free().weigh([host("a", VGPU=3)], wanted))

    def test_what_a_sharing_provider_has_does_not(self) -> None:
        wanted = request(resources={"MEMORY_MB": 1})
        self.assertEqual([0.0], Free().weigh([host("a")], wanted))


class ReliableTest(testtools.TestCase):
    def faulty(self, name: str, faults: int) -> HostCandidate:
        mapping = dataclasses.replace(host(name).mapping, recent_faults=faults)
        return dataclasses.replace(host(name), mapping=mapping)

    def test_faults_count_up_to_a_few(self) -> None:
        hosts = [self.faulty("a", 0), self.faulty("b", 1), self.faulty("c", 99)]
        self.assertEqual([0.0, -1.0, -3.0], Reliable().weigh(hosts, request()))

    def test_by_default_a_faulty_host_comes_after_one_with_less_room(self) -> None:
        empty, busy = self.faulty("empty", 1), host("busy", VCPU=1)
        weighted = plugins.load_weighers(Settings().weighers)
        ranking = Ranking([empty, busy], request(), weighted)
        self.assertEqual(["busy", "empty"], [each.name for each in ranking.hosts])


class ShuffleTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.hosts = [host(f"host{number}") for number in range(20)]

    def order(self, name: str) -> list[str]:
        wanted = request(request_id=uuid_of(name))
        ranking = Ranking(self.hosts, wanted, [Weighted(Shuffle(), 1.0)])
        return [each.name for each in ranking.hosts]

    def test_the_same_request_has_the_same_order(self) -> None:
        self.assertEqual(self.order("one"), self.order("one"))

    def test_another_request_has_another(self) -> None:
        self.assertNotEqual(self.order("one"), self.order("two"))

    def test_every_host_comes_first_now_and_then(self) -> None:
        first = {self.order(f"request{number}")[0] for number in range(400)}
        self.assertEqual(20, len(first))


class RankingTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.hosts = [host("a"), host("b"), host("c")]

    def weights(self, *weighers: Weighted) -> list[float]:
        ranking = Ranking(self.hosts, request(), weighers)
        return [ranking.weight(each) for each in self.hosts]

    def test_figures_are_brought_to_one_scale(self) -> None:
        self.assertEqual([0.0, 1.0, 0.5], self.weights(Weighted(Given(a=10, b=30, c=20), 1.0)))

    def test_multipliers_weigh_the_weighers(self) -> None:
        self.assertEqual(
            [-2.0, 3.0, 0.5],
            self.weights(
                Weighted(Given(a=0, b=8, c=4), 3.0), Weighted(Given(a=7, b=5, c=6), -2.0)
            ),
        )

    def test_equal_figures_weigh_nothing(self) -> None:
        self.assertEqual([0.0, 0.0, 0.0], self.weights(Weighted(Given(a=5, b=5, c=5), 9.0)))

    def test_no_weighers(self) -> None:
        self.assertEqual([0.0, 0.0, 0.0], self.weights())

    def test_the_best_comes_first(self) -> None:
        ranking = Ranking(self.hosts, request(), [Weighted(Given(a=1, b=3, c=2), 1.0)])
        self.assertEqual(["b", "c", "a"], [each.name for each in ranking.hosts])

    def test_a_host_weighs_less_after_each_instance(self) -> None:
        for hosts in (self.hosts, [host("a", VCPU=5), host("b")]):
            ranking = Ranking(hosts, request(), [Weighted(Free(), 1.0)])
            weights = [ranking.weight(hosts[0], taken) for taken in range(5)]
            self.assertEqual(sorted(weights, reverse=True), weights)
            self.assertEqual(5, len(set(weights)))
