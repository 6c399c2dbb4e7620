"""Which names a host may create, by their beginning, at once and in all."""

from __future__ import annotations

import testtools

from tests.chaos.simulated.gate import OpenGate
from tests.chaos.simulated.placement import SimulatedPlacement
from understudy.ledger import api, errors
from understudy.ledger.new_names import CLASSES, TRAITS, NameBounds, NewNames
from understudy.ledger.vocabulary import PlacementVocabulary
from understudy.objects.host import Provider

OWN = "CUSTOM_UNDERSTUDY_CELL_CELL_1"
UUID = "00000001-0000-4000-8000-000000000000"


class NewNamesTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.api = api.PlacementApi(SimulatedPlacement().adapter(OpenGate()))
        self.api.write("PUT", "/traits/CUSTOM_OLD")

    def missing(
        self, *traits: str, classes: tuple[str, ...] = (), bounds: NameBounds | None = None
    ) -> list[tuple[str, str]]:
        names = NewNames(PlacementVocabulary(self.api), bounds or NameBounds())
        inventories = {name: {"total": 1.0} for name in classes}
        one = Provider(uuid=UUID, name="a", inventories=inventories, traits=list(traits))
        return list(names.missing([one], OWN))

    def refused(self, *traits: str, bounds: NameBounds) -> str:
        error = self.assertRaises(errors.TreeRefused, lambda: self.missing(*traits, bounds=bounds))
        return str(error)

    def test_what_is_missing_is_said(self) -> None:
        found = self.missing("CUSTOM_OLD", "CUSTOM_NEW", classes=("VCPU", "CUSTOM_NEW"))
        expected = [(CLASSES, "CUSTOM_NEW"), (TRAITS, "CUSTOM_NEW"), (TRAITS, OWN)]
        self.assertEqual(expected, found)

    def test_beginnings_that_hosts_may_create(self) -> None:
        bounds = NameBounds(creatable=("CUSTOM_GPU_", "CUSTOM_NIC_"))
        self.assertEqual(
            [(TRAITS, "CUSTOM_GPU_T4"), (TRAITS, OWN)],
            self.missing("CUSTOM_OLD", "CUSTOM_GPU_T4", bounds=bounds),
        )
        self.assertIn("CUSTOM_GPU_, CUSTOM_NIC_ only", self.refused("CUSTOM_X", bounds=bounds))
        self.assertIn("nothing only", self.refused("CUSTOM_X", bounds=NameBounds(())))
        self.assertEqual([(TRAITS, OWN)], self.missing("CUSTOM_OLD", bounds=NameBounds(())))

    def test_what_is_no_custom_name_is_never_created(self) -> None:
        self.refused("HW_NONSENSE", bounds=NameBounds(creatable=("HW_",)))
        self.refused("HW_NONSENSE", bounds=NameBounds(creatable=("",)))

    def test_at_once(self) -> None:
        bounds = NameBounds(at_once=2)
        self.missing("CUSTOM_1", "CUSTOM_2", bounds=bounds)
        text = self.refused("CUSTOM_1", "CUSTOM_2", "CUSTOM_3", bounds=bounds)
        self.assertIn("brings 3 new names, at most 2", text)

    def test_in_all(self) -> None:
        bounds = NameBounds(in_all=3)
        self.missing("CUSTOM_1", "CUSTOM_2", bounds=bounds)
        self.refused("CUSTOM_1", "CUSTOM_2", "CUSTOM_3", bounds=bounds)
        self.missing("CUSTOM_OLD", bounds=NameBounds(in_all=0))
