"""Listeners hear all that becomes of an instance."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import testtools

from tests.functional.seen.listening import Listener
from tests.functional.support.waiting import wait_for
from understudy.cells.announcing import LAST
from understudy.cli.embedded import EmbeddedCloud
from understudy.cli.embedded_cell import Pace
from understudy.compute.fake_hosts import fake_host
from understudy.compute.fault_plan import FaultPlan, host_broken, image_broken
from understudy.compute.tags import Tag
from understudy.objects import states
from understudy.objects.build_request import BuildRequest
from understudy.objects.fault import Fault
from understudy.objects.notification import InstanceEvent

ACCEPTED, SELECTED = InstanceEvent.ACCEPTED, InstanceEvent.SELECTED
FAILED, ACTIVE = InstanceEvent.ATTEMPT_FAILED, InstanceEvent.ACTIVE
ERROR, DELETED = InstanceEvent.ERROR, InstanceEvent.DELETED


class FirstAttemptFails(FaultPlan):
    """Whatever host it is on."""

    def fault_of(self, tag: Tag, image: str | None) -> Fault | None:
        return host_broken() if tag.attempt == 1 else None


class NotificationsTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.listener = self.useFixture(Listener())

    def open(self, cells: Mapping[str, Sequence[str]], plan: FaultPlan, on: bool = True) -> None:
        hosts = {
            cell: [fake_host(name, f"{cell}-agent", {"VCPU": 4}) for name in names]
            for cell, names in cells.items()
        }
        pace = Pace()
        fast = dataclasses.replace(pace.timing, publish=0.05, sweep=0.1, retry=0.1, settle=0.2)
        self.cloud = EmbeddedCloud(
            cells=hosts, plan=plan, pace=dataclasses.replace(pace, timing=fast), announces=on
        )
        self.addCleanup(self.cloud.close)

    def build(self, **asked: Any) -> str:
        wanted = BuildRequest(
            request_id=str(uuid.uuid4()),
            project_id="a-project",
            user_id="a-user",
            resources={"VCPU": 1},
            **asked,
        )
        accepted = self.cloud.client.build(self.cloud.context(), wanted)
        self.cloud.client.wait(self.cloud.context(), accepted.request_id, 30.0)
        (instance,) = accepted.instance_uuids
        return str(instance)

    def hears(self, instance: str, *expected: tuple[str, int]) -> None:
        """Wait for the last, then compare (event, attempt) of all that came first."""
        last = expected[-1]

        def heard() -> bool:
            return last in [(e.event_type, e.attempt) for e in self.listener.of(instance)]

        wait_for(heard, f"{last} is heard")
        events = self.listener.of(instance)
        known = {event.sequence: event for event in events}
        in_order = [known[sequence] for sequence in sorted(known)]
        self.assertEqual(list(expected), [(e.event_type, e.attempt) for e in in_order])

    def test_a_build_that_is_retried_and_deleted(self) -> None:
        self.open({"one": ["a", "b"]}, FirstAttemptFails())
        instance = self.build(name="web")
        made = [(SELECTED, 1), (FAILED, 1), (SELECTED, 2), (ACTIVE, 2)]
        self.hears(instance, (ACCEPTED, 0), *made)
        self.cloud.client.delete(self.cloud.context(), instance)
        self.hears(instance, (ACCEPTED, 0), *made, (DELETED, 2))
        last = self.listener.of(instance)[-1]
        self.assertEqual(
            (LAST, states.DELETED, "one"), (last.sequence, last.state, last.cell_name)
        )

    def test_in_one_cell_they_come_in_order_with_all_that_is_known(self) -> None:
        self.open({"one": ["a", "b"]}, FaultPlan(hosts={n: host_broken() for n in "ab"}))
        instance = self.build(max_attempts=2)
        self.hears(
            instance,
            (ACCEPTED, 0),
            (SELECTED, 1),
            (FAILED, 1),
            (SELECTED, 2),
            (FAILED, 2),
            (ERROR, 2),
        )
        from_cell = [e for e in self.listener.of(instance) if e.publisher == "one-conductor"]
        self.assertEqual(sorted(e.sequence for e in from_cell), [e.sequence for e in from_cell])
        failed = next(e for e in from_cell if e.event_type == FAILED)
        assert failed.fault is not None
        self.assertEqual("host-broken", failed.fault.code)
        self.assertIn(failed.service_host, ("a", "b"))
        self.assertEqual("one", failed.cell_name)
        self.assertGreater(failed.time, 0.0)
        self.assertEqual(states.ERROR, from_cell[-1].state)

    def test_no_cell_takes_it(self) -> None:
        self.open({"one": ["a"]}, FaultPlan())
        instance = self.build(only_hosts=["nowhere"])
        self.hears(instance, (ACCEPTED, 0), (ERROR, 0))
        (error,) = [e for e in self.listener.of(instance) if e.event_type == ERROR]
        self.assertEqual(("super-conductor", None), (error.publisher, error.cell_name))
        assert error.fault is not None

    def test_off_unless_asked_for(self) -> None:
        self.open({"one": ["a"]}, FaultPlan(images={"bad": image_broken()}), on=False)
        self.build(image="bad")
        self.assertEqual(0, self.cloud.api.outbox.count())
        self.assertEqual(0, self.cloud.cells["one"].store.outbox.count())
        self.assertEqual([], self.listener.heard)
