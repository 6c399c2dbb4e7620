"""Alternates: in the cell, not lost, spread over instances and failure domains."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import testtools
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.scheduler import inventions
from understudy.ledger.protocols import ProviderSummary
from understudy.objects.fields import AffinityPolicy
from understudy.scheduler import alternates
from understudy.scheduler.hosts import HostCandidate
from understudy.scheduler.plan import Planned, Situation

Chosen = Mapping[str, Sequence[Planned]]

property_test = settings(deadline=None, max_examples=60)
wanted_counts = st.integers(0, 4)


def names(planned: Iterable[Planned]) -> list[str]:
    return [each.host.name for each in planned]


def uses(chosen: Chosen) -> Counter[str]:
    return Counter(name for found in chosen.values() for name in names(found))


def spread_evenly(hosts: int, rounds: int, domains: int = 0) -> Situation:
    """Equal hosts with equally many instances on each."""
    equal = [
        inventions.host(f"host{n}", domain=f"d{n % domains}" if domains else None, vcpu=64)
        for n in range(hosts)
    ]
    before = inventions.situation(equal)
    planned = [
        Planned(f"vm{turn}-{host.name}", host, host.candidates[0])
        for turn in range(rounds)
        for host in equal
    ]
    return dataclasses.replace(before, placed=planned, unseen=planned)


class AlwaysTest(testtools.TestCase):
    """What holds for alternates whatever the cloud is like."""

    @property_test
    @given(inventions.situations(), wanted_counts)
    def test_all_are_in_the_cell_of_the_chosen_host(
        self, situation: Situation, wanted: int
    ) -> None:
        chosen = alternates.choose(situation, wanted)
        for planned in situation.placed:
            cells = {each.host.cell_uuid for each in chosen[planned.instance]}
            self.assertLessEqual(cells, {planned.host.cell_uuid})

    @property_test
    @given(inventions.situations(), wanted_counts)
    def test_none_is_the_chosen_host_or_stands_twice(
        self, situation: Situation, wanted: int
    ) -> None:
        chosen = alternates.choose(situation, wanted)
        for planned in situation.placed:
            all_names = [planned.host.name, *names(chosen[planned.instance])]
            self.assertEqual(len(all_names), len(set(all_names)))
            self.assertLessEqual(len(all_names), wanted + 1)

    @property_test
    @given(inventions.situations(), wanted_counts)
    def test_none_lost_a_claim(self, situation: Situation, wanted: int) -> None:
        chosen = alternates.choose(situation, wanted)
        found = {each.host.uuid for each in itertools.chain(*chosen.values())}
        self.assertEqual(set(), found & set(situation.lost))

    @property_test
    @given(inventions.situations(), wanted_counts)
    def test_each_has_room_for_an_instance(self, situation: Situation, wanted: int) -> None:
        room = situation.room()
        for each in itertools.chain(*alternates.choose(situation, wanted).values()):
            self.assertTrue(room.fits(each.candidate))

    @property_test
    @given(inventions.situations(), wanted_counts)
    def test_as_many_as_wanted_if_there_are_hosts(self, situation: Situation, wanted: int) -> None:
        situation = dataclasses.replace(situation, policy=None)
        chosen = alternates.choose(situation, wanted)
        room = situation.room()
        open_hosts = [h for h in situation.open_hosts() if room.first_fit(h.candidates)]
        for planned in situation.placed:
            others = [
                host
                for host in open_hosts
                if host.cell_uuid == planned.host.cell_uuid and host.uuid != planned.host.uuid
            ]
            self.assertEqual(min(wanted, len(others)), len(chosen[planned.instance]))

    @property_test
    @given(inventions.situations(), wanted_counts)
    def test_domains_are_not_shared_while_there_are_others(
        self, situation: Situation, wanted: int
    ) -> None:
        situation = dataclasses.replace(situation, policy=None)
        chosen = alternates.choose(situation, wanted)
        room = situation.room()
        for planned in situation.placed:
            found = [each.host for each in chosen[planned.instance]]
            within_reach = {
                host.failure_domain or host.name
                for host in situation.open_hosts()
                if host.cell_uuid == planned.host.cell_uuid
                and host.uuid != planned.host.uuid
                and room.first_fit(host.candidates)
            }
            domains = {host.failure_domain or host.name for host in found}
            self.assertEqual(min(len(found), len(within_reach)), len(domains))

    @property_test
    @given(inventions.situations(), wanted_counts)
    def test_the_first_stands_apart_from_the_chosen_host(
        self, situation: Situation, wanted: int
    ) -> None:
        situation = dataclasses.replace(situation, policy=None)
        chosen = alternates.choose(situation, max(1, wanted))
        room = situation.room()
        for planned in situation.placed:
            domain = planned.host.failure_domain
            elsewhere = {
                host.uuid
                for host in situation.open_hosts()
                if host.cell_uuid == planned.host.cell_uuid
                and (host.failure_domain is None or host.failure_domain != domain)
                and room.first_fit(host.candidates)
            } - {planned.host.uuid}
            if domain is not None and elsewhere:
                self.assertNotEqual(domain, chosen[planned.instance][0].host.failure_domain)


class BalanceTest(testtools.TestCase):
    """No host stands in for many while others stand in for few."""

    @property_test
    @given(st.integers(2, 12), st.integers(1, 3), wanted_counts)
    def test_equal_hosts_serve_equally_often(self, hosts: int, rounds: int, wanted: int) -> None:
        situation = spread_evenly(hosts, rounds)
        used = uses(alternates.choose(situation, wanted))
        counts = [used[host.name] for host in situation.ranking.hosts]
        self.assertLessEqual(max(counts) - min(counts), 1)

    @property_test
    @given(st.integers(2, 5), st.integers(1, 3), st.integers(1, 2), wanted_counts)
    def test_and_in_equal_domains(
        self, domains: int, in_each: int, rounds: int, wanted: int
    ) -> None:
        situation = spread_evenly(domains * in_each, rounds, domains)
        used = uses(alternates.choose(situation, min(wanted, domains - 1)))
        counts = [used[host.name] for host in situation.ranking.hosts]
        self.assertLessEqual(max(counts) - min(counts), 1)

    @property_test
    @given(st.integers(1, 9), st.integers(2, 9), wanted_counts)
    def test_all_instances_on_one_host(self, instances: int, hosts: int, wanted: int) -> None:
        equal = [inventions.host(f"host{n}", vcpu=64) for n in range(hosts)]
        before = inventions.situation(equal)
        planned = [Planned(f"vm{n}", equal[0], equal[0].candidates[0]) for n in range(instances)]
        used = uses(
            alternates.choose(dataclasses.replace(before, placed=planned, unseen=planned), wanted)
        )
        counts = [used[host.name] for host in equal[1:]]
        self.assertLessEqual(max(counts) - min(counts), 1)

    def test_not_the_same_two_for_all(self) -> None:
        chosen = alternates.choose(spread_evenly(10, 1), 2)
        self.assertEqual({2}, set(uses(chosen).values()))


class GroupTest(testtools.TestCase):
    """Groups hold through alternates."""

    @property_test
    @given(inventions.clouds(), st.integers(1, 6), wanted_counts)
    def test_members_apart_have_no_host_in_common(
        self, cloud: list[HostCandidate], instances: int, wanted: int
    ) -> None:
        before = inventions.situation(cloud, AffinityPolicy.ANTI_AFFINITY)
        situation = inventions.placed(before, instances)
        chosen = alternates.choose(situation, wanted)
        every = names(situation.placed) + [n for found in chosen.values() for n in names(found)]
        self.assertEqual(len(every), len(set(every)))

    def test_members_apart_share_out_what_there_is(self) -> None:
        hosts = [inventions.host(f"host{n}") for n in range(9)]
        before = inventions.situation(hosts, AffinityPolicy.ANTI_AFFINITY)
        chosen = alternates.choose(inventions.placed(before, 3), 3)
        self.assertEqual([2, 2, 2], [len(found) for found in chosen.values()])

    def test_members_together_get_none(self) -> None:
        hosts = [inventions.host(f"host{n}") for n in range(3)]
        before = inventions.situation(hosts, AffinityPolicy.AFFINITY)
        chosen = alternates.choose(inventions.placed(before, 2), 2)
        self.assertEqual({"vm0": (), "vm1": ()}, chosen)

    def test_nor_does_one_that_joins_others(self) -> None:
        hosts = [inventions.host(f"host{n}") for n in range(3)]
        before = dataclasses.replace(
            inventions.situation(hosts, AffinityPolicy.AFFINITY), group_has_members=True
        )
        self.assertEqual({"vm0": ()}, alternates.choose(inventions.placed(before, 1), 2))

    def test_the_first_member_does(self) -> None:
        hosts = [inventions.host(f"host{n}") for n in range(3)]
        before = inventions.situation(hosts, AffinityPolicy.AFFINITY)
        chosen = alternates.choose(inventions.placed(before, 1), 2)
        self.assertEqual(2, len(chosen["vm0"]))


class CandidateTest(testtools.TestCase):
    """Which of a host's GPUs the alternate stands for."""

    def test_instances_with_the_same_alternate_get_different_gpus(self) -> None:
        chosen_host = inventions.host("chosen")
        ways = tuple(inventions.candidate("other", f"gpu{n}") for n in range(2))
        other = dataclasses.replace(inventions.host("other"), candidates=ways)
        situation = inventions.situation([chosen_host, other])
        planned = [Planned(f"vm{n}", chosen_host, chosen_host.candidates[0]) for n in range(2)]
        situation = dataclasses.replace(situation, placed=planned, unseen=planned)
        chosen = alternates.choose(situation, 1)
        self.assertEqual(
            2, len({found[0].candidate.allocation_request for found in chosen.values()})
        )

    def test_a_full_gpu_is_passed_over(self) -> None:
        chosen_host = inventions.host("chosen")
        ways = tuple(inventions.candidate("other", f"gpu{n}") for n in range(2))
        other = dataclasses.replace(inventions.host("other"), candidates=ways)
        situation = inventions.situation([chosen_host, other])
        full = ways[0].allocation_request.split('"')[3]
        situation = dataclasses.replace(
            situation,
            summaries={
                **situation.summaries,
                full: ProviderSummary(full, other.uuid, {"VCPU": 1}, {"VCPU": 1}, frozenset()),
            },
            placed=[Planned("vm", chosen_host, chosen_host.candidates[0])],
        )
        self.assertEqual(ways[1], alternates.choose(situation, 1)["vm"][0].candidate)
