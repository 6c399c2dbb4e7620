"""Whatever is duplicated, late, lost or killed: both sides end up believing the same."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.unit.compute.scene import HOSTS, OTHER_VM, VM, Scene
from understudy.compute.fault_plan import FaultPlan
from understudy.compute.tags import Tag
from understudy.objects import states

VMS = st.sampled_from((VM, OTHER_VM))
ON = st.sampled_from(HOSTS)
ANY = st.integers(0, 1000)


class Killed(BaseException):
    """The process is gone, in the middle of whatever it did."""


class Mortal:
    """Lets the agent die just before or just after one of its calls to the outside."""

    def __init__(self) -> None:
        self.calls_left: int | None = None
        self.afterwards = False

    def wrap(self, collaborator: object) -> object:
        return _Wrapped(self, collaborator)

    def call(self, method: Any, facts: tuple[Any, ...]) -> Any:
        if self.calls_left is not None:
            self.calls_left -= 1
        dies = self.calls_left is not None and self.calls_left < 0
        if dies and not self.afterwards:
            raise Killed
        answer = method(*facts)
        if dies:
            raise Killed
        return answer


class _Wrapped:
    def __init__(self, mortal: Mortal, collaborator: object) -> None:
        self._mortal = mortal
        self._collaborator = collaborator

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._collaborator, name)
        return lambda *facts: self._mortal.call(method, facts)


class AgentMachine(RuleBasedStateMachine):
    """One agent, two hosts, two instances, and a hostile world."""

    def __init__(self) -> None:
        super().__init__()
        logging.disable(logging.CRITICAL)
        self.folder = tempfile.TemporaryDirectory()
        self.mortal = Mortal()
        self.scene = Scene(
            FaultPlan(seed=1, rate=0.3, destroy_failures=1),
            journal=Path(self.folder.name) / "journal.sqlite3",
            wrap=self.mortal.wrap,
        )
        self.messages: list[tuple[str, Tag]] = []

    @rule(vm=VMS, host=ON)
    def start_an_attempt(self, vm: str, host: str) -> None:
        """The first one, or a next one whatever became of the last: it was too slow."""
        found = self.scene.conductor.instances.get(vm)
        if found is not None and found.state in {states.ACTIVE, states.DELETED}:
            return
        tag = Tag(host, vm, found.attempt + 1 if found else 1)
        self.scene.conductor.cast(*tag)
        self.messages.append(("build", tag))

    @rule(vm=VMS)
    def delete(self, vm: str) -> None:
        found = self.scene.conductor.instances.get(vm)
        if found is not None:
            self.scene.conductor.delete(vm)
            self.messages.append(("tear_down", Tag(found.host, vm, found.attempt)))

    @precondition(lambda self: self.messages)
    @rule(number=ANY)
    def deliver(self, number: int) -> None:
        """Messages are never used up: they come late, twice, or not at all."""
        self._deliver(*self.messages[number % len(self.messages)])

    @precondition(lambda self: self.messages)
    @rule(number=ANY)
    def deliver_during_the_next_build(self, number: int) -> None:
        message = self.messages[number % len(self.messages)]
        self.scene.during_build.append(lambda: self._deliver(*message))

    @rule(number=ANY)
    def work(self, number: int) -> None:
        self._live(lambda: self.scene.pools.run_one(number))

    @rule()
    def pass_time(self) -> None:
        self._live(self.scene.pools.pass_time)

    @rule()
    def report(self) -> None:
        self._live(self.scene.reporter.report)

    @rule(calls=st.integers(0, 3), afterwards=st.booleans())
    def will_die(self, calls: int, afterwards: bool) -> None:
        self.mortal.calls_left = calls
        self.mortal.afterwards = afterwards

    @rule()
    def restart(self) -> None:
        self.mortal.calls_left = None
        self.scene.during_build.clear()
        self.scene.restart()

    @rule(unavailable=st.integers(0, 3), unanswered=st.integers(0, 2))
    def trouble_the_bus(self, unavailable: int, unanswered: int) -> None:
        self.scene.conductor.unavailable = unavailable
        self.scene.conductor.unanswered = unanswered

    @invariant()
    def what_is_active_exists(self) -> None:
        assert self.scene.conductor.held() <= self.scene.held()

    def teardown(self) -> None:
        """The faults stop; the conductor casts again what is not in hand."""
        self.trouble_the_bus(0, 0)
        self.restart()
        for _ in range(4):
            self.scene.reporter.report()
            self._cast_what_is_not_in_hand()
            self.scene.pools.run_to_the_end()
        try:
            self._check_the_end()
        finally:
            self.scene.journal.close()
            self.folder.cleanup()
            logging.disable(logging.NOTSET)

    def _check_the_end(self) -> None:
        conductor = self.scene.conductor
        assert self.scene.held() == conductor.held(), (self.scene.held(), conductor.held())
        assert not conductor.to_tear_down, conductor.to_tear_down
        assert not self.scene.journal.unfinished()
        left = [each for each in conductor.instances.values() if each.state == states.BUILDING]
        assert not left, left

    def _cast_what_is_not_in_hand(self) -> None:
        in_hand = self.scene.conductor.beats[-1]
        for vm, instance in self.scene.conductor.instances.items():
            waits = instance.state == states.BUILDING
            if waits and (vm, instance.attempt) not in in_hand[instance.host]:
                self._deliver("build", Tag(instance.host, vm, instance.attempt))

    def _deliver(self, kind: str, tag: Tag) -> None:
        if kind == "build":
            self.scene.deliver_build(*tag)
        else:
            self.scene.deliver_teardown(*tag)

    def _live(self, work: Any) -> None:
        try:
            work()
        except Killed:
            self.restart()


class AgentPropertyTest(AgentMachine.TestCase):  # type: ignore[misc,valid-type]
    """Run the machine."""

    settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
