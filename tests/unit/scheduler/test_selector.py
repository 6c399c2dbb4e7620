"""What a selection answers, and what the ledger holds after it."""

from __future__ import annotations

import json

import testtools

from tests.unit.scheduler import cloud
from tests.unit.scheduler.cloud import Cloud, alternates, group, hosts, request, uuid_of
from understudy.objects.build_request import BuildRequest, ResourceGroup
from understudy.objects.fields import AffinityPolicy
from understudy.rpcapi import errors as wire
from understudy.scheduler.hosts import HostCandidate
from understudy.scheduler.selector import Limits

VMS = ("vm0", "vm1", "vm2", "vm3")


class SelectorTestCase(testtools.TestCase):
    """Starts with an empty cloud."""

    def setUp(self) -> None:
        super().setUp()
        self.cloud = Cloud()

    def add_hosts(self, count: int, cell: str = "cell1", vcpu: int = 4) -> list[str]:
        names = [f"{cell}-host{number}" for number in range(count)]
        for name in names:
            self.cloud.add(name, cell=cell, VCPU=vcpu)
        return names

    def refused(self, wanted: BuildRequest, *instances: str) -> wire.NoValidHost:
        return self.assertRaises(wire.NoValidHost, self.cloud.select, wanted, instances or ("vm",))


class AnswerTest(SelectorTestCase):
    """Every instance has a claimed host, and alternates in its cell."""

    def test_what_is_answered_is_claimed(self) -> None:
        self.add_hosts(4)
        found = self.cloud.select(instances=VMS, alternates=2)
        self.assertEqual(
            {vm: {host} for vm, host in hosts(found).items()}, self.cloud.held_by(*VMS)
        )
        self.assertEqual(4, len(self.cloud.ledger.holding))

    def test_it_takes_one_look_and_one_write(self) -> None:
        self.add_hosts(4)
        self.cloud.select(instances=VMS, alternates=2)
        self.assertEqual({"find": 1, "claim_many": 1}, dict(self.cloud.ledger.calls))
        self.assertEqual(1, self.cloud.ledger.writes)

    def test_it_carries_the_generation_of_the_claim(self) -> None:
        self.add_hosts(1)
        pick = self.cloud.select()["vm"]
        self.assertEqual(self.cloud.ledger.generation(uuid_of("vm")), pick.generation)

    def test_it_carries_all_that_is_needed_to_claim_again(self) -> None:
        self.cloud.add("host", cell="cell1", zone="az1")
        claimed = self.cloud.select()["vm"].claimed
        self.assertEqual(
            (uuid_of("host"), "host", "host-node", uuid_of("cell1"), "az1", "1.39"),
            (
                claimed.compute_node_uuid,
                claimed.service_host,
                claimed.nodename,
                claimed.cell_uuid,
                claimed.availability_zone,
                claimed.allocation_request_version,
            ),
        )
        self.assertEqual({uuid_of("host"): {"VCPU": 1}}, claimed.allocations)

    def test_many_instances_over_two_cells(self) -> None:
        self.add_hosts(3, "cell1", vcpu=2)
        self.add_hosts(3, "cell2", vcpu=2)
        vms = [f"vm{number}" for number in range(12)]
        found = self.cloud.select(request(count=12), vms, alternates=2)
        cells = {pick.claimed.cell_uuid for pick in found.values()}
        self.assertEqual({uuid_of("cell1"), uuid_of("cell2")}, cells)
        for pick in found.values():
            self.assertLessEqual(
                {each.cell_uuid for each in pick.alternates}, {pick.claimed.cell_uuid}
            )

    def test_alternates_have_room_beside_the_batch(self) -> None:
        self.cloud.add("full", VCPU=1)
        self.cloud.add("roomy", VCPU=4)
        found = self.cloud.select(request(count=2), ("a", "b"), alternates=2)
        self.assertEqual({"full", "roomy"}, set(hosts(found).values()))
        for vm, host in hosts(found).items():
            self.assertEqual(["roomy"] if host == "full" else [], alternates(found)[vm])

    def test_no_instances_no_claims(self) -> None:
        self.add_hosts(1)
        self.assertEqual({}, self.cloud.select(instances=()))
        self.assertEqual({}, self.cloud.ledger.holding)

    def test_a_request_without_a_consumer_type_gets_ours(self) -> None:
        self.add_hosts(1)
        self.cloud.select(request(consumer_type=None))
        held = self.cloud.ledger.read_back(uuid_of("vm"))
        self.assertEqual("UNDERSTUDY", held.owner.consumer_type if held.owner else None)


