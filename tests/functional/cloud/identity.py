"""A host is more than its name: renamed, cloned, moved, replaced, and spoken for by others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.functional.cloud.case import CloudTestCase, new_uuid
from tests.functional.support.cloud import AgentProcess
from tests.functional.support.waiting import wait_for
from understudy.cells.refusals import Why
from understudy.compute import identity
from understudy.compute.fake_hosts import fake_host, with_uuid
from understudy.conductor.host_decisions import NotDecided
from understudy.objects import states
from understudy.objects.fault import Fault
from understudy.objects.fields import AdminState, Blame
from understudy.objects.host import Host
from understudy.objects.instance import Instance
from understudy.rpcapi import errors as wire
from understudy.rpcapi.context import RequestContext, Speaker

THIEF = "thief"
"""A user of the cell's broker, as an agent has one, and no host's."""


class IdentityCase(CloudTestCase):
    def refused(self, name: str) -> Host:
        """Return the host of this name that its cell does not take, once it is shown."""

        def look() -> Host | None:
            page = self.cloud.client.list_hosts(self.cloud.context, None)
            return next((h for h in page.hosts if h.name == name and h.refused), None)

        found = wait_for(look, f"{name} is shown as refused")
        assert found is not None
        return found

    def becomes_schedulable(self, host: str) -> None:
        """Wait until builds go there."""

        def built() -> bool:
            (instance,) = self.build_and_wait(only_hosts=[host])
            return instance.state == states.ACTIVE

        wait_for(built, f"{host} is schedulable")

    def is_down(self, cell: str, host: str) -> None:
        self.cloud.pass_host_down_time(host)
        wait_for(
            lambda: next(h.down for h in self.cloud.known_hosts(cell) if h.name == host),
            f"{host} is down",
        )

    def stays(self, agent: AgentProcess, instances: Sequence[Instance], host: str) -> None:
        """Nothing of these was destroyed, and they are shown where they were."""
        held = {tag.instance_uuid for tag in agent.holdings.on(host)}
        self.assertEqual({each.uuid for each in instances}, held)
        for each in instances:
            shown = self.show(each.uuid)
            self.assertEqual((states.ACTIVE, "a"), (shown.state, shown.service_host))

    def renamed(self, agent: AgentProcess, name: str) -> None:
        """Let a stopped agent serve its host under another name, and so its own."""
        host = agent.hosts[0].obj_clone()
        host.name = host.nodename = host.providers[0].name = name
        host.agent = f"agent-of-{name}"
        agent.rename([host])


class RenamedHosts(IdentityCase):
    """Row 3: nothing is destroyed, and the operator is told what to do."""

    def test_with_its_old_journal(self) -> None:
        self.open({"one": {"a": 4}})
        instances = [self.occupy("a", 1), self.occupy("a", 1)]
        agent = self.cloud.agents["a"]
        agent.stop()
        self.renamed(agent, "b")
        agent.start()
        refused = self.refused("b")
        self.assertIn("understudy-manage host rename a b", str(refused.remedy))
        self.assertIn("it is a here", str(refused.refused))
        self.stays(agent, instances, "a")
        self.assertEqual(["a"], [host.name for host in self.cloud.known_hosts("one")])

        self.assertRaises(NotDecided, self.cloud.decisions().rename, "a", "b")
        self.is_down("one", "a")
        self.assertEqual("one", self.cloud.decisions().rename("a", "b"))
        self.move_holdings(agent, "a", "b")
        self.becomes_schedulable("b")
        for each in instances:
            shown = self.show(each.uuid)
            self.assertEqual((states.ACTIVE, "b"), (shown.state, shown.service_host))
        page = self.cloud.client.list_hosts(self.cloud.context, None)
        self.assertEqual([("b", None)], [(host.name, host.refused) for host in page.hosts])
        self.cloud.settle_agent("b", agent)

    def test_with_a_new_journal_and_a_uuid_of_its_own(self) -> None:
        self.open({"one": {"a": 4}})
        instances = [self.occupy("a", 1), self.occupy("a", 1)]
        agent = self.cloud.agents["a"]
        agent.stop()
        before = agent.hosts, agent.journal
        agent.rename([fake_host("b", "agent-of-b", {"VCPU": 4})])
        agent.journal = agent.journal.with_name("new.journal")
        # The driver finds what it made for the old host, and calls it the new one's.
        for tag in agent.holdings.on("a"):
            agent.holdings.add(tag._replace(host="b"))
        agent.start()
        self.becomes_schedulable("b")
        held = {tag.instance_uuid for tag in agent.holdings.on("b")}
        self.assertTrue({each.uuid for each in instances} <= held)
        self.stays(agent, instances, "a")
        self.put_back(agent, *before)

    def put_back(self, agent: AgentProcess, hosts: Sequence[Host], journal: Path) -> None:
        """Let the host be what it was, so that the books can be compared."""
        for each in self.listed():
            if each.service_host == "b":
                self.delete(each.uuid)
                self.reaches(each.uuid, states.DELETED)
        agent.stop()
        for tag in agent.holdings.on("b"):
            agent.holdings.remove(tag)
        agent.journal = journal
        agent.rename(hosts)
        agent.start()

    @staticmethod
    def move_holdings(agent: AgentProcess, old: str, new: str) -> None:
        """Let the driver find under the new name what it made under the old one."""
        for tag in agent.holdings.on(old):
            agent.holdings.add(tag._replace(host=new))
            agent.holdings.remove(tag)


class StolenHosts(IdentityCase):
    """Rows 5 and 10: nobody speaks for a host but its own agent."""

    def setUp(self) -> None:
        super().setUp()
        self.open({"one": {"a": 4, "b": 4}})
        self.thief = self.cloud.speak("one", THIEF)

    def context(self, host: str, **forged: str) -> RequestContext:
        """Return a context as the host's own agent would send it."""
        agent = self.cloud.agents[host]
        known = identity.peek(agent.journal)
        facts = {
            "agent_uuid": known.agent_uuid,
            "origin": known.origin,
            "host_uuid": agent.hosts[0].compute_node_uuid,
        }
        return RequestContext(speaker=Speaker(**{**facts, **forged}))

    def contexts(self, host: str) -> list[RequestContext]:
        return [RequestContext(), self.context(host), self.context(host, agent_uuid=new_uuid())]

    def test_a_second_agent_gets_neither_builds_nor_hosts(self) -> None:
        host = self.cloud.agents["a"].hosts[0].obj_clone()
        host.agent = "agent-of-thief"
        before = self.cloud.known_hosts("one")
        for context in self.contexts("a"):
            error = self.assertRaises(
                wire.HostRefused, self.thief.register_host, context, host, []
            )
            self.assertIn("understudy-manage host rebind a", str(error))
        after = self.cloud.known_hosts("one")
        self.assertEqual([each.agent for each in before], [each.agent for each in after])
        self.assertEqual([each.bound for each in before], [each.bound for each in after])
        self.assertIn("speaks for it", str(self.refused("a").refused))
        self.occupy("a", 1)

    def test_reports_in_its_name_change_nothing(self) -> None:
        self.cloud.builds.hold("a")
        accepted = self.build(only_hosts=["a"])
        (tag,) = self.begun(accepted)
        fault = Fault(code="made-up", blames=Blame.HOST, message="it is not so")
        for context in self.contexts("a"):
            self.assertRaises(wire.HostRefused, self.thief.build_started, context, *tag)
            self.assertRaises(wire.HostRefused, self.thief.build_succeeded, context, *tag)
            self.assertRaises(
                wire.HostRefused, self.thief.build_failed, context, *tag, fault, cleaned=True
            )
            self.assertRaises(wire.HostRefused, self.thief.torn_down, context, *tag)
        self.assertEqual(states.BUILDING, self.show(tag.instance_uuid).state)
        self.cloud.builds.let_go()
        (instance,) = self.ended(accepted)
        self.assertEqual((states.ACTIVE, 1), (instance.state, instance.attempt))

    def test_a_heartbeat_in_its_name_keeps_no_dead_host_alive(self) -> None:
        self.cloud.agents["a"].kill()
        self.cloud.pass_host_down_time("a")
        for context in self.contexts("a"):
            orders = self.thief.heartbeat(context, "agent-of-a", {"a": [], "b": []})
            self.assertEqual((["a", "b"], {}), (orders.register, orders.tear_down))
        self.is_down("one", "a")
        self.cloud.agents["a"].start()

    def test_an_agent_of_the_cell_gives_no_orders(self) -> None:
        for user in (THIEF, self.cloud.agents["b"].user):
            client = self.cloud.speak("one", user)
            order = "a", AdminState.DISABLED, "a joke"
            self.assertRaises(wire.Forbidden, client.set_host, self.context("b"), *order)
        self.assertEqual(
            {AdminState.ENABLED}, {each.admin_state for each in self.cloud.known_hosts("one")}
        )

    def test_an_agent_does_not_take_a_neighbours_host(self) -> None:
        neighbour = self.cloud.speak("one", self.cloud.agents["b"].user)
        host = self.cloud.agents["a"].hosts[0]
        for context in (self.context("b"), self.context("a")):
            self.assertRaises(wire.HostRefused, neighbour.register_host, context, host, [])
        named = fake_host("a", "agent-of-b", {"VCPU": 4})
        own = with_uuid(named, self.cloud.agents["b"].hosts[0].compute_node_uuid)
        self.assertRaises(wire.HostRefused, neighbour.register_host, self.context("b"), own, [])

    def test_the_operator_gives_it_to_another_agent(self) -> None:
        self.cloud.agents["a"].kill()
        host = self.cloud.agents["a"].hosts[0]
        theirs = self.context("a", agent_uuid=new_uuid())
        self.assertRaises(wire.HostRefused, self.thief.register_host, theirs, host, [])
        assert theirs.speaker is not None
        agent = theirs.speaker.agent_uuid
        self.cloud.decisions().approve("a", Why.AGENT, Why.CLONE, agent=agent)
        self.thief.register_host(theirs, host, [])
        # And back again.
        self.cloud.agents["a"].start()
        self.refused("a")
        mine = self.context("a").speaker
        assert mine is not None
        self.cloud.decisions().approve("a", Why.AGENT, Why.CLONE, agent=mine.agent_uuid)
        self.becomes_schedulable("a")


