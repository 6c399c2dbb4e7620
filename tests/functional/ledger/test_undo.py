"""What was written for a host that Placement then refuses is taken back, and the text says so."""

from __future__ import annotations

from typing import Any

from tests.fakes.faults import Fault
from tests.functional.ledger import placement_state, subject
from tests.functional.ledger.subject import new_uuid, wanted
from understudy.ledger import api, errors
from understudy.ledger.inventory import PlacementInventory
from understudy.objects.host import Provider


class RefusingApi(api.PlacementApi):
    """Placement's API, which refuses the write of a number, counted from 0."""

    def __init__(self, adapter: Any, refuse: int) -> None:
        super().__init__(adapter)
        self._refuse = refuse
        self.writes = 0

    def write(self, method: str, path: str, body: dict[str, Any] | None = None) -> api.Outcome:
        """Send it, or answer 403."""
        self.writes += 1
        if self.writes == self._refuse + 1:
            return api.Refused(403, "planned")
        return super().write(method, path, body)


class UndoTest(subject.OnPlacement):
    """A host of two providers that changes in every way; what it takes away is in use."""

    def setUp(self) -> None:
        super().setUp()
        self.root = self.provider("our", {"VCPU": 4}, traits=["CUSTOM_FAST"])
        self.gpu = self.provider("our-gpu", {"CUSTOM_GPU_MILLI": 1000}, self.root)
        self.put_tree([self.root, self.gpu])
        self.inventory.set_schedulable(self.root.uuid, False)
        self.before = self.state()

    def state(self) -> Any:
        return placement_state.without_generations(placement_state.everything(self.placement.api))

    def changed(self) -> list[Provider]:
        """Return the tree with a new name, class, trait, aggregate, child and grandchild."""
        root = self.provider("our-2", {"VCPU": 8}, traits=["CUSTOM_NEW", "CUSTOM_FAST"])
        root.uuid, root.aggregates = self.root.uuid, [new_uuid()]
        numa = self.provider("our-numa", {"CUSTOM_CACHE": 4}, root, ["CUSTOM_NEW"])
        gpu = self.provider("our-gpu", {"CUSTOM_GPU_MILLI": 500}, numa, ["CUSTOM_T4"])
        gpu.uuid = self.gpu.uuid
        below = self.provider("our-vf", {"SRIOV_NET_VF": 1}, numa)
        return [root, numa, below, gpu]

    def refused(self, tree: list[Provider]) -> errors.TreeRefused:
        error: errors.TreeRefused = self.assertRaises(errors.TreeRefused, self.put_tree, tree)
        return error

    def use_the_gpu(self) -> None:
        claim = wanted(new_uuid(), {self.gpu.uuid: {"CUSTOM_GPU_MILLI": 100}})
        self.claims.claim_many([claim])
        self.before = self.state()

    def without_the_gpus_inventory(self) -> list[Provider]:
        tree = self.changed()
        tree[-1].inventories = {}
        return tree

    def test_refused_at_any_write_it_leaves_placement_as_it_was(self) -> None:
        for number in range(99):
            refusing = RefusingApi(self.placement.adapter, number)
            inventory = PlacementInventory(refusing, pause=lambda failed: None)
            tree = self.changed()
            try:
                inventory.put_tree(tree, recorded=self.recorded, cell="cell-1")
            except errors.TreeRefused as error:
                self.assertIn("403: planned", str(error))
                self.assertNotIn("left as written", str(error))
                self.assertEqual(number > 0, "undone" in str(error))
                self.assertEqual(self.before, self.state(), str(number))
            else:
                break
        self.assertEqual(number, refusing.writes)
        self.assertGreater(number, 12)

    def test_an_inventory_in_use(self) -> None:
        self.use_the_gpu()
        text = str(self.refused(self.without_the_gpus_inventory()))
        self.assertEqual(self.before, self.state())
        for part in ("409", "undone:", "the creation of our-vf", "the changes of our", "T4"):
            self.assertIn(part, text)

    def test_what_was_written_on_the_way_through_faults_is_undone_too(self) -> None:
        self.use_the_gpu()
        for fault in (Fault.LOST_AFTER, Fault.LOST_BEFORE, Fault.ERROR, Fault.CONTENDED):
            for number in (0, 7, 12):
                self.faults.next_writes(*[Fault.NONE] * number, fault)
                self.refused(self.without_the_gpus_inventory())
                self.faults.forget_plan()
                self.assertEqual(self.before, self.state(), f"{fault.name} {number}")

    def test_what_cannot_be_undone_is_said(self) -> None:
        self.use_the_gpu()

        def break_undoing(operation: str) -> None:
            if operation.startswith("DELETE"):
                self.faults.writes = Fault.REFUSED

        self.faults.hook = break_undoing
        text = str(self.refused(self.without_the_gpus_inventory()))
        self.assertIn(
            "undone: the move of our-gpu; left as written: the creation of our-vf (", text
        )
        self.assertIn("the creation of our-numa, the changes of our", text)

    def test_a_new_provider_that_is_in_use_already_is_left_and_said(self) -> None:
        self.use_the_gpu()
        tree = self.without_the_gpus_inventory()
        vf = tree[2].uuid

        def claim(operation: str) -> None:
            if operation == f"PUT /resource_providers/{self.gpu.uuid}":
                self.faults.hook = lambda operation: None
                self.claims.claim_many([wanted(new_uuid(), {vf: {"SRIOV_NET_VF": 1}}, None)])

        self.faults.hook = claim
        text = str(self.refused(tree))
        self.assertIn("left as written: the creation of our-vf (", text)
        self.assertEqual({"SRIOV_NET_VF": 1}, self.books.usages(vf))

    def test_what_others_did_meanwhile_stays(self) -> None:
        self.use_the_gpu()

        def enable(operation: str) -> None:
            if operation == f"PUT /resource_providers/{self.gpu.uuid}":
                self.faults.hook = lambda operation: None
                self.inventory.set_schedulable(self.root.uuid, True)

        self.faults.hook = enable
        self.refused(self.without_the_gpus_inventory())
        traits = placement_state.providers(self.placement.api)[self.root.uuid]["traits"]
        self.assertEqual(["CUSTOM_FAST", "CUSTOM_UNDERSTUDY_CELL_CELL_1"], traits)

    def test_a_name_that_is_taken_at_the_last_moment(self) -> None:
        """A definite refusal, where it was an outage before, and nothing of ours is left."""
        uuid = new_uuid()
        self.refuse_for_the_faster(self.changed(), uuid, "our-numa")

    def test_a_uuid_that_is_taken_at_the_last_moment(self) -> None:
        tree = self.changed()
        self.refuse_for_the_faster(tree, tree[1].uuid, "another-name")

    def refuse_for_the_faster(self, tree: list[Provider], uuid: str, name: str) -> None:
        """Let another service create this provider just before ours is created."""

        def take(operation: str) -> None:
            if operation == "POST /resource_providers":
                self.faults.hook = lambda operation: None
                body = {"uuid": uuid, "name": name, "parent_provider_uuid": None}
                self.placement.api.write("POST", "/resource_providers", body)

        self.faults.hook = take
        self.assertIn("undone", str(self.refused(tree)))
        providers, names = self.state()
        self.assertEqual(name, providers.pop(uuid)["name"])
        self.assertEqual(self.before, [providers, names])

    def test_where_nothing_can_be_known_nothing_is_called_refused(self) -> None:
        tree = self.changed()
        for fault, kind in (
            (Fault.REFUSED, errors.LedgerUnavailable),
            (Fault.CONTENDED, errors.LedgerUnavailable),
            (Fault.LOST_AFTER, errors.OutcomeUnknown),
        ):
            self.faults.writes = fault
            error = self.assertRaises(errors.LedgerUnavailable, self.put_tree, tree)
            self.assertIs(kind, type(error))
            self.assertNotIn("refused", str(error).replace("Connection refused", ""))
        self.faults.writes = Fault.NONE
        # Its cell had recorded them before.
        self.recorded |= {one.uuid for one in tree}
        self.put_tree(tree)
