from __future__ import annotations

import itertools

from tests.unit.compute.scene import OTHER_VM, VM, AgentTestCase, Scene, request, selection
from understudy.compute.fake_hosts import fake_host, with_uuid
from understudy.compute.fault_plan import FaultPlan, host_broken
from understudy.compute.holdings import HeldInMemory
from understudy.compute.refusals import SAY_AGAIN
from understudy.compute.reporter import KEEP_SECONDS
from understudy.compute.tags import Tag
from understudy.objects.errors import InvalidRequest
from understudy.objects.orders import Orders
from understudy.objects.selection import Selection
from understudy.rpcapi import errors
from understudy.rpcapi.context import RequestContext, Speaker


class RegisterTest(AgentTestCase):
    """Each host registers with all that it holds, and does what it is told."""

    def test_each_host_registers_once(self) -> None:
        scene = Scene()
        self.assertEqual(10.0, scene.reporter.report())
        scene.reporter.report()
        self.assertEqual([["host-a", []], ["host-b", []]], scene.said("register_host"))
        self.assertEqual(scene.hosts, list(scene.conductor.hosts.values()))

    def test_it_is_tried_until_it_is_answered(self) -> None:
        scene = Scene()
        scene.conductor.unavailable = 3
        waits = [scene.reporter.report() for _ in range(3)]
        self.assertTrue(0.5 <= waits[0] <= 1.0, waits)
        self.assertEqual(10.0, waits[-1])
        self.assertEqual(2, len(scene.conductor.hosts))

    def test_one_that_is_refused_keeps_no_other_from_it(self) -> None:
        scene = Scene()
        scene.conductor.refused = {"host-a"}
        scene.reporter.report()
        self.assertEqual(["host-b"], list(scene.conductor.hosts))
        self.assertIn("host-a is refused", self.log.output)
        scene.conductor.refused.clear()
        scene.reporter.report()
        self.assertEqual({"host-a", "host-b"}, set(scene.conductor.hosts))

    def test_it_beats_between_registrations_that_take_long(self) -> None:
        times = itertools.count(0.0, 30.0)
        scene = Scene(clock=lambda: next(times))
        scene.reporter.report()
        self.assertEqual(["host-a"], list(scene.conductor.beats[0]))
        self.assertEqual(["host-a", "host-b"], list(scene.conductor.beats[-1]))

    def test_it_says_what_is_held_and_what_is_in_hand(self) -> None:
        scene = Scene()
        scene.holdings.add(Tag("host-a", VM, 3))
        scene.cast_build("host-a", OTHER_VM)
        scene.reporter.report()
        self.assertEqual([(VM, 3), (OTHER_VM, 1)], scene.conductor.holds["host-a"])

    def test_only_what_it_is_told_is_destroyed(self) -> None:
        scene = Scene()
        scene.conductor.cast("host-b", VM, 2)
        stray, unknown = Tag("host-a", VM, 1), Tag("host-a", OTHER_VM, 1)
        scene.holdings.add(stray)
        scene.holdings.add(unknown)
        scene.reporter.report()
        scene.pools.run()
        self.assertEqual({unknown}, scene.held())

    def test_it_registers_again_only_once_it_is_rid_of_that(self) -> None:
        scene = Scene(FaultPlan(destroy_failures=2))
        scene.conductor.cast("host-b", VM, 2)
        scene.holdings.add(Tag("host-a", VM, 1))
        scene.reporter.report()
        scene.pools.run()
        scene.reporter.report()
        self.assertEqual(2, len(scene.said("register_host")))
        self.assertEqual([], scene.emptied)
        scene.pools.run_to_the_end()
        self.assertEqual(["host-a"], scene.emptied)
        scene.reporter.report()
        self.assertEqual(["host-a", []], scene.said("register_host")[-1])
        self.assertEqual(3, len(scene.said("register_host")))

    def test_a_host_that_changed_registers_again(self) -> None:
        scene = Scene()
        scene.reporter.report()
        scene.driver.serve([fake_host("host-a", "agent-1", {"VCPU": 99}), scene.hosts[1]])
        scene.reporter.report()
        self.assertEqual(
            ["host-a", "host-b", "host-a"], [said[0] for said in scene.said("register_host")]
        )

    def test_a_conductor_that_forgot_a_host_hears_of_it_at_once(self) -> None:
        scene = Scene()
        scene.reporter.report()
        del scene.conductor.hosts["host-a"]
        scene.reporter.report()
        self.assertIn("host-a", scene.conductor.hosts)


