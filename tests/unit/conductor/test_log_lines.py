"""What conductors do by themselves is logged under the build request and the instance."""

from __future__ import annotations

from collections.abc import Callable

from oslo_context import context

from tests.fakes.faults import Fault
from tests.fakes.log_lines import LogLines
from tests.unit.conductor import test_crashes
from tests.unit.conductor.base import CloudTest
from tests.unit.conductor.cloud import Cloud, request, uuid_of
from understudy.rpcapi import errors as wire

REQUEST = uuid_of("request")
SCENARIOS: tuple[Callable[[Cloud], object], ...] = (
    test_crashes.untidy_build,
    test_crashes.dead_host,
    test_crashes.takeover_to_nowhere,
    test_crashes.delete_during_takeover,
    test_crashes.delete_while_scheduling_fails,
)


class LogLinesTest(CloudTest):
    def setUp(self) -> None:
        super().setUp()
        self.lines = self.useFixture(LogLines("understudy.conductor"))

    def assert_each_is_named(self, *uuids: str) -> None:
        for uuid in uuids:
            self.assertLessEqual(self.lines.heads(about=uuid), {(REQUEST, uuid)})

    def test_whatever_is_said_of_an_instance_has_it_in_front(self) -> None:
        for number, play in enumerate(SCENARIOS):
            cloud = self.cloud if number == 0 else self.useFixture(Cloud())
            play(cloud)
            self.assert_each_is_named(*cloud.uuids)
        self.assertNotEqual([], self.lines.all())

    def test_a_row_that_waits_for_the_ledger(self) -> None:
        self.fails_on("one-a")
        uuid = self.started()
        self.ledger.faults.writes = self.ledger.faults.reads = Fault.REFUSED
        self.agents.work()
        self.assertEqual({(REQUEST, uuid)}, self.lines.heads(about="waits for the ledger"))
        self.ledger.faults.writes = self.ledger.faults.reads = Fault.NONE
        self.settle()
        self.assert_each_is_named(uuid)

    def test_a_request_that_is_put_off(self) -> None:
        self.cloud.scheduler.failing = [wire.ServiceUnavailable("scheduler", "no answer")]
        self.cloud.build(request())
        self.assertEqual({(REQUEST, None)}, self.lines.heads(about="is put off"))

    def test_a_cell_that_does_not_answer_as_it_is_placed_there(self) -> None:
        self.cloud.databases.cells["one"].close()
        (uuid,) = self.cloud.build(request())
        self.assert_each_is_named(uuid)

    def test_afterwards_the_thread_logs_under_nothing(self) -> None:
        self.active()
        self.settle()
        self.assertIsNone(context.get_current())
