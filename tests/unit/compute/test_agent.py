from __future__ import annotations

from tests.unit.compute.scene import OTHER_VM, VM, AgentTestCase, Scene, request, selection
from understudy.compute import journal_states
from understudy.compute.agent import ATTEMPT_OVER
from understudy.compute.fault_plan import FaultPlan, host_broken, image_broken
from understudy.compute.journal import Journal
from understudy.compute.tags import Tag
from understudy.objects import states
from understudy.objects.fault import Fault
from understudy.rpcapi import errors

FIRST = Tag("host-a", VM, 1)


class JournalWithVisitor(Journal):
    """Somebody writes that it is to be torn down, at the moment that a build begins."""

    def move(
        self, tag: Tag, was: str, becomes: str, fault: Fault | None = None, cleaned: bool = False
    ) -> bool:
        moved = super().move(tag, was, becomes, fault, cleaned)
        if becomes == journal_states.BUILDING:
            self.tear_down(tag)
        return moved


class BuildTest(AgentTestCase):
    """A build is asked for, made, and told until it is answered."""

    def test_a_build_becomes_active(self) -> None:
        scene = Scene()
        scene.cast_build()
        scene.pools.run()
        self.assertEqual(states.ACTIVE, scene.conductor.state(VM))
        self.assertEqual({FIRST}, scene.held())
        self.assertEqual([], scene.journal.unfinished())

    def test_the_cast_itself_only_writes_down(self) -> None:
        scene = Scene()
        scene.cast_build()
        self.assertEqual([], scene.conductor.said)
        self.assertEqual([FIRST], [row.tag for row in scene.journal.unfinished()])

    def test_it_asks_before_it_builds(self) -> None:
        scene = Scene()
        scene.conductor.cast("host-b", VM, 2)
        scene.deliver_build(attempt=1)
        scene.during_build.append(lambda: self.fail("it was built"))
        scene.pools.run()
        self.assertEqual(set(), scene.held())
        self.assertEqual([["host-a", VM, 1]], scene.said("torn_down"))

    def test_what_a_restored_journal_forgot_is_kept_as_it_is(self) -> None:
        """Nobody orders what runs to be destroyed, so it is not."""
        scene = Scene()
        scene.cast_build()
        scene.pools.run()
        for state in (journal_states.RECEIVED, journal_states.BUILDING):
            # A new journal in memory: it has forgotten all.
            scene.restart()
            scene.journal.receive(FIRST, request(), selection("host-a"))
            scene.journal.move(FIRST, journal_states.RECEIVED, state)
            scene.conductor.broken = errors.AlreadyBuilt(VM, 1)
            scene.agent.resume()
            scene.pools.run()
            self.assertEqual({FIRST}, scene.held())
            self.assertEqual([], scene.journal.unfinished())
        self.assertEqual([], scene.said("torn_down"))
        self.assertEqual([], scene.during_build)

    def test_an_instance_that_nobody_knows_is_not_built(self) -> None:
        scene = Scene()
        scene.deliver_build()
        scene.pools.run()
        self.assertEqual(set(), scene.held())
        self.assertEqual([], scene.journal.unfinished())

    def test_what_is_to_be_torn_down_as_it_begins_is_not_built(self) -> None:
        scene = Scene(journal_type=JournalWithVisitor)
        scene.during_build.append(lambda: self.fail("it was built"))
        scene.cast_build()
        scene.pools.run()
        self.assertEqual([["host-a", VM, 1]], scene.said("torn_down"))
        self.assertNotIn("failed", self.log.output)
        self.assertEqual([], scene.journal.unfinished())

    def test_it_waits_until_it_may_begin(self) -> None:
        scene = Scene()
        scene.conductor.unavailable = 3
        scene.cast_build()
        scene.pools.run_to_the_end()
        self.assertEqual({FIRST}, scene.held())
        self.assertEqual(1, len(scene.said("build_started")))

    def test_success_is_told_until_it_is_answered(self) -> None:
        scene = Scene()
        scene.cast_build()
        scene.during_build.append(lambda: setattr(scene.conductor, "unavailable", 3))
        scene.pools.run()
        self.assertEqual(["SUCCEEDED"], [row.state for row in scene.journal.unfinished()])
        scene.pools.run_to_the_end()
        self.assertEqual(states.ACTIVE, scene.conductor.state(VM))
        self.assertEqual([], scene.journal.unfinished())

    def test_a_lost_answer_does_no_harm(self) -> None:
        scene = Scene()
        scene.cast_build()
        scene.conductor.unanswered = 1
        scene.during_build.append(lambda: setattr(scene.conductor, "unanswered", 1))
        scene.pools.run_to_the_end()
        self.assertEqual(2, len(scene.said("build_started")))
        self.assertEqual(2, len(scene.said("build_succeeded")))
        self.assertEqual({FIRST}, scene.held())

    def test_a_conductor_that_breaks_is_asked_again(self) -> None:
        scene = Scene()
        scene.conductor.broken = ValueError("a bug")
        scene.cast_build()
        scene.pools.run()
        scene.conductor.broken = None
        scene.pools.run_to_the_end()
        self.assertEqual({FIRST}, scene.held())

    def test_other_errors_are_no_answers(self) -> None:
        scene = Scene()
        scene.cast_build()
        scene.during_build.append(
            lambda: setattr(scene.conductor, "broken", errors.LedgerDown("away"))
        )
        scene.pools.run()
        scene.conductor.broken = None
        scene.pools.run_to_the_end()
        self.assertEqual(states.ACTIVE, scene.conductor.state(VM))

    def test_a_host_that_is_not_wanted_registers_again(self) -> None:
        scene = Scene()
        scene.reporter.report()
        scene.cast_build()
        scene.conductor.broken = errors.HostRefused("host-a", "it never registered")
        scene.pools.run()
        scene.conductor.broken = None
        scene.reporter.report()
        self.assertEqual(3, len(scene.said("register_host")))
        scene.pools.run_to_the_end()
        self.assertEqual({FIRST}, scene.held())

    def test_waits_grow_up_to_a_limit(self) -> None:
        scene = Scene()
        scene.conductor.unavailable = 100
        scene.cast_build()
        waits = []
        scene.pools.run()
        for _ in range(6):
            waits.append(scene.pools.later[0][0])
            scene.pools.pass_time()
        self.assertTrue(all(0.5 <= wait <= 1 for wait in waits[:1]), waits)
        self.assertTrue(all(4 <= wait <= 8 for wait in waits[4:]), waits)

    def test_what_was_built_in_vain_is_destroyed(self) -> None:
        scene = Scene()
        scene.cast_build()
        scene.during_build.append(lambda: scene.conductor.cast("host-b", VM, 2))
        scene.pools.run()
        self.assertEqual(set(), scene.held())
        self.assertEqual([["host-a", VM, 1]], scene.said("torn_down"))
        self.assertEqual(set(), scene.conductor.to_tear_down)

    def test_what_was_built_for_nobody_is_destroyed(self) -> None:
        scene = Scene()
        scene.cast_build()
        scene.during_build.append(scene.conductor.instances.clear)
        scene.pools.run()
        self.assertEqual(set(), scene.held())

    def test_two_instances_do_not_wait_for_each_other(self) -> None:
        scene = Scene()
        scene.cast_build()
        scene.conductor.unavailable = 1
        scene.cast_build("host-a", OTHER_VM)
        scene.pools.run()
        self.assertEqual({Tag("host-a", OTHER_VM, 1)}, scene.held())