class HeartbeatTest(AgentTestCase):
    """One heartbeat for all hosts, with what they have in hand."""

    def test_it_names_every_host(self) -> None:
        scene = Scene()
        scene.reporter.report()
        self.assertEqual([{"host-a": [], "host-b": []}], scene.conductor.beats)

    def test_it_carries_what_is_not_answered_yet(self) -> None:
        scene = Scene()
        scene.cast_build("host-a", VM)
        scene.cast_build("host-b", OTHER_VM, 2)
        scene.reporter.report()
        expected = {"host-a": [(VM, 1)], "host-b": [(OTHER_VM, 2)]}
        self.assertEqual([expected], scene.conductor.beats)
        scene.pools.run()
        scene.reporter.report()
        self.assertEqual({"host-a": [], "host-b": []}, scene.conductor.beats[-1])

    def test_what_is_torn_down_is_not_in_hand(self) -> None:
        scene = Scene()
        scene.cast_build()
        scene.deliver_teardown()
        scene.reporter.report()
        self.assertEqual([], scene.conductor.beats[0]["host-a"])

    def test_its_orders_are_carried_out(self) -> None:
        scene = Scene()
        scene.cast_build()
        scene.pools.run()
        scene.conductor.delete(VM)
        scene.reporter.report()
        scene.pools.run()
        self.assertEqual(set(), scene.held())

    def test_orders_may_come_as_lists(self) -> None:
        scene = Scene()
        scene.cast_build()
        scene.pools.run()
        scene.agent.carry_out(Orders(tear_down={"host-a": [[VM, 1]]}))
        scene.pools.run()
        self.assertEqual(set(), scene.held())

    def test_it_beats_although_no_host_can_be_registered(self) -> None:
        scene = Scene()
        scene.conductor.unavailable = 1
        scene.reporter.report()
        self.assertEqual(1, len(scene.conductor.beats))

    def test_the_first_report_without_an_answer_is_repeated_soon(self) -> None:
        scene = Scene()
        scene.reporter.report()
        scene.conductor.broken = errors.LedgerDown("away")
        self.assertTrue(scene.reporter.report() <= 1.0)

    def test_a_host_that_cannot_say_what_it_holds_waits_alone(self) -> None:
        scene = Scene(holdings=_BrokenOnce())
        self.assertTrue(scene.reporter.report() <= 1.0)
        self.assertEqual(["host-b"], scene.said("register_host")[0][:1])
        self.assertEqual(10.0, scene.reporter.report())
        self.assertEqual(2, len(scene.conductor.hosts))

    def test_it_runs_until_it_is_over(self) -> None:
        scene = Scene()
        waits = _Waits(3)
        scene.reporter.run(waits)
        self.assertEqual([0.0, 10.0, 10.0, 10.0], waits.seconds)
        self.assertEqual(3, len(scene.conductor.beats))

    def test_it_forgets_what_is_long_gone(self) -> None:
        now = [1000.0]
        scene = Scene(clock=lambda: now[0])
        scene.deliver_teardown()
        scene.pools.run()
        now[0] += KEEP_SECONDS + 1
        scene.reporter.report()
        scene.cast_build()
        scene.pools.run()
        self.assertEqual({Tag("host-a", VM, 1)}, scene.held())

    def test_it_says_nothing_after_the_end(self) -> None:
        scene = Scene()
        scene.journal.close()
        scene.reporter.report()
        self.assertEqual([], scene.conductor.said)


class SpeakerTest(AgentTestCase):
    """Each call says which agent speaks, from where, and of which host."""

    def test_every_call_says_it(self) -> None:
        scene = Scene(FaultPlan(images={"broken": host_broken()}))
        scene.reporter.report()
        scene.cast_build("host-a")
        scene.conductor.cast("host-b", OTHER_VM, 1)
        scene.deliver_build("host-b", OTHER_VM, image="broken")
        scene.pools.run_to_the_end()
        scene.deliver_teardown("host-a")
        scene.pools.run_to_the_end()
        uuids = {host.name: host.compute_node_uuid for host in scene.hosts}
        who = scene.identity
        spoken = scene.conductor.speakers
        self.assertEqual(
            {Speaker(who.agent_uuid, who.origin, uuid) for uuid in (None, *uuids.values())},
            {speaker for _, speaker in spoken},
        )
        for (said, *facts), (_, speaker) in zip(scene.conductor.said, spoken, strict=True):
            assert speaker is not None
            self.assertEqual(uuids.get(str(facts[0])), speaker.host_uuid, str(said))
        kinds = {"register_host", "heartbeat", "build_started", "build_succeeded", "torn_down"}
        self.assertEqual(kinds | {"build_failed"}, {said for said, _ in spoken})

    def test_a_teardown_that_was_asked_for_is_answered_in_its_own_name(self) -> None:
        scene = Scene()
        asked = RequestContext(request_id="asked", speaker=Speaker("else", "where", VM))
        scene.agent.tear_down("host-a", VM, 1, context=asked)
        scene.pools.run_to_the_end()
        [(_, speaker)] = scene.conductor.speakers
        self.assertEqual(scene.identity.agent_uuid, speaker and speaker.agent_uuid)


class RefusedTest(AgentTestCase):
    """A host that the cell does not take is tried on, and said rarely."""

    def test_it_is_said_when_it_changes_and_then_rarely(self) -> None:
        now = [0.0]
        scene = Scene(clock=lambda: now[0])
        scene.conductor.refused = {"host-a"}

        def reports(count: int) -> int:
            before = self.log.output.count("is refused")
            for _ in range(count):
                scene.reporter.report()
            return self.log.output.count("is refused") - before

        self.assertEqual(1, reports(50))
        now[0] += SAY_AGAIN
        self.assertEqual(1, reports(50))
        scene.conductor.refused.clear()
        self.assertEqual(0, reports(2))
        scene.conductor.refused = {"host-a"}
        scene.registrations.lose("host-a")
        self.assertEqual(1, reports(5))


