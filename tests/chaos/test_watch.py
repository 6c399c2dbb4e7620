"""What the watch of claims and hosts sees, and what it excuses."""

from __future__ import annotations

import dataclasses

import testtools

from tests.chaos import plan
from tests.chaos.oracle import DOUBLED
from tests.chaos.simulated import database_subject
from tests.chaos.simulated.gate import OpenGate
from tests.chaos.simulated.placement import SimulatedPlacement
from tests.chaos.watch import Watch
from tests.functional.ledger.subject import OWNER, new_uuid, wanted
from understudy.cells import schema
from understudy.compute.tags import Tag
from understudy.objects.host import Host


class WatchTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        database = database_subject.shared(schema.Tree.CELL, "one")
        database.reset(lambda: 0.0)
        self.store = database_subject.open_cell(database, OpenGate())
        self.placement = SimulatedPlacement()
        self.ledger = self.placement.ledger(OpenGate(), lambda failed: None, lambda: 0.0)
        self.plan = plan.draw(1)
        self.hosts = [host for agent in self.plan.agents for host in agent.hosts]
        for host in self.hosts:
            self.store.register_host(host)
            self.store.mark_schedulable(host.name, True)
            self.ledger.inventory.put_tree(host.providers, recorded=(), cell="cell-1")
        self.watch = Watch(_not_restored(self.plan), self.placement, [database])
        self.placement.on_write = self.watch.written
        self.vm = new_uuid()

    def claim(self, host: Host, generation: int | None = None) -> None:
        claim = wanted(self.vm, {host.compute_node_uuid: {"VCPU": 1}}, generation)
        self.assertEqual({}, self.ledger.claims.claim_many([claim]).refused)

    def made(self, host: Host) -> None:
        self.watch.add(Tag(host.name, self.vm, 1))

    def assertSaid(self, *words: str) -> None:  # noqa: N802
        said = [one.words.partition(f" on {self.hosts[0].name} ")[2] for one in self.watch.found]
        self.assertEqual(list(words), said)
        self.assertTrue(all(one.kind == DOUBLED for one in self.watch.found))

    def test_what_is_made_and_destroyed_under_its_claim_is_in_order(self) -> None:
        self.claim(self.hosts[0])
        self.made(self.hosts[0])
        self.watch.remove(Tag(self.hosts[0].name, self.vm, 1))
        self.ledger.claims.unclaim(self.vm, OWNER, 1)
        self.assertSaid()

    def test_what_is_made_without_a_claim_is_not(self) -> None:
        self.claim(self.hosts[1])
        self.made(self.hosts[0])
        self.assertSaid("comes to exist without a claim")

    def test_nor_is_a_claim_that_goes_first(self) -> None:
        self.claim(self.hosts[0])
        self.made(self.hosts[0])
        self.claim(self.hosts[1], 1)
        self.assertSaid("exists after its claim is gone")

    def test_a_host_that_takes_no_builds_may_hold_what_it_will_tear_down(self) -> None:
        self.claim(self.hosts[0])
        self.made(self.hosts[0])
        self.store.mark_schedulable(self.hosts[0].name, False)
        self.ledger.claims.unclaim(self.vm, OWNER, 1)
        self.made(self.hosts[0])
        self.assertSaid()


def _not_restored(drawn: plan.Plan) -> plan.Plan:
    return dataclasses.replace(drawn, faults=dataclasses.replace(drawn.faults, restored=None))