class DuplicateTest(AgentTestCase):
    """A copy of a build builds nothing, whenever it comes."""

    def test_while_it_is_in_hand(self) -> None:
        scene = Scene()
        scene.cast_build()
        scene.deliver_build()
        scene.during_build.append(scene.deliver_build)
        scene.pools.run()
        self.assertEqual(1, len(scene.said("build_started")))
        self.assertEqual({FIRST}, scene.held())

    def test_after_success_was_answered(self) -> None:
        scene = Scene()
        scene.cast_build()
        scene.pools.run()
        scene.deliver_build()
        scene.pools.run()
        self.assertEqual({FIRST}, scene.held())
        self.assertEqual(1, len(scene.said("build_started")))
        self.assertEqual([["host-a", VM, 1]] * 2, scene.said("build_succeeded"))
        self.assertEqual([], scene.journal.unfinished())

    def test_after_failure_was_answered(self) -> None:
        for destroy_failures in (0, 1):
            scene = Scene(FaultPlan(rate=1.0, destroy_failures=destroy_failures))
            scene.cast_build()
            scene.pools.run_to_the_end()
            scene.deliver_build()
            scene.pools.run_to_the_end()
            self.assertEqual(1, len(scene.said("build_started")))
            first, again = scene.said("build_failed")
            self.assertEqual(["host-a", VM, 1, "flaky", not destroy_failures], first)
            self.assertEqual(["host-a", VM, 1, "flaky", True], again)
            self.assertEqual([], scene.journal.unfinished())

    def test_after_it_was_torn_down_for_nobody_knows_what(self) -> None:
        scene = Scene()
        scene.deliver_teardown()
        scene.pools.run()
        scene.cast_build()
        scene.pools.run()
        self.assertEqual([["host-a", VM, 1, ATTEMPT_OVER, True]], scene.said("build_failed"))
        self.assertEqual(set(), scene.held())

    def test_after_it_was_torn_down(self) -> None:
        scene = Scene()
        scene.cast_build(attempt=2)
        scene.conductor.delete(VM)
        scene.deliver_teardown(attempt=2)
        scene.pools.run()
        self.assertEqual([], scene.said("build_started"))
        for attempt in (1, 2):
            scene.deliver_build(attempt=attempt)
        scene.pools.run()
        self.assertEqual([], scene.said("build_started"))
        self.assertEqual(set(), scene.held())

    def test_an_older_attempt_than_one_here(self) -> None:
        scene = Scene()
        scene.cast_build(attempt=2)
        scene.pools.run()
        scene.deliver_build(attempt=1)
        scene.pools.run()
        self.assertEqual({Tag("host-a", VM, 2)}, scene.held())
        self.assertEqual(1, len(scene.said("build_started")))

    def test_a_newer_attempt_is_none(self) -> None:
        scene = Scene()
        scene.cast_build(attempt=1)
        scene.pools.run()
        scene.cast_build(attempt=2)
        scene.pools.run()
        self.assertEqual({FIRST, Tag("host-a", VM, 2)}, scene.held())