class RenamedTest(AgentTestCase):
    """What is in hand belongs to a host's uuid, and waits while that has no name here."""

    def scene(self) -> Scene:
        """Return an agent with much in hand on its host, which is called `old`."""
        scene = Scene(FaultPlan(destroy_failures=1), journal=self.folder() / "journal")
        self.serve(scene, old=VM)
        scene.reporter.report()
        scene.conductor.cast("old", VM, 1)
        scene.agent.build("old", VM, 1, request(), of_host(VM))
        scene.pools.run()
        scene.conductor.cast("old", OTHER_VM, 1)
        scene.agent.build("old", OTHER_VM, 1, request(), of_host(VM))
        scene.conductor.said.clear()
        return scene

    def serve(self, scene: Scene, **hosts: str) -> None:
        scene.hosts = [
            with_uuid(fake_host(name, "agent", {"VCPU": 8}), uuid) for name, uuid in hosts.items()
        ]
        scene.driver.serve(scene.hosts)

    def renamed(self, refused: bool) -> Scene:
        scene = self.scene()
        self.serve(scene, new=VM)
        scene.conductor.refused = {"new"} if refused else set()
        scene.conductor.delete(VM)
        scene.restart()
        scene.reporter.report()
        scene.pools.run_to_the_end()
        return scene

    def test_nothing_is_done_until_the_cell_takes_the_new_name(self) -> None:
        scene = self.renamed(refused=True)
        self.assertEqual(
            {"register_host", "heartbeat"}, {said for said, *_ in scene.conductor.said}
        )
        self.assertEqual(["new"], list(scene.conductor.beats[-1]))
        for order in (("old", VM), ("old", None)):
            host, uuid = order
            self.assertRaises(InvalidRequest, scene.agent.tear_down, host, VM, 1, uuid)
        scene.reporter.report()
        scene.pools.run_to_the_end()
        self.assertEqual([Tag("old", VM, 1)], scene.holdings.on("old"))
        self.assertEqual(["old"], [row.tag.host for row in scene.journal.unfinished()])
        self.assertIn(f"The host {VM} was called old and is called new now", self.log.output)
        self.assertNotIn("will be tried again", self.log.output)

    def test_it_says_under_the_new_name_what_is_in_hand(self) -> None:
        scene = self.renamed(refused=True)
        self.assertEqual([["new", [(OTHER_VM, 1)]]], scene.said("register_host")[-1:])

    def test_what_waited_goes_on_under_the_new_name(self) -> None:
        scene = self.renamed(refused=False)
        self.assertEqual([["new", OTHER_VM, 1]], scene.said("build_started"))
        self.assertEqual([], scene.journal.unfinished())

    def test_an_old_name_that_comes_back_needs_nobody(self) -> None:
        scene = self.renamed(refused=True)
        self.serve(scene, old=VM)
        scene.reporter.report()
        scene.pools.run_to_the_end()
        self.assertEqual([["old", OTHER_VM, 1]], scene.said("build_started"))

    def test_two_that_change_names_keep_what_is_theirs(self) -> None:
        scene = Scene(journal=self.folder() / "journal")
        self.serve(scene, a=VM, b=OTHER_VM)
        scene.reporter.report()
        scene.agent.build("a", VM, 1, request(), of_host(VM))
        scene.agent.build("b", VM, 2, request(), of_host(OTHER_VM))
        scene.conductor.cast("b", VM, 1)
        self.serve(scene, b=VM, a=OTHER_VM)
        scene.restart()
        scene.reporter.report()
        rows = {(row.tag.host, row.tag.attempt) for row in scene.journal.unfinished()}
        self.assertEqual({("b", 1), ("a", 2)}, rows)

    def test_a_host_of_another_uuid_gets_nothing_of_its_predecessor(self) -> None:
        scene = self.scene()
        self.serve(scene, old=OTHER_VM)
        scene.restart()
        scene.reporter.report()
        scene.pools.run_to_the_end()
        self.assertEqual([], scene.said("build_started"))
        self.assertEqual([VM], [row.tag.host for row in scene.journal.unfinished()])


def of_host(uuid: str) -> Selection:
    """Return a selection of the host that has this uuid."""
    found = selection("host-a")
    found.compute_node_uuid = uuid
    return found


class _BrokenOnce(HeldInMemory):
    def __init__(self) -> None:
        super().__init__()
        self._broken = True

    def on(self, host: str) -> list[Tag]:
        if self._broken:
            self._broken = False
            raise OSError("the hypervisor does not answer")
        return super().on(host)


class _Waits:
    def __init__(self, rounds: int) -> None:
        self.seconds: list[float] = []
        self._rounds = rounds

    def wait(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return len(self.seconds) <= self._rounds
