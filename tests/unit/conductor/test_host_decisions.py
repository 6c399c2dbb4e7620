"""What an operator decides about hosts, and what is not to be decided."""

from __future__ import annotations

from typing import Any

from tests.fakes import ledger_providers
from tests.fakes.faults import Fault
from tests.unit.conductor.base import CloudTest
from tests.unit.conductor.cloud import uuid_of
from understudy.cells.records import UNNAMED, Binding
from understudy.cells.refusals import Why
from understudy.conductor.host_decisions import HostDecisions, NotDecided
from understudy.conductor.hosts import HostKeeper
from understudy.ledger.errors import LedgerError
from understudy.objects.host import Host
from understudy.rpcapi import errors as wire

THEIRS = Binding("their-agent", "their-user", "there")


class DecisionsCase(CloudTest):
    def setUp(self) -> None:
        super().setUp()
        self.decisions = HostDecisions(
            self.cloud.api, self.cloud.super.cells, self.ledger, self.ledger
        )

    def keeper(self, cell: str = "one") -> HostKeeper:
        return HostKeeper(self.cloud.store(cell), self.ledger, cell, 1000.0, admits_new=False)

    def host(self, name: str = "new", uuid: str | None = None) -> Host:
        """Return a host that no cell knows, unless it takes what another one has."""
        described = self.cloud.host("one-a")
        described.name = described.nodename = described.providers[0].name = name
        described.compute_node_uuid = described.providers[0].uuid = uuid or uuid_of(name)
        return described

    def refuse(self, host: Host, cell: str = "one", who: Binding = THEIRS) -> str:
        """Let a host try to register; what it is told."""
        error = self.assertRaises(wire.HostRefused, self.keeper(cell).register, host, [], who)
        return error.detail

    def undecided(self, decide: Any, *args: Any, **more: Any) -> str:
        return str(self.assertRaises(NotDecided, decide, *args, **more))


class ApproveTest(DecisionsCase):
    def test_a_new_host_comes_in_once_it_is_approved(self) -> None:
        self.assertIn("understudy-manage host approve new", self.refuse(self.host()))
        self.assertNotIn(uuid_of("new"), self.ledger.store.providers)
        found = self.decisions.approve("new", Why.NEW)
        self.assertEqual(("one", "new"), (found.cell.name, found.host.name))
        self.keeper().register(self.host(), [], THEIRS)
        self.assertEqual(THEIRS, self.cloud.store().host("new").bound)
        self.assertEqual([], self.cloud.store().refused_hosts())

    def test_only_that_agent_of_it(self) -> None:
        self.refuse(self.host())
        self.decisions.approve("new", Why.NEW)
        self.refuse(self.host(), who=Binding("another", "their-user", "there"))

    def test_of_several_one_must_be_named(self) -> None:
        other = Binding("another", "their-user", "there")
        self.refuse(self.host())
        self.refuse(self.host(), who=other)
        text = self.undecided(self.decisions.approve, "new", Why.NEW)
        self.assertIn("their-agent", text)
        self.assertIn("another", text)
        self.decisions.approve("new", Why.NEW, agent="another")
        self.keeper().register(self.host(), [], other)

    def test_nothing_is_approved_for_another_reason_than_it_was_refused_for(self) -> None:
        self.refuse(self.host())
        self.undecided(self.decisions.approve, "new", Why.AGENT, Why.CLONE)
        self.undecided(self.decisions.approve, "nowhere", Why.NEW)

    def test_another_agent_speaks_for_it(self) -> None:
        mine = Binding("mine", "my-user", "here")
        self.keeper().register(self.cloud.host("one-a"), [], mine)
        self.refuse(self.cloud.host("one-a"))
        self.decisions.approve("one-a", Why.AGENT, Why.CLONE)
        self.keeper().register(self.cloud.host("one-a"), [], THEIRS)
        self.assertEqual(THEIRS, self.cloud.store().host("one-a").bound)
        self.refuse(self.cloud.host("one-a"), who=mine)

    def test_a_provider_that_is_there_already_is_adopted(self) -> None:
        ledger_providers.add(self.ledger.store.providers, uuid_of("new"), "new", None)
        self.assertIn("understudy-manage host adopt new", self.refuse_known(self.host()))
        self.assertRaises(wire.HostRefused, self.keeper().register, self.host(), [], THEIRS)
        self.decisions.approve("new", Why.PROVIDERS)
        self.keeper().register(self.host(), [], THEIRS)
        self.assertIn(uuid_of("new"), self.cloud.store().recorded_providers(uuid_of("new")))

    def test_what_is_another_hosts_is_not_adopted(self) -> None:
        for moved, cell in ((self.cloud.host("one-a"), "two"), (self.cloud.host("two-a"), "one")):
            self.refuse(moved, cell, UNNAMED)
            self.decisions.approve(moved.name, Why.NEW)
            self.refuse(moved, cell, UNNAMED)
            text = self.undecided(self.decisions.approve, moved.name, Why.PROVIDERS)
            self.assertIn(f"belongs to {moved.name} of", text)
            self.refuse(moved, cell, UNNAMED)

    def refuse_known(self, host: Host) -> str:
        self.refuse(host)
        self.decisions.approve("new", Why.NEW)
        return self.refuse(host)


