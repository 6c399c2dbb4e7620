"""The filters that heed the request, each by itself."""

from __future__ import annotations

import dataclasses

import testtools

from tests.unit.scheduler import inventions
from tests.unit.scheduler.cloud import FILTERS, group, request, uuid_of
from understudy.objects.build_request import BuildRequest
from understudy.objects.fields import AffinityPolicy
from understudy.scheduler import filters
from understudy.scheduler.filters import Filter
from understudy.scheduler.hosts import HostCandidate


def in_zone(name: str, zone: str | None) -> HostCandidate:
    found = inventions.host(name)
    return dataclasses.replace(
        found, mapping=dataclasses.replace(found.mapping, availability_zone=zone)
    )


class KeepsTest(testtools.TestCase):
    """Host "a" is in cell1 and zone az1, "b" in cell2 and in no zone."""

    def kept(self, filter_: Filter, wanted: BuildRequest) -> str:
        hosts = [
            in_zone("a", "az1"),
            inventions.host("b", cell="cell2"),
        ]
        return "".join(each.name for each in hosts if filter_.keeps(each, wanted))

    def test_a_plain_request_passes_all(self) -> None:
        for each in FILTERS:
            self.assertEqual("ab", self.kept(each, request()), each.name)

    def test_ignore_hosts(self) -> None:
        self.assertEqual("b", self.kept(filters.IgnoreHosts(), request(ignore_hosts=["a", "z"])))

    def test_only_hosts(self) -> None:
        self.assertEqual("a", self.kept(filters.OnlyHosts(), request(only_hosts=["a", "z"])))

    def test_ignore_cells(self) -> None:
        wanted = request(ignore_cells=[uuid_of("cell1")])
        self.assertEqual("b", self.kept(filters.IgnoreCells(), wanted))

    def test_availability_zone(self) -> None:
        wanted = request(availability_zone="az1")
        self.assertEqual("a", self.kept(filters.AvailabilityZone(), wanted))

    def test_affinity(self) -> None:
        for policy, affinity, anti in (
            (AffinityPolicy.AFFINITY, "a", "ab"),
            (AffinityPolicy.ANTI_AFFINITY, "ab", "b"),
        ):
            wanted = request(affinity=group(policy, "a"))
            self.assertEqual(affinity, self.kept(filters.Affinity(), wanted))
            self.assertEqual(anti, self.kept(filters.AntiAffinity(), wanted))

    def test_a_group_without_members_may_begin_anywhere(self) -> None:
        for policy in AffinityPolicy.ALL:
            wanted = request(affinity=group(policy))
            self.assertEqual("ab", self.kept(filters.Affinity(), wanted))
            self.assertEqual("ab", self.kept(filters.AntiAffinity(), wanted))


class SiftTest(testtools.TestCase):
    def test_each_host_is_counted_at_the_first_filter_that_drops_it(self) -> None:
        hosts = [inventions.host(name) for name in "abc"]
        wanted = request(ignore_hosts=["a"], only_hosts=["c"])
        sifted = filters.sift(hosts, FILTERS, wanted)
        self.assertEqual(["c"], [each.name for each in sifted.kept])
        self.assertEqual(["a", "b"], [each.name for each in sifted.dropped])
        self.assertEqual({"ignore_hosts": 1, "only_hosts": 1}, sifted.dropped_by)

    def test_the_request_is_heeded_without_any_plugin(self) -> None:
        self.assertTrue(filters.request_allows(inventions.host("a"), request()))
        self.assertFalse(filters.request_allows(inventions.host("a"), request(ignore_hosts=["a"])))