class FaultTest(AgentTestCase):
    """What failed is destroyed, then told; `cleaned` says whether that worked."""

    def test_a_cleaned_fault_is_told(self) -> None:
        scene = Scene(FaultPlan(hosts={"host-a": host_broken()}))
        scene.cast_build()
        scene.pools.run()
        self.assertEqual([["host-a", VM, 1, "host-broken", True]], scene.said("build_failed"))
        self.assertEqual(set(), scene.held())
        self.assertEqual([], scene.said("torn_down"))

    def test_blame_crosses_with_it(self) -> None:
        scene = Scene(FaultPlan(images={"bad.img": image_broken()}))
        scene.conductor.cast("host-a", VM, 1)
        scene.deliver_build(image="bad.img")
        scene.pools.run()
        self.assertEqual(image_broken(), scene.conductor.instances[VM].fault)

    def test_it_is_told_until_it_is_answered(self) -> None:
        scene = Scene(FaultPlan(rate=1.0))
        scene.cast_build()
        scene.during_build.append(lambda: setattr(scene.conductor, "unavailable", 2))
        scene.pools.run_to_the_end()
        self.assertEqual(states.FAILING, scene.conductor.state(VM))

    def test_an_unforeseen_error_blames_the_host(self) -> None:
        scene = Scene()
        scene.cast_build()

        def trip() -> None:
            raise OSError("the disk is full")

        scene.during_build.append(trip)
        scene.pools.run()
        fault = scene.conductor.instances[VM].fault
        assert fault is not None
        self.assertEqual(
            ("driver-error", "host", "OSError: the disk is full"),
            (fault.code, fault.blames, fault.message),
        )

    def test_what_cannot_be_destroyed_is_told_and_tried_on(self) -> None:
        scene = Scene(FaultPlan(rate=1.0, destroy_failures=4))
        scene.cast_build()
        scene.pools.run()
        self.assertEqual([["host-a", VM, 1, "flaky", False]], scene.said("build_failed"))
        self.assertEqual({FIRST}, scene.held())
        self.assertEqual([], scene.said("torn_down"))
        scene.pools.run_to_the_end()
        self.assertEqual(set(), scene.held())
        self.assertEqual([["host-a", VM, 1]], scene.said("torn_down"))

    def test_a_superseded_fault_is_answered_too(self) -> None:
        scene = Scene(FaultPlan(rate=1.0, destroy_failures=1))
        scene.cast_build()
        scene.during_build.append(lambda: scene.conductor.cast("host-b", VM, 2))
        scene.pools.run_to_the_end()
        self.assertEqual(set(), scene.held())
        self.assertEqual([], scene.journal.unfinished())


