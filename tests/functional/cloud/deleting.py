"""Delete wins, whatever the build is doing."""

from __future__ import annotations

import threading

from tests.functional.cloud.case import CloudTestCase
from understudy.compute import fault_plan
from understudy.objects import states


class Deleting(CloudTestCase):
    def test_while_it_builds(self) -> None:
        self.open({"one": {"a": 1, "b": 1}})
        self.cloud.builds.hold()
        accepted = self.build()
        (tag,) = self.begun(accepted)
        self.delete(tag.instance_uuid)
        self.assertEqual(states.DELETING, self.show(tag.instance_uuid).state)
        self.cloud.builds.let_go()
        self.reaches(tag.instance_uuid, states.DELETED)
        self.assertEqual([tag], self.cloud.builds.begun())

    def test_while_it_builds_in_vain(self) -> None:
        self.open({"one": {"a": 1, "b": 1}})
        self.cloud.builds.hold()
        (tag,) = self.begun(self.build())
        self.cloud.builds.break_host(tag.host, fault_plan.host_broken())
        self.delete(tag.instance_uuid)
        self.cloud.builds.let_go()
        self.reaches(tag.instance_uuid, states.DELETED)
        self.assertEqual([tag], self.cloud.builds.begun())

    def test_before_it_is_mapped(self) -> None:
        self.open({"one": {"a": 1}})
        asked, answer = threading.Event(), threading.Event()
        self.addCleanup(answer.set)

        def hook(operation: str) -> None:
            if operation.startswith("GET /allocation_candidates"):
                asked.set()
                answer.wait(20)

        self.cloud.placement.hook = hook
        (uuid,) = self.build().instance_uuids
        self.assertTrue(asked.wait(20))
        self.assertEqual(states.ACCEPTED, self.show(uuid).state)
        self.delete(uuid)
        self.assertEqual(states.DELETING, self.show(uuid).state)
        answer.set()
        self.reaches(uuid, states.DELETED)
        self.assertEqual([], self.cloud.builds.begun())

    def test_once_it_is_active(self) -> None:
        self.open({"one": {"a": 1}})
        (instance,) = self.build_and_wait()
        self.delete(instance.uuid)
        self.reaches(instance.uuid, states.DELETED)
        self.assert_ended_as(states.ACTIVE, self.build_and_wait())

    def test_once_it_has_failed(self) -> None:
        self.open({"one": {"a": 1}})
        self.cloud.builds.break_image("bad", fault_plan.image_broken())
        (in_cell,) = self.build_and_wait(image="bad")
        (nowhere,) = self.build_and_wait(2)
        for instance in (in_cell, nowhere):
            self.assert_ended_as(states.ERROR, [instance])
            self.delete(instance.uuid)
            self.reaches(instance.uuid, states.DELETED)

    def test_again_and_again(self) -> None:
        self.open({"one": {"a": 1}})
        (instance,) = self.build_and_wait()
        for _ in range(3):
            self.delete(instance.uuid)
        self.reaches(instance.uuid, states.DELETED)
        self.delete(instance.uuid)
        self.assertEqual(states.DELETED, self.show(instance.uuid).state)

    def test_a_whole_request(self) -> None:
        """Some are built already, some are being built."""
        self.open({"one": {"a": 2}, "two": {"b": 2}})
        self.cloud.builds.hold("b")
        accepted = self.build(count=4)
        for tag in self.begun(accepted):
            if tag.host == "a":
                self.reaches(tag.instance_uuid, states.ACTIVE)
        self.cloud.client.cancel(self.cloud.context, accepted.request_id)
        self.cloud.builds.let_go()
        for uuid in accepted.instance_uuids:
            self.reaches(uuid, states.DELETED)
        self.assert_ended_as(states.ACTIVE, self.build_and_wait(2, count=2))

    def test_a_request_at_once(self) -> None:
        self.open({"one": {"a": 2}, "two": {"b": 2}})
        accepted = self.build(count=4)
        self.cloud.client.cancel(self.cloud.context, accepted.request_id)
        for uuid in accepted.instance_uuids:
            self.reaches(uuid, states.DELETED)
