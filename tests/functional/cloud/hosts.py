"""Hosts that die, come back, answer late, or are taken out of service."""

from __future__ import annotations

from tests.functional.cloud.case import CloudTestCase, new_uuid
from tests.functional.support.cloud import Mishap
from tests.functional.support.waiting import wait_for
from understudy.conductor import faults
from understudy.objects import states
from understudy.objects.fields import AdminState
from understudy.objects.states import AttemptState

FAILED, SUCCEEDED = AttemptState.FAILED, AttemptState.SUCCEEDED


class DyingHosts(CloudTestCase):
    def test_a_build_leaves_a_dead_host_that_answers_late(self) -> None:
        self.open({"one": {"a": 2, "b": 2}})
        self.cloud.builds.hold("a", "b")
        accepted = self.build()
        (tag,) = self.begun(accepted)
        dead, other = tag.host, "b" if tag.host == "a" else "a"
        self.cloud.messages.plan("conductor.build_succeeded", Mishap.LOST)
        self.cloud.builds.let_go(dead)
        wait_for(lambda: self.cloud.held(dead), "it is built, and nobody knows")
        self.cloud.agents[dead].kill()
        self.cloud.messages.forget_plan()
        self.cloud.pass_host_down_time(dead)
        self.begun(accepted, attempt=2)
        self.cloud.builds.let_go()
        (instance,) = self.ended(accepted)
        self.assertEqual([(1, dead, FAILED), (2, other, SUCCEEDED)], self.timeline(instance))
        fault = instance.attempts[0].fault
        self.assertEqual(faults.HOST_DOWN, fault and fault.code)

        self.cloud.builds.stick(dead)
        self.cloud.agents[dead].start()
        wait_for(lambda: self.cloud.builds.refused_to_destroy(dead), "it tears down")
        self.assertTrue(self.cloud.held(dead))
        (refused,) = self.build_and_wait(only_hosts=[dead])
        self.assert_ended_as(states.ERROR, [refused])
        self.cloud.builds.unstick(dead)
        self.becomes_schedulable(dead)
        self.assertEqual(self.timeline(instance), self.timeline(self.show(instance.uuid)))

    def test_killed_in_the_middle_of_a_build(self) -> None:
        self.open({"one": {"a": 2, "b": 2}})
        self.cloud.builds.hold()
        accepted = self.build()
        (tag,) = self.begun(accepted)
        self.cloud.agents[tag.host].kill()
        self.cloud.pass_host_down_time(tag.host)
        self.begun(accepted, attempt=2)
        self.cloud.builds.let_go()
        (instance,) = self.ended(accepted)
        self.assertEqual([FAILED, SUCCEEDED], [each.state for each in instance.attempts])
        self.cloud.agents[tag.host].start()
        self.becomes_schedulable(tag.host)

    def test_back_before_anyone_noticed(self) -> None:
        self.open({"one": {"a": 2, "b": 2}})
        self.cloud.builds.hold()
        accepted = self.build()
        (tag,) = self.begun(accepted)
        self.cloud.agents[tag.host].kill()
        self.cloud.agents[tag.host].start()
        self.cloud.builds.let_go()
        (instance,) = self.ended(accepted)
        self.assertEqual([(1, tag.host, SUCCEEDED)], self.timeline(instance))

    def test_stopped_in_good_order(self) -> None:
        self.open({"one": {"a": 2}})
        self.cloud.builds.hold()
        accepted = self.build()
        self.begun(accepted)
        self.cloud.builds.let_go()
        self.cloud.agents["a"].stop()
        self.cloud.agents["a"].start()
        (instance,) = self.ended(accepted)
        self.assertEqual([(1, "a", SUCCEEDED)], self.timeline(instance))

    def test_the_last_host_of_its_cell(self) -> None:
        self.open({"one": {"a": 2}, "two": {"b": 4}})
        self.occupy("b", 3)
        self.cloud.builds.hold("a")
        accepted = self.build(max_cells=2)
        self.begun(accepted)
        self.cloud.agents["a"].kill()
        self.cloud.pass_host_down_time("a")
        (instance,) = self.ended(accepted)
        self.assertEqual([(1, "a", FAILED), (2, "b", SUCCEEDED)], self.timeline(instance))
        self.cloud.builds.let_go()
        self.cloud.agents["a"].start()
        self.becomes_schedulable("a")

    def test_dead_alternates_are_not_tried(self) -> None:
        self.open({"one": {"a": 3, "b": 3, "c": 3}})
        self.cloud.builds.hold()
        accepted = self.build()
        (tag,) = self.begun(accepted)
        dead, alive = (host for host in ("a", "b", "c") if host != tag.host)
        for host in (dead, tag.host):
            self.cloud.agents[host].kill()
            self.cloud.pass_host_down_time(host)
        self.cloud.builds.let_go()
        (instance,) = self.ended(accepted)
        self.assertEqual((states.ACTIVE, alive), (instance.state, instance.service_host))
        for host in (dead, tag.host):
            self.cloud.agents[host].start()
            self.becomes_schedulable(host)

    def test_an_active_instance_stays_where_it_is(self) -> None:
        self.open({"one": {"a": 2, "b": 2}})
        instance = self.occupy("a", 2)
        self.cloud.agents["a"].kill()
        self.cloud.pass_host_down_time("a")
        wait_for(lambda: not self.alive("a"), "it is found down")
        (refused,) = self.build_and_wait(only_hosts=["a"])
        self.assert_ended_as(states.ERROR, [refused])
        self.assertEqual(states.ACTIVE, self.show(instance.uuid).state)
        self.cloud.agents["a"].start()
        wait_for(lambda: self.alive("a"), "it is back")

    def test_a_delete_ends_on_a_dead_host(self) -> None:
        """The claim goes; what is left goes before the host is schedulable again."""
        self.open({"one": {"a": 2}})
        instance = self.occupy("a", 2)
        self.cloud.agents["a"].kill()
        self.cloud.pass_host_down_time("a")
        self.delete(instance.uuid)
        self.reaches(instance.uuid, states.DELETED)
        self.cloud.agents["a"].start()
        self.becomes_schedulable("a", 2)

    def test_what_nobody_knows_is_left_alone(self) -> None:
        self.open({"one": {"a": 2}})
        instance = self.occupy("a", 1)
        self.cloud.agents["a"].kill()
        self.cloud.pass_host_down_time("a")
        unknown = new_uuid()
        self.cloud.plant("a", unknown, 1)
        self.delete(instance.uuid)
        self.reaches(instance.uuid, states.DELETED)
        self.cloud.agents["a"].start()
        self.becomes_schedulable("a", 2)
        self.assertIn((unknown, 1), self.cloud.held("a"))
        self.assertNotIn((instance.uuid, 1), self.cloud.held("a"))
        self.cloud.uproot("a", unknown, 1)

    def becomes_schedulable(self, host: str, vcpus: int = 1) -> None:
        """Wait until builds go there."""

        def built() -> bool:
            (instance,) = self.build_and_wait(vcpus, only_hosts=[host])
            return instance.state == states.ACTIVE

        wait_for(built, f"{host} is schedulable")

    def alive(self, host: str) -> bool:
        page = self.cloud.client.list_hosts(self.cloud.context, None)
        return next(each.alive for each in page.hosts if each.name == host)