class TearDownTest(AgentTestCase):
    """A teardown destroys what it names and what is older, and says so."""

    def test_it_destroys_and_says_so(self) -> None:
        scene = Scene()
        scene.cast_build()
        scene.pools.run()
        scene.conductor.delete(VM)
        scene.deliver_teardown()
        scene.pools.run()
        self.assertEqual(set(), scene.held())
        self.assertEqual(set(), scene.conductor.to_tear_down)
        self.assertEqual([], scene.journal.unfinished())

    def test_of_something_never_seen(self) -> None:
        scene = Scene()
        scene.deliver_teardown()
        scene.pools.run()
        self.assertEqual([["host-a", VM, 1]], scene.said("torn_down"))

    def test_a_copy_is_answered_again(self) -> None:
        scene = Scene()
        for _ in range(2):
            scene.deliver_teardown()
            scene.pools.run()
        self.assertEqual(2, len(scene.said("torn_down")))

    def test_it_covers_older_attempts(self) -> None:
        scene = Scene()
        for attempt in (2, 3):
            scene.cast_build(attempt=attempt)
            scene.pools.run()
        scene.holdings.add(Tag("host-a", VM, 1))
        scene.deliver_teardown(attempt=3)
        scene.pools.run()
        self.assertEqual(set(), scene.held())

    def test_it_leaves_newer_attempts_and_other_instances(self) -> None:
        scene = Scene()
        scene.cast_build(attempt=1)
        scene.cast_build(vm=OTHER_VM)
        scene.pools.run()
        scene.cast_build(attempt=2)
        scene.pools.run()
        scene.deliver_teardown(attempt=1)
        scene.pools.run()
        self.assertEqual({Tag("host-a", VM, 2), Tag("host-a", OTHER_VM, 1)}, scene.held())

    def test_it_stops_a_build_that_waits(self) -> None:
        scene = Scene()
        scene.conductor.unavailable = 1
        scene.cast_build()
        scene.pools.run()
        scene.conductor.delete(VM)
        scene.deliver_teardown()
        scene.pools.run_to_the_end()
        self.assertEqual([], scene.said("build_started"))
        self.assertEqual([["host-a", VM, 1]], scene.said("torn_down"))

    def test_the_result_of_a_build_in_progress_is_destroyed(self) -> None:
        scene = Scene()
        scene.cast_build()

        def tear_down() -> None:
            scene.conductor.delete(VM)
            scene.deliver_teardown()
            scene.pools.run_one()
            self.assertEqual([], scene.said("torn_down"))

        scene.during_build.append(tear_down)
        scene.pools.run()
        self.assertEqual(set(), scene.held())
        self.assertEqual([], scene.said("build_succeeded"))
        self.assertEqual([["host-a", VM, 1]], scene.said("torn_down"))

    def test_a_newer_teardown_stops_an_older_build(self) -> None:
        scene = Scene()
        scene.cast_build(attempt=1)
        scene.during_build.append(lambda: scene.deliver_teardown(attempt=3))
        scene.pools.run()
        self.assertEqual(set(), scene.held())
        self.assertEqual([], scene.said("build_succeeded"))

    def test_it_is_tried_until_it_works(self) -> None:
        scene = Scene(FaultPlan(destroy_failures=3))
        scene.cast_build()
        scene.pools.run()
        scene.deliver_teardown()
        scene.pools.run()
        self.assertEqual([], scene.said("torn_down"))
        scene.pools.run_to_the_end()
        self.assertEqual([["host-a", VM, 1]], scene.said("torn_down"))

    def test_it_is_told_until_it_is_answered(self) -> None:
        scene = Scene()
        scene.conductor.unavailable = 3
        scene.deliver_teardown()
        scene.pools.run_to_the_end()
        self.assertEqual([["host-a", VM, 1]], scene.said("torn_down"))

    def test_an_impatient_conductor_starts_no_second_row_of_tries(self) -> None:
        scene = Scene(FaultPlan(destroy_failures=20))
        scene.cast_build()
        scene.pools.run()
        for _ in range(5):
            scene.deliver_teardown()
            scene.pools.run()
        scene.pools.pass_time()
        self.assertEqual(1, len(scene.pools.later))