class HeedTest(SelectorTestCase):
    """The hosts that a request allows."""

    def test_ignored_hosts_and_cells(self) -> None:
        one, two, _ = self.add_hosts(3, "cell1")
        self.add_hosts(3, "cell2")
        wanted = request(
            ignore_hosts=[one], ignore_cells=[uuid_of("cell2")], only_hosts=[one, two]
        )
        found = self.cloud.select(wanted, alternates=3)
        self.assertEqual({"vm": two}, hosts(found))
        self.assertEqual({"vm": []}, alternates(found))

    def test_the_zone(self) -> None:
        self.cloud.add("here", zone="az1")
        self.cloud.add("there", zone="az2")
        self.cloud.add("nowhere")
        found = self.cloud.select(request(availability_zone="az2"), alternates=3)
        self.assertEqual({"vm": "there"}, hosts(found))
        self.assertEqual({"vm": []}, alternates(found))

    def test_affinity_goes_where_the_members_are(self) -> None:
        _, two, _ = self.add_hosts(3)
        wanted = request(affinity=group(AffinityPolicy.AFFINITY, two))
        found = self.cloud.select(wanted, alternates=2)
        self.assertEqual(({"vm": two}, {"vm": []}), (hosts(found), alternates(found)))

    def test_anti_affinity_goes_where_no_member_is(self) -> None:
        one, two, three = self.add_hosts(3)
        wanted = request(affinity=group(AffinityPolicy.ANTI_AFFINITY, one, two))
        found = self.cloud.select(wanted, alternates=2)
        self.assertEqual(({"vm": three}, {"vm": []}), (hosts(found), alternates(found)))

    def test_hosts_that_are_not_registered_are_not_chosen(self) -> None:
        self.cloud.ledger.add_host(uuid_of("foreign"), VCPU=64)
        self.add_hosts(1)
        found = self.cloud.select(alternates=2)
        self.assertEqual(({"vm": "cell1-host0"}, {"vm": []}), (hosts(found), alternates(found)))

    def test_nor_are_those_of_disabled_cells(self) -> None:
        self.add_hosts(1, "cell1")
        self.cloud.disabled_cells = {uuid_of("cell1")}
        self.assertEqual({"no host of an enabled cell": 1}, self.refused(request()).reasons)


class NestedTest(SelectorTestCase):
    """Hosts whose GPUs are providers of their own."""

    def gpu_request(self, gpus: int = 1) -> BuildRequest:
        groups = [ResourceGroup(suffix=f"_GPU{n}", resources={"VGPU": 1}) for n in range(gpus)]
        return request(groups=groups, group_policy="isolate")

    def add_host(self, name: str, gpus: int) -> None:
        self.cloud.add(name, VCPU=16)
        self.cloud.add_gpus(name, gpus, VGPU=1)

    def test_instances_on_one_host_get_a_gpu_each(self) -> None:
        self.add_host("host", gpus=4)
        found = self.cloud.select(self.gpu_request(), VMS)
        gpus = {
            provider
            for pick in found.values()
            for provider in pick.claimed.allocations
            if provider != uuid_of("host")
        }
        self.assertEqual({uuid_of(f"host-gpu{n}") for n in range(4)}, gpus)
        self.assertEqual(1, self.cloud.ledger.calls["claim_many"])

    def test_an_alternate_is_on_a_free_gpu(self) -> None:
        self.add_host("one", gpus=2)
        self.add_host("two", gpus=2)
        found = self.cloud.select(self.gpu_request(), ("a", "b"), alternates=1)
        taken = {p for pick in found.values() for p in pick.claimed.allocations}
        for pick in found.values():
            (alternate,) = pick.alternates
            gpus = set(alternate.allocations) - {alternate.compute_node_uuid}
            self.assertEqual(set(), gpus & taken)

    def test_requests_do_not_all_begin_with_the_same_gpu(self) -> None:
        self.add_host("host", gpus=4)
        selector = self.cloud.selector()
        first = set()
        for number in range(16):
            wanted = self.gpu_request()
            wanted.request_id = uuid_of(f"request{number}")
            pick = selector.select(wanted.request_id, wanted, [uuid_of("vm")], 0, {}).picks()[0]
            first |= set(pick.claimed.allocations)
            owner = self.cloud.ledger.read_back(uuid_of("vm")).owner
            assert owner is not None
            self.cloud.ledger.unclaim(uuid_of("vm"), owner, pick.generation)
        self.assertEqual(5, len(first))

    def test_the_mappings_say_which_group_is_where(self) -> None:
        self.add_host("host", gpus=2)
        claimed = self.cloud.select(self.gpu_request(2))["vm"].claimed
        mappings = json.loads(claimed.allocation_request)["mappings"]
        self.assertEqual({"", "_GPU0", "_GPU1"}, set(mappings))


