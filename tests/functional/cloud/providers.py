"""Row 1: one registration from a cell's bus writes to no provider but the host's own."""

from __future__ import annotations

from typing import Any

from tests.functional.cloud.case import CloudTestCase, new_uuid
from tests.functional.ledger import placement_state
from understudy.compute.fake_hosts import fake_host, with_uuid
from understudy.objects.host import Host, Provider
from understudy.rpcapi import errors as wire
from understudy.rpcapi.context import RequestContext, Speaker

THIEF = "thief"
NOVA, NEUTRON = "nova-compute-1", "nova-compute-1:OVS agent"


class OthersProviders(CloudTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.open({"one": {"a": 4}, "two": {"b": 4}})
        self.thief = self.cloud.speak("one", THIEF)
        self.placement = self.cloud.placement_api()
        self.nova = self.create(NOVA, None)
        self.neutron = self.create(NEUTRON, self.nova)
        self.before: Any = self.state()

    def create(self, name: str, parent: str | None) -> str:
        """Let another service have a provider; return its uuid."""
        body = {"uuid": new_uuid(), "name": name, "parent_provider_uuid": parent}
        self.placement.write("POST", "/resource_providers", body)
        return str(body["uuid"])

    def state(self) -> Any:
        """Return all that Placement says of providers and names; heartbeats do not show in it."""
        return placement_state.without_generations(placement_state.everything(self.placement))

    def own(self, uuid: str | None = None, name: str = "mine") -> Host:
        """Return a host that the thief would bring along, under any uuid and name."""
        host = fake_host(name, "agent-of-thief", {"VCPU": 400, "CUSTOM_SQUATTED": 1})
        return with_uuid(host, uuid or new_uuid())

    def refused(self, host: Host) -> str:
        """Let the thief register the host, and compare what there is with what there was."""
        speaker = Speaker(new_uuid(), "anywhere", host.compute_node_uuid)
        context = RequestContext(speaker=speaker)
        error = self.assertRaises(
            wire.HostRefused, self.thief.register_host, context, host, [(new_uuid(), 1)]
        )
        self.assertEqual(self.before, self.state())
        self.assertEqual(["a"], [each.name for each in self.cloud.known_hosts("one")])
        return str(error)

    def node_of(self, host: str) -> str:
        return str(self.cloud.agents[host].hosts[0].compute_node_uuid)

    def test_no_host_of_another_cell(self) -> None:
        said = self.refused(self.own(self.node_of("b")))
        self.assertIn("cell one cannot take it from cell two", said)
        self.refused(self.own(self.node_of("b"), "b"))
        self.refused(self.own(name="b"))

    def test_no_host_of_this_cell(self) -> None:
        self.refused(self.own(self.node_of("a")))
        self.refused(self.own(name="a"))

    def test_no_provider_of_another_service(self) -> None:
        for uuid in (self.nova, self.neutron):
            self.assertIn("understudy-manage host adopt mine", self.refused(self.own(uuid)))
        for name in (NOVA, NEUTRON.replace(":OVS agent", "")):
            self.refused(self.own(name=name))

    def test_none_as_a_child_of_its_own(self) -> None:
        for uuid, name in (
            (self.node_of("b"), "child"),
            (self.neutron, "child"),
            (new_uuid(), NEUTRON),
            (new_uuid(), "b"),
        ):
            host = self.own()
            child = Provider(uuid=uuid, name=name, parent_uuid=host.compute_node_uuid)
            host.providers.append(child)
            self.refused(host)

    def test_none_as_the_parent_of_its_own(self) -> None:
        for parent in (self.nova, self.node_of("a"), self.node_of("b"), new_uuid()):
            host = self.own()
            host.providers[0].parent_uuid = parent
            self.refused(host)
            host = self.own()
            host.providers.append(Provider(uuid=new_uuid(), name="x", parent_uuid=parent))
            self.refused(host)

    def test_no_name_that_is_not_for_hosts_to_make(self) -> None:
        for trait in ("CUSTOM_UNDERSTUDY_CELL_TWO", "HW_NO_SUCH_TRAIT"):
            host = self.own()
            host.providers[0].traits = [trait]
            self.refused(host)
