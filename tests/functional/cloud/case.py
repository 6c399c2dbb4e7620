"""What all cases of a whole cloud share: ask, wait, look, and the audit at the end."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import fixtures
import testtools

from tests.functional.support.cloud import CloudSpec, CloudUnderTest
from tests.functional.support.waiting import PATIENCE, wait_for, wait_for_none
from understudy.compute.tags import Tag
from understudy.objects import states
from understudy.objects.build_answer import BuildAccepted
from understudy.objects.build_request import Affinity, BuildRequest
from understudy.objects.fault import Fault
from understudy.objects.fields import AffinityPolicy
from understudy.objects.instance import Instance


def new_uuid() -> str:
    return str(uuid.uuid4())


def request(vcpus: int = 1, **asked: Any) -> BuildRequest:
    """Return a request for instances of so many VCPUs."""
    whose = {"request_id": new_uuid(), "project_id": "a-project", "user_id": "a-user"}
    return BuildRequest(**{**whose, "resources": {"VCPU": vcpus}, **asked})


def apart(group: str | None = None) -> Affinity:
    """Return an anti-affinity group."""
    return Affinity(group_uuid=group or new_uuid(), policy=AffinityPolicy.ANTI_AFFINITY)


class CloudTestCase(testtools.TestCase):
    """A case on a cloud of its own; a subclass says what that runs on.

    A case that passes is audited: all that was asked for has ended, every claim
    is right, and every host holds what it should and nothing else.
    """

    cloud: CloudUnderTest

    def setUp(self) -> None:
        super().setUp()
        # Kept, and shown where a case fails.
        self.useFixture(
            fixtures.FakeLogger(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
        )

    def make_cloud(self, spec: CloudSpec) -> CloudUnderTest:
        """Return a running cloud."""
        raise NotImplementedError

    def open(self, cells: Mapping[str, Mapping[str, int]], **more: Any) -> None:
        """Make the cloud of these {cell: {host: VCPUs}}."""
        self.cloud = self.make_cloud(CloudSpec(cells, **more))

    def _run_test_method(self, result: Any) -> Any:
        # Not at the cleanup, which comes after a failure as well.
        done = super()._run_test_method(result)
        self.check_books()
        return done

    # --- ask

    def build(self, vcpus: int = 1, **asked: Any) -> BuildAccepted:
        """Have instances built."""
        return self.cloud.client.build(self.cloud.context, request(vcpus, **asked))

    def delete(self, instance_uuid: str) -> None:
        self.cloud.client.delete(self.cloud.context, instance_uuid)

    def show(self, instance_uuid: str) -> Instance:
        return self.cloud.client.show(self.cloud.context, instance_uuid)

    def occupy(self, host: str, vcpus: int) -> Instance:
        """Take so much of a host; of several hosts the emptier one is chosen first."""
        (instance,) = self.build_and_wait(vcpus, only_hosts=[host])
        self.assert_ended_as(states.ACTIVE, [instance])
        return instance

    # --- wait

    def ended(self, accepted: BuildAccepted) -> list[Instance]:
        """Return the request's instances, with their attempts, once all have ended."""
        self.cloud.client.wait(self.cloud.context, accepted.request_id, PATIENCE)
        return [self.show(instance) for instance in accepted.instance_uuids]

    def build_and_wait(self, vcpus: int = 1, **asked: Any) -> list[Instance]:
        """Return what became of instances."""
        return self.ended(self.build(vcpus, **asked))

    def begun(self, accepted: BuildAccepted, attempt: int = 1) -> list[Tag]:
        """Return this attempt of each instance once all of them have begun to be built."""
        wanted = {(uuid, attempt) for uuid in accepted.instance_uuids}

        def begun() -> list[Tag]:
            tags = [tag for tag in self.cloud.builds.begun() if tag[1:] in wanted]
            return tags if {tag[1:] for tag in tags} == wanted else []

        return wait_for(begun, f"attempt {attempt} of {len(wanted)} builds begins")

    def break_first(self, fault: Fault, vcpus: int = 1, **asked: Any) -> list[Instance]:
        """Build, and break the hosts that were chosen first; return what became of it all."""
        self.cloud.builds.hold()
        accepted = self.build(vcpus, **asked)
        for tag in self.begun(accepted):
            self.cloud.builds.break_host(tag.host, fault)
        self.cloud.builds.let_go()
        return self.ended(accepted)

    def reaches(self, instance_uuid: str, *wanted: str) -> Instance:
        """Return the instance once it is in one of these states."""

        def look() -> Instance | None:
            instance = self.show(instance_uuid)
            return instance if instance.state in wanted else None

        found = wait_for(look, f"{instance_uuid} becomes {' or '.join(wanted)}")
        assert found is not None
        return found

    # --- look

    def listed(self) -> list[Instance]:
        """Return all instances of all cells."""
        return list(self._pages())

    def timeline(self, instance: Instance) -> list[tuple[int, str, str]]:
        """Return (number, host, state) of each attempt."""
        return [(each.number, each.service_host, each.state) for each in instance.attempts]

    def assert_ended_as(self, state: str, instances: Sequence[Instance]) -> None:
        self.assertEqual({state}, {instance.state for instance in instances}, _say(instances))

    # --- the audit

    def check_books(self) -> None:
        """Wait until nothing is left to do, and compare all that is claimed, held and shown."""
        wait_for_none(self._under_way, "every instance ends")
        wait_for_none(
            lambda: [*self.cloud.findings(), *self._wrongly_held()], "the books are in order"
        )

    def _under_way(self) -> list[str]:
        listed = self.listed()
        return [f"{i.uuid} is {i.state}" for i in listed if i.state not in states.ENDED]

    def _wrongly_held(self) -> Iterator[str]:
        alive = [each for each in self.listed() if each.state == states.ACTIVE]
        for host in self.cloud.agents:
            should = {(i.uuid, i.attempt) for i in alive if i.service_host == host}
            holds = set(self.cloud.held(host))
            if should != holds:
                yield f"{host} holds {sorted(holds)}, should hold {sorted(should)}"

    def _pages(self) -> Iterator[Instance]:
        marker: str | None = None
        while True:
            page = self.cloud.client.list_instances(
                self.cloud.context, {}, ["created_at"], ["asc"], 100, marker
            )
            self.assertEqual([], page.cells_unanswered)
            yield from page.instances
            marker = page.marker
            if marker is None:
                return


def _say(instances: Sequence[Instance]) -> str:
    return "; ".join(
        f"{each.uuid} {each.state} {each.fault.message if each.fault else ''}"
        for each in instances
    )
