"""A batch is split until each claim is settled, as if written one by one."""

from __future__ import annotations

import math
from typing import cast

import testtools
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import ledger_providers
from tests.fakes.ledger import allocation_request
from tests.fakes.ledger_store import Consumer, Store
from tests.fakes.store_api import StoreApi
from understudy.ledger import api, errors
from understudy.ledger.claims import PlacementClaims
from understudy.ledger.protocols import ClaimResults, Owner, WantedClaim

OWNER = Owner("p", "u", "UNDERSTUDY")
GONE = "gone"

capacities = st.lists(st.integers(0, 6), min_size=1, max_size=5)
demands = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 4)), max_size=24)


class Cloud:
    """Some hosts with VCPU only, and claims on the API below them."""

    def __init__(self, rooms: list[int], batch_size: int = 100) -> None:
        self.store = Store()
        for index, room in enumerate(rooms):
            host = ledger_providers.add(self.store.providers, f"h{index}", f"h{index}", None)
            host.inventories = {"VCPU": {"total": room}}
        self.api = StoreApi(self.store)
        self.pauses: list[int] = []
        self.claims = PlacementClaims(
            cast(api.PlacementApi, self.api), self.pauses.append, batch_size
        )

    def claim(self, demands: list[tuple[str, int]]) -> ClaimResults:
        return self.claims.claim_many(
            [
                WantedClaim(f"vm{index}", OWNER, allocation_request({host: {"VCPU": amount}}))
                for index, (host, amount) in enumerate(demands)
            ]
        )


def one_by_one(rooms: list[int], demands: list[tuple[str, int]]) -> set[str]:
    """Who is claimed, if each host gives what it has in the order of the demands."""
    left = {f"h{index}": room for index, room in enumerate(rooms)}
    claimed = set()
    for index, (host, amount) in enumerate(demands):
        if left.get(host, -1) >= amount:
            left[host] -= amount
            claimed.add(f"vm{index}")
    return claimed


class SplittingTest(testtools.TestCase):
    @given(capacities, demands, st.integers(1, 24))
    def test_each_claim_fares_as_if_written_alone(
        self, rooms: list[int], asked: list[tuple[int, int]], batch_size: int
    ) -> None:
        wanted = [(f"h{host}" if host < len(rooms) else GONE, amount) for host, amount in asked]
        results = Cloud(rooms, batch_size).claim(wanted)
        self.assertEqual(one_by_one(rooms, wanted), set(results.claimed))
        self.assertEqual({1} if results.claimed else set(), set(results.claimed.values()))
        everybody = {f"vm{index}" for index in range(len(wanted))}
        self.assertEqual(everybody, results.claimed.keys() | results.refused.keys())
        self.assertEqual(set(), results.claimed.keys() & results.refused.keys())

    @given(capacities, demands)
    def test_no_host_gives_more_than_it_has(
        self, rooms: list[int], asked: list[tuple[int, int]]
    ) -> None:
        cloud = Cloud(rooms)
        cloud.claim([(f"h{host % len(rooms)}", amount) for host, amount in asked])
        for index, room in enumerate(rooms):
            used = cloud.store.providers[f"h{index}"].used
            self.assertLessEqual(used.get("VCPU", 0), room)

    @given(st.integers(2, 64), st.data())
    def test_one_full_host_costs_a_logarithm_of_writes(
        self, count: int, data: st.DataObject
    ) -> None:
        full = data.draw(st.integers(0, count - 1))
        cloud = Cloud([1] * count)
        cloud.claim([(f"h{index}", 2 if index == full else 1) for index in range(count)])
        self.assertLessEqual(len(cloud.api.written), 1 + 2 * math.ceil(math.log2(count)))

    def test_what_fits_is_one_write(self) -> None:
        cloud = Cloud([9, 9])
        cloud.claim([("h0", 1), ("h1", 1), ("h0", 2)])
        self.assertEqual(1, len(cloud.api.written))
        self.assertEqual([], cloud.pauses)

    def test_no_more_than_the_batch_size_in_one_write(self) -> None:
        cloud = Cloud([9], batch_size=2)
        cloud.claim([("h0", 1)] * 5)
        self.assertEqual([2, 2, 1], [len(consumers) for consumers in cloud.api.written])

    def test_a_missing_provider_leaves_nobody_out_but_its_own(self) -> None:
        """The whole batch is left behind at generation 0 by the first write."""
        cloud = Cloud([9])
        results = cloud.claim([("h0", 1)] * 7 + [(GONE, 1)])
        self.assertEqual(7, len(results.claimed))
        refusal = results.refused["vm7"]
        assert isinstance(refusal, errors.LedgerRefused)
        self.assertEqual(400, refusal.status)
        self.assertLess(len(cloud.api.written), 8)

    def test_who_moved_on_is_left_out_at_once(self) -> None:
        cloud = Cloud([9])
        cloud.store.consumers["vm3"] = Consumer(OWNER, 4, {"h0": {"VCPU": 1}})
        results = cloud.claim([("h0", 1)] * 8)
        self.assertIsInstance(results.refused["vm3"], errors.StaleGeneration)
        self.assertEqual(2, len(cloud.api.written))

    def test_some_left_behind_among_others(self) -> None:
        cloud = Cloud([9])
        for consumer in ("vm1", "vm4"):
            cloud.store.consumers[consumer] = Consumer(OWNER)
        self.assertEqual(8, len(cloud.claim([("h0", 1)] * 8).claimed))

    def test_what_others_wrote_is_not_ours_once_our_lost_write_is_fenced(self) -> None:
        """vm0's claim fences the lost write of both; vm1's twin is somebody else's."""
        cloud = Cloud([1, 0])

        def somebody_else_claims_vm1() -> None:
            cloud.store.consumers["vm1"] = Consumer(OWNER, 1, {"h1": {"VCPU": 1}})

        cloud.api.lost = {1}
        cloud.api.before[4] = somebody_else_claims_vm1
        results = cloud.claim([("h0", 1), ("h1", 1)])
        self.assertEqual([["vm0", "vm1"], ["vm0", "vm1"], ["vm0"], ["vm1"]], cloud.api.written)
        self.assertEqual({"vm0": 1}, results.claimed)
        self.assertIsInstance(results.refused["vm1"], errors.StaleGeneration)
