"""Waiting for a request looks again and again, and ends typed."""

import testtools

from tests.functional.rpcapi.recording import Recording
from tests.functional.support.buses import Buses
from tests.unit.objects import samples
from understudy.objects import states
from understudy.objects.build_answer import BuildResult
from understudy.rpcapi import errors
from understudy.rpcapi.context import RequestContext
from understudy.rpcapi.super_conductor import LONGEST_PAUSE, SuperConductorClient

CTXT = RequestContext("a-project", "a-user")
REQUEST = samples.uuid(1)


def result(state: str) -> BuildResult:
    instance = samples.everything()["Instance"]
    instance.state = state
    return BuildResult(request_id=REQUEST, instances=[instance])


class WaitTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.buses = self.useFixture(Buses(cells=0))
        self.endpoint = Recording("result", answer=result(states.BUILDING))
        self.buses.serve(self.buses.api, "super-conductor", self.endpoint)
        self.pauses: list[float] = []
        self.seen: list[BuildResult] = []

    def wait(self, timeout: float, ends_after: int | None = None) -> BuildResult:
        """Wait; the build ends after so many pauses, none of which takes any time."""

        def pause(seconds: float) -> None:
            self.pauses.append(seconds)
            if len(self.pauses) == ends_after:
                self.endpoint.answer = result(states.ACTIVE)

        client = SuperConductorClient(self.buses.api, pause=pause)
        return client.wait(CTXT, REQUEST, timeout, self.seen.append)

    def test_it_returns_the_ending(self) -> None:
        self.assertEqual(result(states.ACTIVE), self.wait(60, ends_after=3))

    def test_only_what_changed_is_progress(self) -> None:
        self.wait(60, ends_after=3)
        self.assertEqual([result(states.BUILDING), result(states.ACTIVE)], self.seen)

    def test_the_pauses_grow_to_a_bound(self) -> None:
        self.wait(60, ends_after=15)
        self.assertEqual(sorted(self.pauses), self.pauses)
        self.assertEqual(LONGEST_PAUSE, self.pauses[-1])

    def test_in_the_end_it_gives_up_with_what_it_saw(self) -> None:
        error = self.assertRaises(errors.WaitTimedOut, self.wait, 0)
        self.assertEqual((REQUEST, 0), error.args)
        self.assertEqual(result(states.BUILDING), error.last)

    def test_a_request_that_is_not_there_is_no_reason_to_wait(self) -> None:
        self.endpoint.answer = errors.RequestNotFound(REQUEST)
        self.assertRaises(errors.RequestNotFound, self.wait, 60)
