"""Random histories, told to the fake and to the real Placement, must not differ.

What the promises state one by one is here mixed: claims, moves, unclaims and
consumers left behind, with answers lost, late and contended in between.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import testtools
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.fakes import ledger as fake
from tests.fakes.faults import Fault
from tests.functional.ledger.subject import CELL, OWNER, new_uuid, wanted
from tests.functional.support import placement
from understudy.ledger import errors
from understudy.objects.host import Provider

HOSTS = 3
CONSUMERS = 4

hosts = st.integers(0, HOSTS - 1)
consumers = st.integers(0, CONSUMERS - 1)
amounts = st.integers(1, 3)
generations = st.one_of(st.none(), st.integers(0, 4))
faults = st.sampled_from([one for one in Fault if one is not Fault.NONE])


class TwoLedgers(RuleBasedStateMachine):
    """Do the same to both, and compare every answer and all that is held."""

    def __init__(self) -> None:
        super().__init__()
        self.fixture = placement.EmbeddedPlacement()
        self.fixture.setUp()
        self.real = self.fixture.ledger
        self.fake = fake.FakeLedger()
        self.hosts = [new_uuid() for _ in range(HOSTS)]
        self.consumers = [new_uuid() for _ in range(CONSUMERS)]

    def teardown(self) -> None:
        self.fixture.cleanUp()

    @initialize()
    def make_hosts(self) -> None:
        for index, uuid in enumerate(self.hosts):
            tree = [Provider(uuid=uuid, name=uuid, inventories={"VCPU": {"total": 2 + index}})]
            self.real.inventory.put_tree(tree, recorded=(), cell=CELL)
            self.fake.put_tree(tree, recorded=(), cell=CELL)

    @rule(asked=st.lists(st.tuples(consumers, hosts, amounts), unique_by=lambda one: one[0]))
    def claim(self, asked: list[tuple[int, int, int]]) -> None:
        batch = [
            wanted(self.consumers[who], {self.hosts[where]: {"VCPU": amount}})
            for who, where, amount in asked
        ]
        self.both(
            lambda: claimed(self.real.claims.claim_many(batch)),
            lambda: claimed(self.fake.claim_many(batch)),
        )

    @rule(who=consumers, where=hosts, amount=amounts, generation=st.integers(0, 4))
    def swap(self, who: int, where: int, amount: int, generation: int) -> None:
        move = wanted(self.consumers[who], {self.hosts[where]: {"VCPU": amount}}, generation)
        self.both(lambda: self.real.claims.swap(move), lambda: self.fake.swap(move))

    @rule(who=consumers, where=hosts, amount=amounts)
    def swap_as_read(self, who: int, where: int, amount: int) -> None:
        generation = self.fake.store.held(self.consumers[who]).generation
        if generation is not None:
            self.swap(who, where, amount, generation)

    @rule(who=consumers, generation=generations)
    def unclaim(self, who: int, generation: int | None) -> None:
        uuid = self.consumers[who]
        if generation is None:
            generation = self.fake.store.held(uuid).generation or 1
        self.both(
            lambda: self.real.claims.unclaim(uuid, OWNER, generation),
            lambda: self.fake.unclaim(uuid, OWNER, generation),
        )

    @rule(who=consumers)
    def leave_behind(self, who: int) -> None:
        nowhere = wanted(self.consumers[who], {new_uuid(): {"VCPU": 1}})
        self.both(
            lambda: claimed(self.real.claims.claim_many([nowhere])),
            lambda: claimed(self.fake.claim_many([nowhere])),
        )

    @rule(who=consumers, where=hosts, amount=amounts, planned=st.lists(faults, max_size=3))
    def claim_through_faults(
        self, who: int, where: int, amount: int, planned: list[Fault]
    ) -> None:
        for one in (self.fixture.faults, self.fake.faults):
            one.next_writes(*planned)
        self.claim([(who, where, amount)])
        self.swap_as_read(who, where, amount)
        for one in (self.fixture.faults, self.fake.faults):
            one.forget_plan()

    @rule()
    def land(self) -> None:
        self.fixture.faults.land()
        self.fake.faults.land()

    @invariant()
    def both_hold_the_same(self) -> None:
        for uuid in self.consumers:
            assert self.real.claims.read_back(uuid) == self.fake.read_back(uuid)
        for uuid in self.hosts:
            assert self.real.books.usages(uuid) == self.fake.usages(uuid)

    def both(self, real: Callable[[], Any], fake: Callable[[], Any]) -> None:
        assert outcome(real) == outcome(fake)


def claimed(results: Any) -> tuple[Any, Any]:
    return results.claimed, {uuid: facts(error) for uuid, error in results.refused.items()}


def outcome(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except errors.LedgerError as error:
        return facts(error)


def facts(error: errors.LedgerError) -> tuple[Any, ...]:
    if isinstance(error, errors.StaleGeneration):
        return (errors.StaleGeneration, error.expected, error.found)
    return (type(error),)


class SameBehaviourTest(testtools.TestCase):
    def test_no_history_tells_them_apart(self) -> None:
        run_state_machine_as_test(
            TwoLedgers,
            settings=settings(
                max_examples=12,
                stateful_step_count=12,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
