"""Groups hold through alternates."""

from __future__ import annotations

from tests.functional.cloud.case import CloudTestCase, apart, new_uuid
from understudy.compute import fault_plan
from understudy.conductor import faults
from understudy.objects import states
from understudy.objects.build_request import Affinity
from understudy.objects.fields import AffinityPolicy


class Groups(CloudTestCase):
    def test_members_that_fail_together_go_apart(self) -> None:
        self.open({"one": {"a": 4, "b": 4, "c": 4, "d": 4}})
        for host in ("c", "d"):
            self.occupy(host, 1)
        instances = self.break_first(fault_plan.host_broken(), count=2, affinity=apart())
        self.assert_ended_as(states.ACTIVE, instances)
        first, second = ({a.service_host for a in each.attempts} for each in instances)
        self.assertEqual(set(), first & second)
        self.assertEqual({"c", "d"}, {each.service_host for each in instances})

    def test_two_requests_of_one_group(self) -> None:
        """The second is built on an alternate of the first, which must not go there any more."""
        self.open({"one": {"a": 3, "b": 3, "c": 3}})
        group = apart()
        self.cloud.builds.hold()
        first = self.build(affinity=group)
        (tag,) = self.begun(first)
        second = self.build(affinity=group)
        self.begun(second)
        self.cloud.builds.break_host(tag.host, fault_plan.host_broken())
        self.cloud.builds.let_go()
        instances = [*self.ended(first), *self.ended(second)]
        self.assert_ended_as(states.ACTIVE, instances)
        hosts = {each.service_host for each in instances}
        self.assertEqual({"a", "b", "c"} - {tag.host}, hosts)

    def test_rather_an_error_than_a_shared_host(self) -> None:
        self.open({"one": {"a": 3, "b": 3}})
        self.cloud.builds.hold()
        accepted = self.build(count=2, affinity=apart())
        tag = self.begun(accepted)[0]
        self.cloud.builds.break_host(tag.host, fault_plan.host_broken())
        self.cloud.builds.let_go()
        instances = {each.uuid: each for each in self.ended(accepted)}
        failed = instances.pop(tag.instance_uuid)
        self.assertEqual(states.ERROR, failed.state)
        self.assert_ended_as(states.ACTIVE, list(instances.values()))

    def test_in_another_cell_too(self) -> None:
        self.open({"one": {"a": 2}, "two": {"b": 8, "c": 8}})
        for host in ("b", "c"):
            self.occupy(host, 6)
        self.cloud.builds.break_host("a", fault_plan.host_broken())
        instances = self.build_and_wait(count=2, affinity=apart(), max_cells=2)
        self.assert_ended_as(states.ACTIVE, instances)
        self.assertEqual({"b", "c"}, {each.service_host for each in instances})

    def test_a_deleted_member_leaves_its_host(self) -> None:
        self.open({"one": {"a": 3}})
        group = apart()
        (instance,) = self.build_and_wait(affinity=group)
        (refused,) = self.build_and_wait(affinity=group)
        assert refused.fault is not None
        self.assertEqual(faults.NO_VALID_HOST, refused.fault.code)
        self.assertIn("anti_affinity", refused.fault.message)
        self.delete(instance.uuid)
        self.reaches(instance.uuid, states.DELETED)
        self.assert_ended_as(states.ACTIVE, self.build_and_wait(affinity=group))

    def test_members_that_must_share_a_host(self) -> None:
        self.open({"one": {"a": 3, "b": 3}, "two": {"c": 3}})
        together = Affinity(group_uuid=new_uuid(), policy=AffinityPolicy.AFFINITY)
        instances = self.build_and_wait(count=2, affinity=together)
        self.assert_ended_as(states.ACTIVE, instances)
        instances += self.build_and_wait(affinity=together)
        self.assertEqual(1, len({each.service_host for each in instances}))
        (refused,) = self.build_and_wait(affinity=together)
        self.assert_ended_as(states.ERROR, [refused])

    def test_members_that_must_share_a_host_have_no_understudy(self) -> None:
        self.open({"one": {"a": 3, "b": 3}})
        together = Affinity(group_uuid=new_uuid(), policy=AffinityPolicy.AFFINITY)
        instances = self.break_first(fault_plan.host_broken(), count=2, affinity=together)
        self.assert_ended_as(states.ERROR, instances)
        self.assertEqual({1}, {len(each.attempts) for each in instances})
