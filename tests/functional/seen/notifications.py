"""Listeners hear all that becomes of an instance, at least once, whoever is killed."""

from __future__ import annotations

from typing import Any

from tests.functional.cloud.subject import OnGround
from tests.functional.seen.listening import Listener
from tests.functional.support.waiting import wait_for
from understudy.cells.announcing import LAST
from understudy.compute import fault_plan
from understudy.objects import states
from understudy.objects.notification import InstanceEvent, InstanceNotification

ACCEPTED, SELECTED = InstanceEvent.ACCEPTED, InstanceEvent.SELECTED
FAILED, ACTIVE = InstanceEvent.ATTEMPT_FAILED, InstanceEvent.ACTIVE
ERROR, DELETED = InstanceEvent.ERROR, InstanceEvent.DELETED
RETRIED = [(ACCEPTED, 0), (SELECTED, 1), (FAILED, 1), (SELECTED, 2), (ACTIVE, 2)]


class Notifications(OnGround):
    def listen(self, *hosts: str, **more: Any) -> None:
        """Make a cloud of one cell that announces, and hear what it says."""
        self.open({"one": dict.fromkeys(hosts, 4)}, **{"announces": True, **more})
        # On each bus, for that is where conductors publish unless they are told otherwise.
        buses = set(self.ground.transport_urls.values())
        self.listener = self.useFixture(Listener(map(self.ground.open_notifications, buses)))

    def hears(self, instance: str, *expected: tuple[str, int]) -> None:
        """Wait for all, then compare (event, attempt) of what came, each once."""
        wait_for(lambda: set(expected) <= {*self.told(instance)}, f"{expected} are heard")
        events = self.listener.of(instance)
        known = {event.sequence: event for event in events}
        in_order = [known[sequence] for sequence in sorted(known)]
        self.assertEqual(list(expected), [(e.event_type, e.attempt) for e in in_order])

    def told(self, instance: str) -> list[tuple[str, int]]:
        """Return (event, attempt) of all that came of it, repeats too."""
        return [(event.event_type, event.attempt) for event in self.listener.of(instance)]

    def test_a_build_that_is_retried_and_deleted(self) -> None:
        self.listen("a", "b")
        (instance,) = self.break_first(fault_plan.host_broken(), name="web")
        self.hears(instance.uuid, *RETRIED)
        self.delete(instance.uuid)
        self.hears(instance.uuid, *RETRIED, (DELETED, 2))
        last = self.listener.of(instance.uuid)[-1]
        self.assertEqual(
            (LAST, states.DELETED, "one"), (last.sequence, last.state, last.cell_name)
        )

    def test_in_one_cell_they_come_in_order_with_all_that_is_known(self) -> None:
        self.listen("a", "b")
        for host in ("a", "b"):
            self.cloud.builds.break_host(host, fault_plan.host_broken())
        (instance,) = self.build_and_wait(max_attempts=2)
        failed = [(SELECTED, 1), (FAILED, 1), (SELECTED, 2), (FAILED, 2), (ERROR, 2)]
        self.hears(instance.uuid, (ACCEPTED, 0), *failed)
        heard = sorted(self.listener.of(instance.uuid), key=lambda event: event.sequence)
        from_cell = [event for event in heard if event.publisher == "one-0"]
        self.assertEqual(failed, [(e.event_type, e.attempt) for e in from_cell])
        self.check_failed(from_cell[1])
        self.assertEqual(states.ERROR, from_cell[-1].state)

    def check_failed(self, event: InstanceNotification) -> None:
        assert event.fault is not None
        self.assertEqual("host-broken", event.fault.code)
        self.assertIn(event.service_host, ("a", "b"))
        self.assertEqual("one", event.cell_name)
        self.assertGreater(event.time, 0.0)

    def test_no_cell_takes_it(self) -> None:
        self.listen("a")
        (instance,) = self.build_and_wait(only_hosts=["nowhere"])
        self.hears(instance.uuid, (ACCEPTED, 0), (ERROR, 0))
        (error,) = [e for e in self.listener.of(instance.uuid) if e.event_type == ERROR]
        self.assertEqual(("super-conductor-0", None), (error.publisher, error.cell_name))
        assert error.fault is not None

    def test_the_cells_conductor_dies_before_it_notes_what_it_published(self) -> None:
        self.listen("a", "b", lease=2.0)
        self.cloud.announcements.kill_after(FAILED)
        (instance,) = self.break_first(fault_plan.host_broken())
        self.cloud.conductors["one"].stop()
        self.cloud.conductors["one"].start()
        self.hears(instance.uuid, *RETRIED)
        told = self.told(instance.uuid)
        self.assertEqual((2, 1), (told.count((FAILED, 1)), told.count((ACTIVE, 2))))
        sequences = [e.sequence for e in self.listener.of(instance.uuid) if e.event_type == FAILED]
        self.assertEqual(1, len(set(sequences)))
        self.all_is_published()

    def test_a_super_conductor_dies_before_it_notes_what_it_published(self) -> None:
        """The other one goes on, once the turn of the dead one is over."""
        self.listen("a", replicas=2, lease=2.0)
        self.cloud.announcements.kill_after(ACCEPTED)
        (instance,) = self.build_and_wait()
        wait_for(lambda: self.told(instance.uuid).count((ACCEPTED, 0)) == 2, "it is told again")
        self.hears(instance.uuid, (ACCEPTED, 0), (SELECTED, 1), (ACTIVE, 1))
        self.all_is_published()

    def test_off_unless_asked_for(self) -> None:
        self.listen("a", announces=False)
        self.build_and_wait()
        self.assertEqual([0, 0], self.waiting())
        self.assertEqual([], self.listener.heard)

    def waiting(self) -> list[int]:
        """Return how many events the API level and the cell have not published yet."""
        databases = self.ground.databases
        return [databases.api.outbox.count(), databases.cells["one"].outbox.count()]

    def all_is_published(self) -> None:
        wait_for(lambda: self.waiting() == [0, 0], "all is published, and noted to be")
