"""A host that names others' providers changes nothing of theirs: Placement stays as it was."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from tests.functional.ledger import placement_state, subject
from tests.functional.ledger.subject import new_uuid
from understudy.ledger import errors
from understudy.objects.host import Provider

EVIL = ["CUSTOM_EVIL"]
GREEDY = {"CUSTOM_GREED": {"total": 9}, "VCPU": {"total": 4096}}
REFUSALS = (errors.TreeRefused, errors.ProviderNotOurs)


class NotOursTest(subject.OnPlacement):
    """This cell's host, another cell's, a compute node of Nova's and an agent of Neutron's."""

    def setUp(self) -> None:
        super().setUp()
        self.theirs = [self.provider("their", {"VCPU": 8}, traits=["CUSTOM_FAST"])]
        self.theirs += [self.provider("their-gpu", {"CUSTOM_GPU_MILLI": 1000}, self.theirs[0])]
        self.inventory.put_tree(self.theirs, recorded=(), cell="cell-2")
        self.nova = self.write_provider("nova-node", None, {"VCPU": 16}, ["HW_CPU_X86_AVX2"])
        self.neutron = self.write_provider("nova-node:agent", self.nova, {"VCPU": 1}, [])
        self.ours = [self.provider("our", {"VCPU": 4}, traits=["CUSTOM_FAST"])]
        self.ours += [self.provider("our-gpu", {"CUSTOM_GPU_MILLI": 1000}, self.ours[0])]
        self.put_tree(self.ours)
        self.ports = self.write_provider("our:ports", self.ours[0].uuid, {"SRIOV_NET_VF": 8}, [])
        self.before = placement_state.everything(self.placement.api)

    def tearDown(self) -> None:
        self.assert_nothing_changed()
        super().tearDown()

    def write_provider(
        self, name: str, parent: str | None, totals: dict[str, int], traits: Sequence[str]
    ) -> str:
        """Create a provider as another service does; return its uuid."""
        uuid, write = new_uuid(), self.placement.api.write
        path = f"/resource_providers/{uuid}"
        write(
            "POST",
            "/resource_providers",
            {"uuid": uuid, "name": name, "parent_provider_uuid": parent},
        )
        inventories = {key: {"total": total} for key, total in totals.items()}
        body = {"inventories": inventories, "resource_provider_generation": 0}
        write("PUT", f"{path}/inventories", body)
        write("PUT", f"{path}/traits", {"traits": [*traits], "resource_provider_generation": 1})
        return uuid

    def evil(self, uuid: str, name: str, parent: str | None = None) -> Provider:
        return Provider(
            uuid=uuid,
            name=name,
            parent_uuid=parent,
            inventories=GREEDY,
            traits=EVIL,
            aggregates=[new_uuid()],
        )

    def assert_refused(self, *tree: Provider, recorded: Collection[str] | None = None) -> Any:
        """Each call is refused with a definite error; that nothing changed is seen at the end."""
        known = self.recorded if recorded is None else recorded
        for act in (self.inventory.check_tree, self.inventory.put_tree):
            error = self.assertRaises(REFUSALS, act, tree, recorded=known, cell="cell-1")
        return error

    def assert_nothing_changed(self) -> None:
        """Placement says what it said when the hosts were all there."""
        self.assertEqual(self.before, placement_state.everything(self.placement.api))

    def assert_not_ours(self, uuid: str, cell: str | None, *tree: Provider) -> None:
        error = self.assert_refused(*tree)
        self.assertIsInstance(error, errors.ProviderNotOurs)
        self.assertEqual((uuid, cell), (error.provider_uuid, error.cell))

    def test_another_cells_host_by_its_uuid(self) -> None:
        uuid = self.theirs[0].uuid
        self.assert_not_ours(uuid, "cell_2", self.evil(uuid, "their"))
        self.assert_not_ours(uuid, "cell_2", self.evil(uuid, "renamed"))

    def test_another_cells_child(self) -> None:
        root, uuid = self.evil(self.ours[0].uuid, "our"), self.theirs[1].uuid
        self.assert_not_ours(uuid, "cell_2", root, self.evil(uuid, "their-gpu", root.uuid))
        self.assert_not_ours(uuid, "cell_2", root, self.evil(uuid, "our-gpu", root.uuid))

    def test_another_cells_child_as_a_root(self) -> None:
        uuid = self.theirs[1].uuid
        self.assert_not_ours(uuid, "cell_2", self.evil(uuid, "their-gpu"))

    def test_another_cells_host_by_its_name(self) -> None:
        uuid = self.theirs[0].uuid
        self.assert_not_ours(uuid, "cell_2", self.evil(new_uuid(), "their"))
        self.assert_not_ours(uuid, "cell_2", self.evil(self.ours[0].uuid, "their"))

    def test_a_compute_node_of_nova(self) -> None:
        self.assert_not_ours(self.nova, None, self.evil(self.nova, "nova-node"))
        self.assert_not_ours(self.nova, None, self.evil(self.nova, "renamed"))
        self.assert_not_ours(self.nova, None, self.evil(new_uuid(), "nova-node"))
        root = self.evil(self.ours[0].uuid, "our")
        child = self.evil(self.nova, "nova-node", root.uuid)
        self.assert_not_ours(self.nova, None, root, child)

    def test_an_agent_of_neutron(self) -> None:
        root = self.evil(self.ours[0].uuid, "our")
        agent = self.evil(self.neutron, "nova-node:agent", root.uuid)
        self.assert_not_ours(self.neutron, None, root, agent)
        named = self.evil(new_uuid(), "nova-node:agent", root.uuid)
        self.assert_not_ours(self.neutron, None, root, named)

    def test_another_services_provider_below_our_own_host(self) -> None:
        root = self.evil(self.ours[0].uuid, "our")
        ports = self.evil(self.ports, "our:ports", root.uuid)
        self.assert_not_ours(self.ports, "cell_1", root, ports)

    def test_below_anothers_provider(self) -> None:
        root = self.evil(self.ours[0].uuid, "our")
        for parent in (self.theirs[0].uuid, self.nova, self.neutron, new_uuid()):
            self.assert_refused(root, self.evil(new_uuid(), "child", parent))
            self.assert_refused(self.evil(new_uuid(), "no root", parent))
            moved = self.evil(self.ours[1].uuid, "our-gpu", parent)
            self.assert_refused(root, moved)

    def test_a_root_that_is_put_below_another(self) -> None:
        self.assert_refused(
            self.evil(new_uuid(), "above"), self.evil(self.theirs[0].uuid, "their", self.nova)
        )
        above = self.evil(new_uuid(), "above")
        below = self.evil(self.ours[0].uuid, "our", above.uuid)
        self.assert_refused(above, below)

    def test_what_is_recorded_and_hangs_in_another_tree(self) -> None:
        """Recorded or not: the root of what we write is the host's own."""
        known = {*self.recorded, self.neutron, self.theirs[0].uuid, self.theirs[1].uuid}
        root = self.evil(self.ours[0].uuid, "our")
        for uuid, name in ((self.neutron, "nova-node:agent"), (self.theirs[1].uuid, "x")):
            self.assert_refused(root, self.evil(uuid, name, root.uuid), recorded=known)
            self.assert_refused(self.evil(uuid, name), recorded=known)

    def test_what_an_operator_adopted_is_ours(self) -> None:
        adopted = [self.evil(self.nova, "nova-node")]
        self.inventory.put_tree(adopted, recorded={self.nova}, cell="cell-1")
        self.before = placement_state.everything(self.placement.api)
        error = self.assert_refused(*adopted, recorded=())
        self.assertEqual("cell_1", error.cell)

    def test_the_host_itself_and_its_new_children_are_taken(self) -> None:
        before = self.before[0]
        root = self.evil(self.ours[0].uuid, "our-renamed")
        child = self.evil(new_uuid(), "our-new", root.uuid)
        self.put_tree([root, child])
        self.before = placement_state.everything(self.placement.api)
        after = self.before[0]
        mine = {root.uuid, child.uuid}
        self.assertEqual(
            {uuid: one for uuid, one in before.items() if uuid not in mine},
            {uuid: one for uuid, one in after.items() if uuid not in mine},
        )
        self.assertEqual(
            ["CUSTOM_EVIL", "CUSTOM_UNDERSTUDY_CELL_CELL_1"], after[root.uuid]["traits"]
        )
        self.assertEqual(["CUSTOM_EVIL"], after[child.uuid]["traits"])

    def test_a_cells_name_stays_at_its_hosts(self) -> None:
        self.inventory.set_schedulable(self.ours[0].uuid, False)
        self.before = placement_state.everything(self.placement.api)
        self.put_tree(self.ours)
        path = f"/resource_providers/{self.ours[0].uuid}/traits"
        self.assertEqual(
            ["COMPUTE_STATUS_DISABLED", "CUSTOM_FAST", "CUSTOM_UNDERSTUDY_CELL_CELL_1"],
            sorted(self.placement.api.get(path)["traits"]),
        )
        for name in ("CUSTOM_UNDERSTUDY_CELL_CELL_2", "CUSTOM_UNDERSTUDY_X"):
            self.ours[0].traits = [name]
            self.assert_refused(*self.ours)
            self.ours[0].traits, self.ours[1].inventories = [], {name: {"total": 1}}
            self.assert_refused(*self.ours)

    def test_names_without_bound(self) -> None:
        for count in (65, 300):
            self.ours[0].traits = [f"CUSTOM_FLOOD_{n}" for n in range(count)]
            self.assert_refused(*self.ours)
        self.ours[0].traits = []
        self.ours[0].inventories = {f"CUSTOM_FLOOD_{n}": {"total": 1} for n in range(65)}
        self.assert_refused(*self.ours)
        self.ours[0].inventories = {"VCPU": {"total": 1}}
        flood = [self.provider(f"flood-{n}", {}, self.ours[0]) for n in range(255)]
        self.assert_refused(*self.ours, *flood)