class ServedHosts(CloudTestCase):
    def test_a_disabled_host_gets_nothing_new(self) -> None:
        self.open({"one": {"a": 3, "b": 3}})
        before = self.occupy("a", 1)
        self.set_host("a", AdminState.DISABLED)
        instances = self.build_and_wait(count=3)
        self.assertEqual({"b"}, {each.service_host for each in instances})
        (refused,) = self.build_and_wait()
        self.assert_ended_as(states.ERROR, [refused])
        self.assertEqual(states.ACTIVE, self.show(before.uuid).state)
        self.set_host("a", AdminState.ENABLED)
        wait_for(
            lambda: self.build_and_wait()[0].state == states.ACTIVE, "the host is back in service"
        )

    def test_a_disabled_alternate_is_not_tried(self) -> None:
        self.open({"one": {"a": 3, "b": 3}})
        self.cloud.builds.hold()
        accepted = self.build()
        (tag,) = self.begun(accepted)
        other = "b" if tag.host == "a" else "a"
        self.set_host(other, AdminState.DISABLED)
        self.cloud.agents[tag.host].kill()
        self.cloud.pass_host_down_time(tag.host)
        (instance,) = self.ended(accepted)
        assert instance.fault is not None
        self.assertEqual(
            (states.ERROR, faults.ALTERNATES_EXHAUSTED), (instance.state, instance.fault.code)
        )
        self.cloud.agents[tag.host].start()

    def test_a_draining_host_starts_nothing(self) -> None:
        """What it was cast and has not begun yet is moved away."""
        self.open({"one": {"a": 3, "b": 3}})
        self.cloud.messages.plan("conductor.build_started", Mishap.LOST)
        accepted = self.build()
        wait_for(lambda: self.cloud.messages.sent("conductor.build_started"), "it is cast")
        (uuid,) = accepted.instance_uuids
        first = self.show(uuid).service_host or ""
        self.set_host(first, AdminState.DRAINING)
        self.cloud.messages.forget_plan()
        (instance,) = self.ended(accepted)
        self.assertEqual(states.ACTIVE, instance.state)
        self.assertNotEqual(first, instance.service_host)
        self.assertEqual([], self.cloud.builds.begun(first))
        fault = instance.attempts[0].fault
        self.assertEqual(faults.HOST_DRAINING, fault and fault.code)

    def test_a_draining_host_ends_what_it_began(self) -> None:
        self.open({"one": {"a": 3, "b": 3}})
        self.cloud.builds.hold()
        accepted = self.build()
        (tag,) = self.begun(accepted)
        self.set_host(tag.host, AdminState.DRAINING)
        self.cloud.builds.let_go()
        (instance,) = self.ended(accepted)
        self.assertEqual([(1, tag.host, SUCCEEDED)], self.timeline(instance))

    def test_a_host_is_registered_in_two_cells(self) -> None:
        self.open({"one": {"a": 3}, "two": {"b": 1}})
        self.cloud.add_host("two", "a", 3)

        def cells() -> list[str]:
            page = self.cloud.client.list_hosts(self.cloud.context, None)
            return sorted(each.cell_name or "" for each in page.hosts if each.name == "a")

        wait_for(lambda: cells() == ["one", "two"], "both cells know it")
        instances = self.build_and_wait(count=3, only_hosts=["a"])
        self.assert_ended_as(states.ACTIVE, instances)
        self.assertEqual({"one"}, {each.cell_name for each in instances})

    def set_host(self, host: str, admin_state: str) -> None:
        self.cloud.client.set_host(self.cloud.context, host, admin_state, "as the test wants")
