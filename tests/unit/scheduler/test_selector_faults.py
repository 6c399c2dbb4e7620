"""Selections that lose claims, that were killed, and whose ledger fails."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Sequence

import fixtures
import testtools

from tests.fakes.faults import Fault
from tests.fakes.ledger import FakeLedger, allocation_request
from tests.unit.scheduler.cloud import Cloud, alternates, group, hosts, request, uuid_of
from understudy.ledger.protocols import Owner, WantedClaim
from understudy.objects.build_request import BuildRequest, ResourceGroup
from understudy.objects.fields import AffinityPolicy
from understudy.objects.selection_answer import SelectionAnswer
from understudy.rpcapi import errors as wire
from understudy.scheduler.selector import Limits

VMS = ("vm0", "vm1", "vm2", "vm3")
OURS = Owner("project", "user", "UNDERSTUDY")


class FaultTestCase(testtools.TestCase):
    """Starts with six hosts in one cell."""

    vcpu = 4

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(fixtures.FakeLogger())
        self.names = [f"host{number}" for number in range(6)]
        self.cloud = self.make_cloud()
        self.ledger = self.cloud.ledger

    def make_cloud(self) -> Cloud:
        made = Cloud()
        for name in self.names:
            made.add(name, VCPU=self.vcpu)
        return made

    def best_hosts(self, wanted: BuildRequest, instances: Sequence[str]) -> list[str]:
        """The hosts that are chosen while nobody interferes."""
        return list(hosts(self.make_cloud().select(wanted, instances)).values())

    def fill(self, host: str) -> None:
        """Let others use all of a host."""
        provider = self.ledger.store.providers[uuid_of(host)]
        provider.used["VCPU"] = provider.capacity("VCPU")

    def before_the_first_write(self, *full: str) -> None:
        """Fill hosts after the scheduler has looked and before it claims."""

        def strike(operation: str) -> None:
            if operation == "claim":
                self.ledger.faults.hook = lambda operation: None
                for host in full:
                    self.fill(host)

        self.ledger.faults.hook = strike

    def claim(
        self, instance: str, host: str, owner: Owner = OURS, generation: int | None = None
    ) -> None:
        """Claim as a run that was killed did."""
        text = allocation_request({uuid_of(host): {"VCPU": 1}})
        wanted = WantedClaim(uuid_of(instance), owner, text, generation)
        self.assertEqual({}, self.ledger.claim_many([wanted]).refused)


class LostTest(FaultTestCase):
    """Others claim first."""

    def test_the_next_host_is_taken(self) -> None:
        best = self.best_hosts(request(), ["vm"])
        self.before_the_first_write(*best)
        found = self.cloud.select(alternates=5)
        self.assertNotIn(hosts(found)["vm"], best)
        self.assertEqual({"vm": {hosts(found)["vm"]}}, self.cloud.held_by("vm"))

    def test_who_lost_is_no_alternate(self) -> None:
        lost = self.best_hosts(request(), VMS)[:2]
        self.before_the_first_write(*lost)
        found = self.cloud.select(request(), VMS, alternates=5)
        named = {*hosts(found).values(), *(a for each in alternates(found).values() for a in each)}
        self.assertEqual(set(), named & set(lost))

    def test_the_others_of_the_batch_keep_theirs(self) -> None:
        best = self.best_hosts(request(), VMS)
        self.before_the_first_write(best[0])
        found = hosts(self.cloud.select(request(), VMS))
        self.assertEqual(best[1:], [found[vm] for vm in VMS[1:]])
        self.assertEqual({vm: {host} for vm, host in found.items()}, self.cloud.held_by(*VMS))

    def test_all_lost(self) -> None:
        self.before_the_first_write(*self.names)
        error = self.assertRaises(wire.NoValidHost, self.cloud.select)
        self.assertGreaterEqual(error.reasons["claim lost to others"], 1)
        self.assertEqual({}, self.ledger.holding)

    def test_room_that_appeared_meanwhile_is_found(self) -> None:
        for host in self.names[1:]:
            self.fill(host)

        def strike(operation: str) -> None:
            if operation == "claim":
                self.ledger.faults.hook = lambda operation: None
                self.fill(self.names[0])
                self.ledger.store.providers[uuid_of(self.names[1])].used.clear()

        self.ledger.faults.hook = strike
        self.assertEqual({"vm": self.names[1]}, hosts(self.cloud.select()))

    def test_a_host_that_is_just_removed_is_as_good_as_lost(self) -> None:
        (best,) = self.best_hosts(request(), ["vm"])

        def strike(operation: str) -> None:
            self.ledger.store.providers.pop(uuid_of(best), None)

        selector = self.cloud.selector()
        self.ledger.faults.hook = lambda operation: (
            strike(operation) if operation == "claim" else None
        )
        wanted = request()
        answer = selector.select(wanted.request_id, wanted, [uuid_of("vm")], 5, {})
        (pick,) = answer.picks()
        self.assertNotEqual(best, pick.claimed.service_host)
        self.assertNotIn(best, [each.service_host for each in pick.alternates])

    def test_a_group_that_loses_its_host_moves_on_together(self) -> None:
        wanted = request(affinity=group(AffinityPolicy.AFFINITY))
        best, *_ = self.best_hosts(wanted, VMS[:3])

        def strike(operation: str) -> None:
            if operation == "claim":
                self.ledger.faults.hook = lambda operation: None
                self.ledger.store.providers[uuid_of(best)].used["VCPU"] = 2

        self.ledger.faults.hook = strike
        found = hosts(self.cloud.select(wanted, VMS[:3]))
        (host,) = set(found.values())
        self.assertNotEqual(best, host)
        self.assertEqual({vm: {host} for vm in VMS[:3]}, self.cloud.held_by(*VMS[:3]))


class RaceTest(FaultTestCase):
    """Many at once."""

    vcpu = 1

    def test_as_many_win_as_there_are_slots(self) -> None:
        selector = self.cloud.selector()
        start = threading.Barrier(10)
        answers: list[SelectionAnswer] = []
        lost: list[wire.NoValidHost] = []

        def run(number: int) -> None:
            wanted = request(request_id=uuid_of(f"request{number}"))
            start.wait()
            try:
                answers.append(
                    selector.select(wanted.request_id, wanted, [uuid_of(f"vm{number}")], 2, {})
                )
            except wire.NoValidHost as error:
                lost.append(error)

        threads = [threading.Thread(target=run, args=(number,)) for number in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        chosen = [pick.claimed.service_host for each in answers for pick in each.picks()]
        self.assertEqual(sorted(self.names), sorted(chosen))
        self.assertEqual(4, len(lost))
        self.assertEqual(6, len(self.ledger.holding))


class AdoptTest(FaultTestCase):
    """An earlier run of the same request was killed after it had claimed."""

    def test_the_same_request_again_holds_the_same(self) -> None:
        first = self.cloud.select(request(), VMS)
        before = self.ledger.holding
        again = self.cloud.select(request(), VMS, alternates=2)
        self.assertEqual(hosts(first), hosts(again))
        self.assertEqual(before, self.ledger.holding)

    def test_adopting_raises_the_generation(self) -> None:
        first = self.cloud.select()["vm"]
        again = self.cloud.select()["vm"]
        self.assertEqual(first.generation + 1, again.generation)
        self.assertEqual(self.ledger.generation(uuid_of("vm")), again.generation)

    def test_some_were_claimed(self) -> None:
        self.claim("vm1", "host5")
        found = hosts(self.cloud.select(request(), VMS))
        self.assertEqual("host5", found["vm1"])
        self.assertEqual({vm: {host} for vm, host in found.items()}, self.cloud.held_by(*VMS))

    def test_what_the_killed_run_holds_counts_as_found(self) -> None:
        for host in self.names[:5]:
            self.fill(host)
        self.ledger.store.providers[uuid_of("host5")].used["VCPU"] = 3
        self.claim("vm", "host5")
        self.assertEqual({"vm": "host5"}, hosts(self.cloud.select()))

    def test_and_stays_where_the_rest_does_not_fit(self) -> None:
        """The answer of the other run may have come through, and a build stand on the claim."""
        for host in self.names[:5]:
            self.fill(host)
        self.ledger.store.providers[uuid_of("host5")].used["VCPU"] = 3
        self.claim("vm0", "host5")
        error = self.assertRaises(wire.NoValidHost, self.cloud.select, request(), VMS[:2])
        self.assertEqual(1, error.found)
        self.assertEqual({"vm0": {"host5"}}, self.cloud.held_by("vm0"))
        self.assertEqual({uuid_of("vm0")}, set(self.ledger.holding))

    def test_and_stays_where_the_ledger_goes_away(self) -> None:
        for host in self.names[:5]:
            self.fill(host)
        self.ledger.store.providers[uuid_of("host5")].used["VCPU"] = 3
        self.claim("vm0", "host5")

        def strike(operation: str) -> None:
            if operation == "capable":
                self.ledger.faults.reads = Fault.REFUSED

        self.ledger.faults.hook = strike
        self.assertRaises(wire.LedgerDown, self.cloud.select, request(), VMS[:2])
        self.assertEqual({"vm0": {"host5"}}, self.cloud.held_by("vm0"))

    def test_a_claim_that_does_not_suit_is_left(self) -> None:
        self.claim("vm", "host5")
        before = self.ledger.holding
        for wanted in (request(ignore_hosts=["host5"]), request(resources={"VCPU": 2})):
            error = self.assertRaises(wire.LedgerRefusedRequest, self.cloud.select, wanted)
            self.assertIn(uuid_of("vm"), error.detail)
            self.assertEqual(before, self.ledger.holding)

    def test_a_claim_of_somebody_else_is_left(self) -> None:
        self.claim("vm", "host5", Owner("project", "user", "INSTANCE"))
        before = self.ledger.holding
        error = self.assertRaises(wire.LedgerRefusedRequest, self.cloud.select)
        self.assertIn(uuid_of("vm"), error.detail)
        self.assertEqual(before, self.ledger.holding)

    def test_members_apart_stay_apart(self) -> None:
        wanted = request(affinity=group(AffinityPolicy.ANTI_AFFINITY))
        best = self.best_hosts(wanted, VMS)
        self.claim("vm3", best[0])
        found = hosts(self.cloud.select(wanted, VMS))
        self.assertEqual(4, len(set(found.values())))
        self.assertEqual({vm: {host} for vm, host in found.items()}, self.cloud.held_by(*VMS))

    def test_members_together_come_together(self) -> None:
        wanted = request(affinity=group(AffinityPolicy.AFFINITY))
        best, *_ = self.best_hosts(wanted, VMS)
        elsewhere = next(name for name in self.names if name != best)
        self.claim("vm3", elsewhere)
        found = hosts(self.cloud.select(wanted, VMS))
        self.assertEqual({elsewhere}, set(found.values()))
        self.assertEqual({vm: {elsewhere} for vm in VMS}, self.cloud.held_by(*VMS))

    def test_a_late_copy_moves_nothing_that_was_answered(self) -> None:
        """One has ended since, so its host looks free; another of the group is on it."""
        wanted = request(affinity=group(AffinityPolicy.ANTI_AFFINITY))
        first = hosts(self.cloud.select(wanted, VMS))
        before = self.cloud.held_by(*VMS[1:])
        held = self.ledger.read_back(uuid_of("vm0"))
        assert held.owner is not None and held.generation is not None
        self.ledger.unclaim(uuid_of("vm0"), held.owner, held.generation)
        again = hosts(self.cloud.select(wanted, VMS))
        self.assertEqual(before, self.cloud.held_by(*VMS[1:]))
        self.assertEqual(first | {"vm0": again["vm0"]}, again)

    def test_a_late_copy_that_finds_no_room_gives_nothing_back(self) -> None:
        self.cloud.select(request(), VMS[:2])
        held = self.ledger.read_back(uuid_of("vm0"))
        assert held.owner is not None and held.generation is not None
        self.ledger.unclaim(uuid_of("vm0"), held.owner, held.generation)
        before = self.cloud.held_by(*VMS[:2])
        for host in self.names:
            self.fill(host)
        self.assertRaises(wire.NoValidHost, self.cloud.select, request(), VMS[:2])
        self.assertEqual(before, self.cloud.held_by(*VMS[:2]))

    def test_a_consumer_that_was_left_empty_is_claimed(self) -> None:
        self.ledger.leave_behind(uuid_of("vm"), OURS)
        found = hosts(self.cloud.select())
        self.assertEqual({"vm": {found["vm"]}}, self.cloud.held_by("vm"))

    def test_which_gpu_serves_which_group_is_told_anew(self) -> None:
        self.cloud.add("gpus", VCPU=1)
        self.cloud.add_gpus("gpus", 1, VGPU=1)
        wanted = request(groups=[ResourceGroup(suffix="_GPU", resources={"VGPU": 1})])
        first = self.cloud.select(wanted)["vm"].claimed
        again = self.cloud.select(wanted)["vm"].claimed
        self.assertEqual(
            json.loads(first.allocation_request), json.loads(again.allocation_request)
        )


class MoveTest(FaultTestCase):
    """A reselection: the instance holds a claim, which moves in one write."""

    def setUp(self) -> None:
        super().setUp()
        self.claim("vm", "host0")
        self.wanted = request(ignore_hosts=["host0"])

    def test_the_claim_moves(self) -> None:
        pick = self.cloud.select(self.wanted, held={uuid_of("vm"): 1})["vm"]
        self.assertEqual(2, pick.generation)
        self.assertEqual({"vm": {pick.claimed.service_host}}, self.cloud.held_by("vm"))
        self.assertNotEqual("host0", pick.claimed.service_host)

    def test_it_stays_where_no_host_takes_it(self) -> None:
        wanted = request(only_hosts=["nowhere"])
        self.assertRaises(wire.NoValidHost, self.cloud.select, wanted, held={uuid_of("vm"): 1})
        self.assertEqual({"vm": {"host0"}}, self.cloud.held_by("vm"))
        self.assertEqual(1, self.ledger.generation(uuid_of("vm")))

    def test_a_move_that_was_not_answered_for_is_adopted(self) -> None:
        first = self.cloud.select(self.wanted, held={uuid_of("vm"): 1})["vm"]
        again = self.cloud.select(self.wanted, held={uuid_of("vm"): 1})["vm"]
        self.assertEqual(first.claimed.service_host, again.claimed.service_host)
        self.assertEqual(3, again.generation)
        self.assertEqual({"vm": {first.claimed.service_host}}, self.cloud.held_by("vm"))

    def test_a_claim_that_somebody_else_rewrote_is_left(self) -> None:
        self.claim("vm", "host0", generation=1)
        self.assertRaises(
            wire.LedgerRefusedRequest, self.cloud.select, self.wanted, held={uuid_of("vm"): 1}
        )
        self.assertEqual({"vm": {"host0"}}, self.cloud.held_by("vm"))
        self.assertEqual(2, self.ledger.generation(uuid_of("vm")))

    def test_a_claim_that_is_gone_stays_gone(self) -> None:
        self.ledger.unclaim(uuid_of("vm"), OURS, 1)
        self.assertRaises(
            wire.LedgerRefusedRequest, self.cloud.select, self.wanted, held={uuid_of("vm"): 1}
        )
        self.assertEqual({}, self.ledger.holding)

    def test_a_lost_answer_leaves_it_on_one_host(self) -> None:
        self.ledger.faults.next_writes(Fault.LOST_AFTER)
        self.ledger.faults.next_reads(Fault.NONE, Fault.REFUSED, Fault.REFUSED)
        self.assertRaises(wire.LedgerDown, self.cloud.select, self.wanted, held={uuid_of("vm"): 1})
        self.ledger.faults.forget_plan()
        pick = self.cloud.select(self.wanted, held={uuid_of("vm"): 1})["vm"]
        self.assertEqual({"vm": {pick.claimed.service_host}}, self.cloud.held_by("vm"))
        self.assertEqual(self.ledger.generation(uuid_of("vm")), pick.generation)


class UndoTest(FaultTestCase):
    """All or nothing."""

    vcpu = 1

    def test_too_few_after_a_loss(self) -> None:
        self.before_the_first_write(*self.names[:4])
        error = self.assertRaises(wire.NoValidHost, self.cloud.select, request(), VMS)
        self.assertEqual((4, 2), (error.requested, error.found))
        self.assertEqual({}, self.ledger.holding)

    def test_too_late(self) -> None:
        self.check_too_late(Limits(seconds=30), math.inf)

    def test_too_late_for_who_waits(self) -> None:
        self.check_too_late(Limits(seconds=300), 30)

    def check_too_late(self, limits: Limits, patience: float) -> None:
        (best,) = self.best_hosts(request(), ["vm0"])
        self.before_the_first_write(best)
        selector = self.cloud.selector(limits=limits)
        strike = self.ledger.faults.hook

        def slow(operation: str) -> None:
            strike(operation)
            self.cloud.now += 31 if operation == "claim" else 0

        self.ledger.faults.hook = slow
        wanted = request()
        self.assertRaises(
            wire.Overloaded,
            selector.select,
            wanted.request_id,
            wanted,
            [uuid_of(vm) for vm in VMS[:2]],
            0,
            {},
            patience,
        )
        self.assertEqual({}, self.ledger.holding)

    def test_an_unexpected_error(self) -> None:
        class Broken(FakeLedger):
            def read_back(self, consumer: str) -> None:  # type: ignore[override]
                raise RuntimeError(consumer)

        self.cloud = Cloud(Broken())
        self.ledger = self.cloud.ledger
        for name in self.names:
            self.cloud.add(name, VCPU=1)
        self.claim("vm3", "host5", Owner("else", "where", "INSTANCE"))
        self.assertRaises(RuntimeError, self.cloud.select, request(), VMS)
        self.assertEqual({uuid_of("vm3")}, set(self.ledger.holding))

    def test_it_leaves_what_another_run_has_adopted(self) -> None:
        """The first run is slow and about to fail; the second takes its claims over."""
        self.before_the_first_write(*self.names[1:])
        second: list[str] = []
        looks = 0

        def hook(operation: str) -> None:
            nonlocal looks
            looks += operation == "read_back"
            if operation == "read_back" and looks == 1:
                self.ledger.faults.hook = lambda operation: None
                second.extend(hosts(self.cloud.select(request(), ["vm0"])).values())

        strike = self.ledger.faults.hook

        def both(operation: str) -> None:
            strike(operation)
            hook(operation)
            if operation == "claim":
                self.ledger.faults.hook = hook

        self.ledger.faults.hook = both
        self.assertRaises(wire.NoValidHost, self.cloud.select, request(), VMS)
        held = self.cloud.held_by("vm0")
        self.assertEqual({"vm0": set(second)}, held)


class LedgerDownTest(FaultTestCase):
    """A ledger that does not answer is never "no hosts"."""

    def test_at_the_look(self) -> None:
        self.ledger.faults.reads = Fault.REFUSED
        error = self.assertRaises(wire.LedgerDown, self.cloud.select)
        self.assertIn("find", error.detail)

    def test_at_the_claim(self) -> None:
        self.ledger.faults.writes = Fault.REFUSED
        self.assertRaises(wire.LedgerDown, self.cloud.select)
        self.assertEqual({}, self.ledger.holding)

    def test_at_the_explanation(self) -> None:
        for host in self.names:
            self.fill(host)

        def strike(operation: str) -> None:
            if operation == "capable":
                self.ledger.faults.reads = Fault.REFUSED

        self.ledger.faults.hook = strike
        self.assertRaises(wire.LedgerDown, self.cloud.select)

    def test_what_a_lost_answer_left_is_not_undone(self) -> None:
        """A twin of the call may have written just that, and a build stand on it."""
        self.ledger.faults.next_writes(Fault.LOST_AFTER)
        self.ledger.faults.next_reads(Fault.NONE, Fault.REFUSED)
        self.assertRaises(wire.LedgerDown, self.cloud.select, request(), VMS)
        before = self.ledger.holding
        self.assertEqual(4, len(before))
        self.cloud.select(request(), VMS)
        self.assertEqual(before, self.ledger.holding)

    def test_what_cannot_be_read_back_is_adopted_later(self) -> None:
        self.ledger.faults.next_writes(Fault.LOST_AFTER)
        self.ledger.faults.next_reads(Fault.NONE, *[Fault.REFUSED] * 20)
        self.assertRaises(wire.LedgerDown, self.cloud.select, request(), VMS)
        before = self.ledger.holding
        self.assertEqual(4, len(before))
        self.ledger.faults.forget_plan()
        self.cloud.select(request(), VMS)
        self.assertEqual(before, self.ledger.holding)

    def test_a_late_write_is_adopted_too(self) -> None:
        self.ledger.faults.next_writes(Fault.LATE, Fault.LATE)
        self.assertRaises(wire.LedgerDown, self.cloud.select)
        self.ledger.faults.land()
        found = hosts(self.cloud.select())
        self.assertEqual({"vm": {found["vm"]}}, self.cloud.held_by("vm"))

    def test_an_undo_that_fails_is_no_plain_no(self) -> None:
        def strike(operation: str) -> None:
            if operation == "claim" and not self.ledger.calls["unclaim"]:
                for host in self.names[:5]:
                    self.fill(host)
            if operation == "unclaim" and self.ledger.calls["unclaim"] == 2:
                self.ledger.faults.writes = Fault.REFUSED

        self.ledger.faults.hook = strike
        many = [f"vm{number}" for number in range(12)]
        self.assertRaises(wire.LedgerDown, self.cloud.select, request(), many)
        self.ledger.faults.writes = Fault.NONE
        left = self.ledger.holding
        self.assertNotEqual({}, left)
        self.assertRaises(wire.NoValidHost, self.cloud.select, request(), many)
        self.assertEqual(left, self.ledger.holding)


class RefusedTest(FaultTestCase):
    """What the ledger says of the request itself."""

    def test_too_many_equal_groups(self) -> None:
        groups = [ResourceGroup(suffix=f"_{n}", resources={"VGPU": 1}) for n in range(6)]
        error = self.assertRaises(
            wire.TooManyEqualGroups,
            self.cloud.select,
            request(groups=groups, group_policy="none"),
        )
        self.assertEqual((6, 5), (error.equal, error.at_most))

    def test_every_host_is_refused(self) -> None:
        def strike(operation: str) -> None:
            if operation == "claim":
                self.ledger.store.providers.clear()

        self.ledger.faults.hook = strike
        self.assertRaises(wire.LedgerRefusedRequest, self.cloud.select)
        self.assertEqual({}, self.ledger.holding)
