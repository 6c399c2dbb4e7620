"""Publishing: at least once, one conductor at a time, in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tests.unit.cells.base import CellTest, fault, new_build, request, uuid
from understudy.cells import api_store, cell_store, errors
from understudy.cells.announcing import LAST
from understudy.cells.cell_store import CellStore
from understudy.cells.outbox import Outbox
from understudy.conductor.lease import Lease
from understudy.conductor.publishing import BATCH, Publisher
from understudy.objects.notification import InstanceEvent, InstanceNotification
from understudy.rpcapi import errors as wire

SHORT = 0.01
"""Seconds of a turn that is over before the next publisher comes."""
SELECTED, FAILED = InstanceEvent.SELECTED, InstanceEvent.ATTEMPT_FAILED


class Killed(BaseException):
    """The process ended here."""


class FakeNotifier:
    """Hears what is published; `before` may go wrong."""

    def __init__(self) -> None:
        self.heard: list[InstanceNotification] = []
        self.before: Callable[[InstanceNotification], None] = lambda event: None

    def publish(self, event: InstanceNotification) -> None:
        self.before(event)
        self.heard.append(event)

    def told(self) -> list[tuple[str, int]]:
        return [(event.event_type, event.attempt) for event in self.heard]


class KilledAfterPublishing(Outbox):
    """An outbox whose process dies before it notes what was published."""

    def published(self, owner: str, numbers: object) -> None:
        raise Killed


class PublishingTest(CellTest):
    def setUp(self) -> None:
        super().setUp()
        self.cell: CellStore = cell_store.connect(
            "one", self.databases.urls["one"], announces=True
        )
        self.addCleanup(self.cell.close)
        self.notifier = FakeNotifier()

    def publisher(self, name: str = "me", seconds: float = 60.0) -> Publisher:
        return Publisher(self.cell.outbox, self.notifier, Lease(name, seconds))

    def dying(self, seconds: float) -> Publisher:
        outbox = self.cell.outbox
        dying = KilledAfterPublishing(outbox.database, outbox._table, outbox._turns)
        return Publisher(dying, self.notifier, Lease("killed", seconds), lambda: 0.0)

    def test_all_of_a_build_that_moves(self) -> None:
        moving = self.moving("h1", "h2")
        self.cell.claimed(moving, 2)
        self.cell.succeed(moving.uuid, 2, "h2")
        self.publisher().sweep()
        told = [(SELECTED, 1), (FAILED, 1), (SELECTED, 2), (InstanceEvent.ACTIVE, 2)]
        self.assertEqual(told, self.notifier.told())
        self.assertEqual([11, 12, 21, 23], [event.sequence for event in self.notifier.heard])
        self.assertEqual(["h1", "h1", "h2", "h2"], [e.service_host for e in self.notifier.heard])
        self.assertEqual(0, self.cell.outbox.count())

    def test_an_error(self) -> None:
        self.error("h1")
        self.publisher().sweep()
        told = [(SELECTED, 1), (FAILED, 1), (InstanceEvent.ERROR, 1)]
        self.assertEqual(told, self.notifier.told())
        self.assertEqual(fault(), self.notifier.heard[-1].fault)

    def test_an_attempt_that_the_deadline_ends_has_failed(self) -> None:
        self.cell.begin_failing(self.building("h1"), fault("late"))
        self.cell.exhaust(self.building("h1"), fault("gone"))
        self.publisher().sweep()
        codes = [e.fault.code for e in self.notifier.heard if e.event_type == FAILED and e.fault]
        self.assertEqual(["late", "gone"], codes)

    def test_a_repeated_report_is_no_new_event(self) -> None:
        record = self.failed("h1")
        self.publisher().sweep()
        self.cell.fail(record.uuid, 1, "h1", fault(), cleaned=True)
        self.publisher().sweep()
        self.assertEqual([(SELECTED, 1), (FAILED, 1)], self.notifier.told())

    def test_nothing_is_announced_of_what_did_not_happen(self) -> None:
        record = self.failed("h1")
        self.assertRaises(errors.LostRace, self.cell.succeed, record.uuid, 1, "h1")
        self.publisher().sweep()
        self.assertEqual([(SELECTED, 1), (FAILED, 1)], self.notifier.told())

    def test_killed_between_publishing_and_noting_it(self) -> None:
        """Published twice, under the same sequences, and never not at all."""
        self.failed("h1")
        self.assertRaises(Killed, self.dying(SHORT).sweep)
        time.sleep(2 * SHORT)
        self.publisher("next").sweep()
        self.assertEqual([(SELECTED, 1), (FAILED, 1)] * 2, self.notifier.told())
        self.assertEqual([11, 12] * 2, [event.sequence for event in self.notifier.heard])
        self.assertEqual(0, self.cell.outbox.count())

    def test_who_lost_the_turn_forgets_nothing(self) -> None:
        """By then its numbers may be those of other events."""
        self.failed("h1")

        def overtaken(event: InstanceNotification) -> None:
            self.notifier.before = lambda event: None
            time.sleep(2 * SHORT)
            self.publisher("next").sweep()
            self.failed("h2")

        self.notifier.before = overtaken
        Publisher(self.cell.outbox, self.notifier, Lease("slow", SHORT), lambda: 0.0).sweep()
        self.assertEqual(2, self.cell.outbox.count())
        self.publisher().sweep()
        told = [e.event_type for e in self.notifier.heard if e.service_host == "h2"]
        self.assertEqual([SELECTED, FAILED], told)

    def test_what_was_published_before_the_broker_went_is_not_published_again(self) -> None:
        self.failed("h1")

        def broken(event: InstanceNotification) -> None:
            if event.event_type == FAILED:
                raise wire.ServiceUnavailable("notifications", "no broker")

        self.notifier.before = broken
        self.publisher().sweep()
        self.assertEqual([(SELECTED, 1)], self.notifier.told())
        self.notifier.before = lambda event: None
        self.publisher("another").sweep()
        self.assertEqual([(SELECTED, 1), (FAILED, 1)], self.notifier.told())

    def test_two_publishers_take_turns(self) -> None:
        for _ in range(3):
            self.failed("h1")
        inside, go_on = threading.Event(), threading.Event()

        def wait(event: InstanceNotification) -> None:
            inside.set()
            go_on.wait(10)

        self.notifier.before = wait
        first = threading.Thread(target=self.publisher("first").sweep)
        first.start()
        inside.wait(10)
        self.publisher("second").sweep()
        self.assertEqual([], self.notifier.told())
        go_on.set()
        first.join()
        self.assertEqual([(SELECTED, 1), (FAILED, 1)] * 3, self.notifier.told())

    def test_the_turn_of_a_killed_one_is_waited_out(self) -> None:
        self.failed("h1")
        self.assertRaises(Killed, self.dying(60.0).sweep)
        self.publisher("next").sweep()
        self.assertEqual(2, len(self.notifier.heard))
        self.cell.outbox.release("nobody")
        self.assertEqual(2, self.cell.outbox.count())

    def test_more_than_a_batch(self) -> None:
        for _ in range(BATCH // 2 + 3):
            self.failed("h1")
        self.publisher().sweep()
        self.assertEqual(BATCH + 6, len(self.notifier.heard))
        self.assertEqual(0, self.cell.outbox.count())

    def test_a_slow_broker_does_not_outlast_the_turn(self) -> None:
        for _ in range(3):
            self.failed("h1")
        now = 0.0

        def slow(event: InstanceNotification) -> None:
            nonlocal now
            now += 20.0

        self.notifier.before = slow
        Publisher(self.cell.outbox, self.notifier, Lease("me", 60.0), lambda: now).sweep()
        self.assertEqual(2, len(self.notifier.heard))
        self.assertEqual(4, self.cell.outbox.count())


class OfTheApiLevelTest(CellTest):
    def setUp(self) -> None:
        super().setUp()
        self.api = api_store.connect(self.databases.urls["api"], announces=True)
        self.addCleanup(self.api.close)

    def test_accepted_failed_and_deleted(self) -> None:
        instance, failing = uuid(), uuid()
        wanted = request()
        self.api.accept(wanted, [(instance, "web-1"), (failing, "web-2")], 60.0)
        self.api.accept(wanted, [(instance, "web-1"), (failing, "web-2")], 60.0)
        self.api.map_to_cell(instance, self.databases.records["one"].uuid)
        self.api.fail_unmapped(failing, fault())
        self.api.fail_unmapped(failing, fault())
        self.api.begin_deleting(instance)
        self.api.end_deleting(instance)
        self.api.end_deleting(instance)
        events = [event for _, event in self.api.outbox.oldest(10)]
        told = [(event.instance_uuid, event.sequence, event.cell_name) for event in events]
        expected = [
            (instance, 0, None),
            (failing, 0, None),
            (failing, 4, None),
            (instance, LAST, "one"),
        ]
        self.assertEqual(expected, told)

    def test_a_build_in_its_cell_is_the_cells_to_tell(self) -> None:
        self.cell.insert_build(new_build())
        self.assertEqual(0, self.api.outbox.count())
        self.assertFalse(self.api.outbox.is_waiting())
        self.assertEqual(0.0, self.api.outbox.age())