class ClonedHosts(IdentityCase):
    def setUp(self) -> None:
        super().setUp()
        self.open({"one": {"a": 4}})
        self.instance = self.occupy("a", 1)
        self.clone = self.cloud.clone("a")
        self.addCleanup(self.clone.kill)

    def test_a_clone_of_its_disk_is_not_taken_while_it_lives(self) -> None:
        self.clone.start()
        self.assertIn("heard from elsewhere", str(self.refused("a").refused))
        self.occupy("a", 1)
        self.assertIn((self.instance.uuid, 1), self.cloud.held("a"))
        self.clone.stop()

    def test_the_same_disk_on_another_machine_is_taken_once_the_first_is_silent(self) -> None:
        self.cloud.agents["a"].kill()
        self.is_down("one", "a")
        self.clone.start()
        self.becomes_schedulable("a")
        # What was the clone is the host now.
        self.cloud.agents["a"].start()
        self.refused("a")
        self.assertIn((self.instance.uuid, 1), self.cloud.held("a"))
        self.cloud.agents["a"].kill()
        self.cloud.settle_agent("a", self.clone)


class NewHosts(IdentityCase):
    def test_one_of_a_name_that_another_has_waits(self) -> None:
        self.open({"one": {"a": 4}})
        instance = self.occupy("a", 1)
        thief = self.cloud.speak("one", THIEF)
        other = with_uuid(fake_host("a", "agent-of-thief", {"VCPU": 400}), new_uuid())
        speaker = Speaker(new_uuid(), "elsewhere", other.compute_node_uuid)
        context = RequestContext(speaker=speaker)
        error = self.assertRaises(wire.HostRefused, thief.register_host, context, other, [])
        self.assertIn("understudy-manage host replace a", str(error))
        self.assertRaises(NotDecided, self.cloud.decisions().replace, "a")
        self.assertEqual("a", self.show(instance.uuid).service_host)

    def test_two_cells_and_one_name(self) -> None:
        """Row 2 of what operators' hands do: the first does not notice."""
        self.open({"one": {"a": 4}, "two": {"b": 4}})
        instance = self.occupy("a", 1)
        twin = self.cloud.add_host("two", "a", 8)
        refused = self.refused("a")
        self.assertEqual("two", refused.cell_name)
        self.assertIn("cell two cannot take it from cell one", str(refused.refused))
        self.assertEqual(["b"], [host.name for host in self.cloud.known_hosts("two")])
        (alive,) = (host for host in self.cloud.known_hosts("one"))
        self.assertTrue(alive.schedulable)
        self.assertEqual("a", self.occupy("a", 1).service_host)
        self.assertEqual(states.ACTIVE, self.show(instance.uuid).state)
        twin.stop()