class LimitTest(SelectorTestCase):
    """The ledger shows a part of a large cloud at first."""

    def test_a_wider_look_finds_the_one_host_allowed(self) -> None:
        names = self.add_hosts(30)
        wanted = request(only_hosts=[names[-1]])
        answer = self.cloud.selector(limits=Limits(candidates=5)).select(
            wanted.request_id, wanted, [uuid_of("vm")], 0, {}
        )
        self.assertEqual(names[-1], answer.picks()[0].claimed.service_host)
        self.assertEqual(2, self.cloud.ledger.calls["find"])

    def test_one_look_does_where_there_are_enough(self) -> None:
        self.add_hosts(30)
        wanted = request()
        self.cloud.selector(limits=Limits(candidates=5)).select(
            wanted.request_id, wanted, [uuid_of("vm")], 4, {}
        )
        self.assertEqual(1, self.cloud.ledger.calls["find"])


class OwnFilterTest(SelectorTestCase):
    """A filter that an operator wrote."""

    class OddOnly:
        name = "odd_only"
        remedy = "build on odd hosts"

        def keeps(self, host: HostCandidate, request: BuildRequest) -> bool:
            return (
                host.name[-1] in "13579" and "AVOID" not in host.traits and host.free["VCPU"] > 0
            )

    def test_it_is_heeded_and_named(self) -> None:
        self.add_hosts(3)
        wanted = request(ignore_hosts=["cell1-host1"])
        selector = self.cloud.selector(filters=(*cloud.FILTERS, self.OddOnly()))
        error = self.assertRaises(
            wire.NoValidHost, selector.select, "id", wanted, [uuid_of("vm")], 0, {}
        )
        self.assertEqual({"filter ignore_hosts": 1, "filter odd_only": 2}, error.reasons)
        wanted.ignore_hosts = []
        answer = selector.select(wanted.request_id, wanted, [uuid_of("vm")], 2, {})
        self.assertEqual("cell1-host1", answer.picks()[0].claimed.service_host)
        self.assertEqual([], answer.picks()[0].alternates)


class ExplanationTest(SelectorTestCase):
    """NoValidHost says what eliminated how many, the nearest miss, and the remedy."""

    def test_no_host_has_the_resource(self) -> None:
        self.add_hosts(2)
        error = self.refused(request(resources={"VCPU": 1, "MEMORY_MB": 512}))
        self.assertEqual((1, 0), (error.requested, error.found))
        self.assertEqual(
            {
                "the ledger (providers with room for VCPU)": 2,
                "the ledger (providers with room for MEMORY_MB)": 0,
            },
            error.reasons,
        )
        self.assertEqual("a provider with room for VCPU only", error.nearest)
        self.assertEqual("ask for less MEMORY_MB, or add hosts that have it", error.remedy)

    def test_no_host_has_all_of_it(self) -> None:
        self.cloud.add("one", VCPU=4)
        self.cloud.add("two", MEMORY_MB=512)
        self.cloud.ledger.traits.add("CUSTOM_FAST")
        error = self.refused(
            request(resources={"VCPU": 1, "MEMORY_MB": 512}, required_traits=["CUSTOM_FAST"])
        )
        self.assertIn("never all of them on one host", error.nearest)
        self.assertIn("CUSTOM_FAST", error.remedy)

    def test_filters_dropped_all(self) -> None:
        self.cloud.add("near", zone="az2")
        self.cloud.add("far", zone="az3")
        error = self.refused(request(availability_zone="az1", ignore_hosts=["far"]))
        self.assertEqual({"filter ignore_hosts": 1, "filter availability_zone": 1}, error.reasons)
        self.assertEqual("host near, dropped by availability_zone", error.nearest)
        self.assertEqual("choose another availability zone, or none", error.remedy)

    def test_there_is_room_for_some(self) -> None:
        self.add_hosts(2, vcpu=1)
        error = self.refused(request(count=4), *VMS)
        self.assertEqual((4, 2), (error.requested, error.found))
        self.assertEqual({"used up by this request": 2}, error.reasons)
        self.assertEqual("ask for at most 2, or add hosts", error.remedy)
        self.assertEqual({}, self.cloud.ledger.holding)

    def test_there_are_too_few_hosts_for_a_group(self) -> None:
        self.add_hosts(2)
        wanted = request(count=4, affinity=group(AffinityPolicy.ANTI_AFFINITY))
        error = self.refused(wanted, *VMS)
        self.assertEqual(2, error.found)
        self.assertIn("anti-affinity group", error.remedy)

    def test_no_host_is_large_enough_for_a_group(self) -> None:
        self.add_hosts(2, vcpu=3)
        wanted = request(count=4, affinity=group(AffinityPolicy.AFFINITY))
        error = self.refused(wanted, *VMS)
        self.assertEqual(3, error.found)
        self.assertIn("for 3 of 4 together", error.nearest)

    def test_it_says_that_not_all_were_looked_at(self) -> None:
        self.add_hosts(70)
        wanted = request(only_hosts=["elsewhere"])
        error = self.assertRaises(
            wire.NoValidHost,
            self.cloud.selector(limits=Limits(candidates=1)).select,
            wanted.request_id,
            wanted,
            [uuid_of("vm")],
            0,
            {},
        )
        self.assertIn("only the first 64 candidates", error.remedy)
