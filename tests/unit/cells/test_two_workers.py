"""Two workers with records of any age on one build: what is committed is always one story."""

from __future__ import annotations

from collections.abc import Callable

import hypothesis
import testtools
from hypothesis import stateful
from hypothesis import strategies as st

from tests.functional.support.databases import Databases
from tests.unit.cells.base import LONG, OVER, fault, host_of, new_build, selection
from understudy.cells import errors
from understudy.cells.records import InstanceRecord
from understudy.objects import states
from understudy.objects.errors import IllegalMove

WORKERS = ("left", "right")
LEASES = st.sampled_from([LONG, OVER])
HOSTS = [f"h{number}" for number in range(5)]


class TwoWorkers(stateful.RuleBasedStateMachine):
    """Each worker keeps the last record that it was given, however old it has become."""

    workers = st.sampled_from(WORKERS)
    hosts = st.sampled_from(HOSTS)

    def __init__(self) -> None:
        super().__init__()
        self.databases = Databases("one")
        self.databases.setUp()
        self.cell = self.databases.cells["one"]
        self.held = dict.fromkeys(WORKERS, self.cell.insert_build(new_build(*HOSTS)))
        self.uuid = self.held["left"].uuid
        self.last = self.now()

    def teardown(self) -> None:
        self.databases.cleanUp()

    def now(self) -> InstanceRecord:
        return self.cell.instance(self.uuid)

    def act(
        self, worker: str, change: Callable[[], InstanceRecord], *, reported: bool = False
    ) -> None:
        """Do it: on what the worker knows, or not at all."""
        before, known = self.now(), self.held[worker]
        try:
            self.held[worker] = change()
            assert known.attempt == before.attempt
            assert reported or known.state == before.state
        except (errors.LostRace, errors.LeaseHeld, IllegalMove):
            now = self.now()
            assert (before.state, before.attempt, before.selection, before.lease_owner) == (
                now.state,
                now.attempt,
                now.selection,
                now.lease_owner,
            )

    @stateful.rule(worker=workers)
    def look(self, worker: str) -> None:
        self.held[worker] = self.now()

    @stateful.rule(worker=workers, seconds=LEASES)
    def take(self, worker: str, seconds: float) -> None:
        self.act(worker, lambda: self.cell.take(self.held[worker], worker, seconds))

    @stateful.rule(worker=workers)
    def cast(self, worker: str) -> None:
        self.act(worker, lambda: self.cell.mark_cast(self.held[worker]))

    @stateful.rule(worker=workers)
    def report_failure(self, worker: str) -> None:
        known = self.held[worker]
        report = (known.uuid, known.attempt, host_of(known), fault(), True)
        self.act(worker, lambda: self.cell.fail(*report), reported=True)

    @stateful.rule(worker=workers)
    def report_success(self, worker: str) -> None:
        known = self.held[worker]
        report = (known.uuid, known.attempt, host_of(known))
        self.act(worker, lambda: self.cell.succeed(*report), reported=True)

    @stateful.rule(worker=workers, host=hosts, seconds=LEASES)
    def next_attempt(self, worker: str, host: str, seconds: float) -> None:
        target = selection(host)
        self.act(
            worker,
            lambda: self.cell.next_attempt(self.held[worker], target, [], worker, seconds),
        )

    @stateful.rule(worker=workers, host=hosts)
    def retarget(self, worker: str, host: str) -> None:
        self.act(worker, lambda: self.cell.retarget(self.held[worker], selection(host), []))

    @stateful.rule(worker=workers)
    def claimed(self, worker: str) -> None:
        self.act(worker, lambda: self.cell.claimed(self.held[worker], 2))

    @stateful.rule(worker=workers)
    def exhaust(self, worker: str) -> None:
        self.act(worker, lambda: self.cell.exhaust(self.held[worker], fault()))

    @stateful.rule(worker=workers, seconds=LEASES)
    def begin_hand_over(self, worker: str, seconds: float) -> None:
        self.act(worker, lambda: self.cell.begin_hand_over(self.held[worker], worker, seconds))

    @stateful.rule(worker=workers)
    def begin_failing(self, worker: str) -> None:
        self.act(worker, lambda: self.cell.begin_failing(self.held[worker], fault()))

    @stateful.rule(worker=workers)
    def end(self, worker: str) -> None:
        self.act(worker, lambda: self.cell.end(self.held[worker]))

    @stateful.invariant()
    def attempts_never_go_back_and_every_move_is_legal(self) -> None:
        now = self.now()
        assert now.attempt in {self.last.attempt, self.last.attempt + 1}
        assert now.state == self.last.state or now.state in states.MOVES[self.last.state], (
            f"{self.last.state} -> {now.state}"
        )
        self.last = now

    @stateful.invariant()
    def the_newest_attempt_is_the_rows_own(self) -> None:
        now, attempts = self.now(), self.cell.attempts(self.uuid)
        newest = attempts[-1]
        assert (newest.number, newest.selection) == (now.attempt, now.selection)
        under_way = [one for one in attempts if one.ended_at is None]
        assert len(under_way) <= 1
        wanted = {
            states.MOVING: {"INTENDED"},
            states.BUILDING: {"CLAIMED", "CAST", "FAILED"},
            states.ACTIVE: {"SUCCEEDED"},
        }
        assert newest.state in wanted.get(now.state, {"FAILED", "LOST_CLAIM", "SUPERSEDED"})


class TwoWorkersTest(testtools.TestCase):
    def test_what_is_committed_is_always_one_story(self) -> None:
        settings = hypothesis.settings(max_examples=40, stateful_step_count=25, deadline=None)
        stateful.run_state_machine_as_test(TwoWorkers, settings=settings)
