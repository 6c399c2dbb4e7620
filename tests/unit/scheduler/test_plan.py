"""The plan: room, spread, groups, failure domains."""

from __future__ import annotations

import dataclasses
from collections import Counter

import testtools
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.scheduler import inventions
from tests.unit.scheduler.cloud import request
from understudy.objects.fields import AffinityPolicy
from understudy.scheduler.hosts import HostCandidate
from understudy.scheduler.plan import Planned, Situation, plan
from understudy.scheduler.ranking import Ranking, Weighted
from understudy.scheduler.weighers import Free

property_test = settings(deadline=None, max_examples=60)
instance_counts = st.integers(1, 40)


def instances(count: int) -> list[str]:
    return [f"vm{number}" for number in range(count)]


def per_host(planned: list[Planned]) -> Counter[str]:
    return Counter(each.host.name for each in planned)


class RoomTest(testtools.TestCase):
    """No host is filled beyond what was free."""

    @property_test
    @given(inventions.clouds(), instance_counts)
    def test_a_batch_fills_exactly_what_there_is(
        self, cloud: list[HostCandidate], count: int
    ) -> None:
        planned = plan(instances(count), inventions.situation(cloud))
        sizes = {host.name: host.capacity["VCPU"] for host in cloud}
        self.assertEqual(min(count, sum(sizes.values())), len(planned))
        for name, used in per_host(planned).items():
            self.assertLessEqual(used, sizes[name])

    @property_test
    @given(inventions.clouds(), instance_counts, st.data())
    def test_hosts_that_lost_are_left_out(
        self, cloud: list[HostCandidate], count: int, data: st.DataObject
    ) -> None:
        lost = data.draw(st.lists(st.sampled_from(cloud)))
        planned = plan(instances(count), inventions.situation(cloud, lost=lost))
        self.assertEqual(set(), {each.host.name for each in planned} & {h.name for h in lost})

    def test_what_was_claimed_since_is_not_free(self) -> None:
        before = inventions.placed(inventions.situation([inventions.host("only", vcpu=3)]), 2)
        self.assertEqual(1, len(plan(["new0", "new1"], before)))

    def test_instances_take_different_gpus_of_a_host(self) -> None:
        ways = tuple(inventions.candidate("host", f"gpu{n}", vcpu=1) for n in range(2))
        host = dataclasses.replace(inventions.host("host"), candidates=ways)
        gpus = [inventions.host(f"gpu{n}", vcpu=1) for n in range(2)]
        situation = dataclasses.replace(
            inventions.situation([host]), summaries=inventions.situation(gpus).summaries
        )
        planned = plan(instances(3), situation)
        self.assertEqual(list(ways), [each.candidate for each in planned])


class SpreadTest(testtools.TestCase):
    """Where room is, and where domains are not crowded."""

    @property_test
    @given(st.integers(1, 9), st.integers(1, 30))
    def test_equal_hosts_take_equally_many(self, hosts: int, count: int) -> None:
        cloud = [inventions.host(f"host{n}", vcpu=64) for n in range(hosts)]
        taken = per_host(plan(instances(count), inventions.situation(cloud)))
        counts = [taken[host.name] for host in cloud]
        self.assertLessEqual(max(counts) - min(counts), 1)

    def test_a_negative_multiplier_fills_host_after_host(self) -> None:
        cloud = [inventions.host(f"host{n}", vcpu=4) for n in range(3)]
        ranking = Ranking(cloud, request(), [Weighted(Free(), -1.0)])
        situation = Situation(ranking, inventions.situation(cloud).summaries)
        self.assertEqual([4, 2], sorted(per_host(plan(instances(6), situation)).values())[::-1])

    def test_domains_share_a_batch(self) -> None:
        crowded = [inventions.host(f"a{n}", domain="a", vcpu=8) for n in range(4)]
        alone = [inventions.host("b0", domain="b", vcpu=8)]
        planned = plan(instances(4), inventions.situation(crowded + alone))
        self.assertEqual(
            {"a": 2, "b": 2}, dict(Counter(each.host.failure_domain for each in planned))
        )

    def test_unless_the_operator_does_not_care(self) -> None:
        crowded = [inventions.host(f"a{n}", domain="a", vcpu=8) for n in range(4)]
        alone = [inventions.host("b0", domain="b", vcpu=8)]
        planned = plan(instances(5), inventions.situation(crowded + alone, domain_multiplier=0.0))
        self.assertEqual({1}, set(per_host(planned).values()))


class GroupTest(testtools.TestCase):
    """Affinity: one host. Anti-affinity: as many hosts as instances."""

    @property_test
    @given(inventions.clouds(), st.integers(1, 8))
    def test_apart(self, cloud: list[HostCandidate], count: int) -> None:
        situation = inventions.situation(cloud, AffinityPolicy.ANTI_AFFINITY)
        planned = plan(instances(count), situation)
        self.assertEqual(min(count, len(cloud)), len(planned))
        self.assertEqual(len(planned), len(per_host(planned)))

    def test_apart_from_those_placed_before(self) -> None:
        cloud = [inventions.host(f"host{n}") for n in range(3)]
        before = inventions.situation(cloud, AffinityPolicy.ANTI_AFFINITY)
        situation = inventions.placed(before, 2)
        planned = plan(["new0", "new1"], situation)
        self.assertEqual(1, len(planned))
        self.assertNotIn(planned[0].host.name, [each.host.name for each in situation.placed])

    @property_test
    @given(inventions.clouds(), st.integers(1, 5))
    def test_together(self, cloud: list[HostCandidate], count: int) -> None:
        planned = plan(instances(count), inventions.situation(cloud, AffinityPolicy.AFFINITY))
        largest = max(host.capacity["VCPU"] for host in cloud)
        self.assertEqual(1, len(per_host(planned)))
        self.assertEqual(min(count, largest), len(planned))

    def test_together_with_those_placed_before(self) -> None:
        cloud = [inventions.host(f"host{n}") for n in range(3)]
        before = inventions.situation(cloud, AffinityPolicy.AFFINITY)
        situation = inventions.placed(before, 1)
        planned = plan(["new"], situation)
        self.assertEqual([situation.placed[0].host.name], [each.host.name for each in planned])