class RestartTest(AgentTestCase):
    """What a killed agent left is found in its journal."""

    def scene(self, plan: FaultPlan | None = None) -> Scene:
        return Scene(plan, journal=self.folder() / "journal.sqlite3")

    def test_a_build_that_was_only_received(self) -> None:
        scene = self.scene()
        scene.cast_build()
        scene.restart()
        scene.pools.run()
        self.assertEqual({FIRST}, scene.held())
        self.assertEqual(states.ACTIVE, scene.conductor.state(VM))

    def test_a_build_that_was_cut_off_is_asked_for_and_made_anew(self) -> None:
        scene = self.scene()
        scene.cast_build()

        def die() -> None:
            scene.holdings.add(FIRST)
            scene.journal.close()
            scene.driver.close()

        scene.during_build.append(die)
        scene.pools.run()
        scene.restart()
        scene.during_build.append(lambda: self.assertEqual(set(), scene.held()))
        scene.pools.run()
        self.assertEqual(2, len(scene.said("build_started")))
        self.assertEqual(states.ACTIVE, scene.conductor.state(VM))
        self.assertEqual({FIRST}, scene.held())

    def test_a_build_that_was_cut_off_and_superseded_is_destroyed(self) -> None:
        scene = self.scene()
        scene.cast_build()
        scene.during_build.append(scene.journal.close)
        scene.pools.run()
        self.assertEqual({FIRST}, scene.held())
        scene.conductor.cast("host-b", VM, 2)
        scene.restart()
        scene.pools.run()
        self.assertEqual(set(), scene.held())

    def test_an_outcome_is_told_again(self) -> None:
        scene = self.scene(FaultPlan(rate=1.0))
        scene.cast_build()
        scene.during_build.append(lambda: setattr(scene.conductor, "unavailable", 1))
        scene.pools.run()
        scene.restart()
        scene.pools.run()
        self.assertEqual([["host-a", VM, 1, "flaky", True]], scene.said("build_failed"))

    def test_a_teardown_goes_on(self) -> None:
        scene = self.scene()
        scene.cast_build()
        scene.pools.run()
        scene.deliver_teardown()
        scene.restart()
        scene.pools.run()
        self.assertEqual(set(), scene.held())
        self.assertEqual([["host-a", VM, 1]], scene.said("torn_down"))

    def test_copies_are_still_known(self) -> None:
        scene = self.scene()
        scene.cast_build()
        scene.pools.run()
        scene.restart()
        scene.deliver_build()
        scene.pools.run()
        self.assertEqual(1, len(scene.said("build_started")))

    def test_nothing_is_said_after_the_end(self) -> None:
        scene = self.scene()
        scene.cast_build()
        scene.pools.run()
        scene.deliver_teardown()
        scene.journal.close()
        scene.pools.run_to_the_end()
        self.assertEqual([], scene.said("torn_down"))