class RenameTest(DecisionsCase):
    def test_a_silent_host(self) -> None:
        uuid = self.active()
        renamed = self.host("other", uuid_of("one-a"))
        self.assertIn("understudy-manage host rename one-a other", self.refuse(renamed))
        self.assertIn("was heard", self.undecided(self.decisions.rename, "one-a", "other"))
        self.cloud.lose_host("one-a")
        self.cloud.round()
        self.assertEqual("one", self.decisions.rename("one-a", "other"))
        self.keeper().register(renamed, [(uuid, 1)], THEIRS)
        self.assertEqual("other", self.cloud.shown(uuid).service_host)
        self.assertEqual([], self.cloud.store().refused_hosts())

    def test_not_to_a_name_that_is_taken(self) -> None:
        self.cloud.lose_host("one-a")
        self.cloud.round()
        self.assertIn("called one-b", self.undecided(self.decisions.rename, "one-a", "one-b"))
        self.undecided(self.decisions.rename, "nowhere", "other")


class GoneTest(DecisionsCase):
    def lose(self, name: str) -> None:
        self.cloud.lose_host(name)
        self.cloud.round()

    def test_a_host_that_holds_nothing_is_forgotten(self) -> None:
        self.assertIn("was heard", self.undecided(self.decisions.delete, "one-a"))
        self.lose("one-a")
        self.assertEqual("one", self.decisions.delete("one-a"))
        self.assertNotIn("one-a", {host.name for host in self.cloud.store().hosts()})
        self.assertNotIn("one-a", {mapping.host for mapping in self.cloud.api.host_mappings()})
        self.assertNotIn(uuid_of("one-a"), self.ledger.store.providers)
        self.undecided(self.decisions.delete, "one-a")

    def test_while_it_holds_an_instance_it_stays(self) -> None:
        uuid = self.active()
        self.lose("one-a")
        for gone in (False, True):
            text = self.undecided(self.decisions.delete, "one-a", gone=gone)
            self.assertIn(uuid, text)
        self.assertIn("one-a", {host.name for host in self.cloud.store().hosts()})

    def test_what_a_machine_that_is_gone_may_hold_does_not_count(self) -> None:
        uuid = self.active()
        self.lose("one-a")
        self.cloud.delete(uuid)
        self.settle()
        self.assertIn("--gone", self.undecided(self.decisions.delete, "one-a"))
        self.decisions.delete("one-a", gone=True)
        # The fake host is really gone: nothing of it is looked at any more.
        self.cloud.agents.held.clear()

    def test_while_the_ledger_is_silent_nothing_is_half_done(self) -> None:
        self.lose("one-a")
        self.ledger.faults.writes = Fault.REFUSED
        self.assertRaises(LedgerError, self.decisions.delete, "one-a")
        self.ledger.faults.writes = Fault.NONE
        self.decisions.delete("one-a")

    def test_another_machine_takes_its_place(self) -> None:
        namesake = self.host("one-a", uuid_of("another machine"))
        self.assertIn("understudy-manage host replace one-a", self.refuse(namesake))
        self.assertIn("was heard", self.undecided(self.decisions.replace, "one-a"))
        self.lose("one-a")
        self.decisions.replace("one-a")
        self.keeper().register(namesake, [], THEIRS)
        found = self.cloud.store().host("one-a")
        self.assertEqual(uuid_of("another machine"), found.compute_node_uuid)

    def test_it_moves_to_another_cell(self) -> None:
        moved = self.cloud.host("one-a")
        self.undecided(self.decisions.move, "one-a", "two")
        self.refuse(moved, "two")
        self.lose("one-a")
        self.decisions.move("one-a", "two")
        self.keeper("two").register(moved, [], THEIRS)
        self.assertNotIn("one-a", {host.name for host in self.cloud.store("one").hosts()})
        self.assertEqual(uuid_of("one-a"), self.cloud.store("two").host("one-a").compute_node_uuid)

    def test_no_cell_takes_it_from_another_by_itself(self) -> None:
        moved = self.cloud.host("one-a")
        self.refuse(moved, "two", UNNAMED)
        self.decisions.approve("one-a", Why.NEW)
        text = self.refuse(moved, "two", UNNAMED)
        self.assertIn("cell two cannot take it from cell one", text)
        self.assertIn("one-a", {host.name for host in self.cloud.store("one").hosts()})
