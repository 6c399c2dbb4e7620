"""What a host reports is one whole tree within its bounds, or nothing is asked of Placement."""

from __future__ import annotations

from typing import Any

import testtools
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.ledger import cell_trait, errors, tree
from understudy.objects.host import Provider

A, B, C = (f"0000000{n}-0000-4000-8000-000000000000" for n in (1, 2, 3))


def provider(uuid: str, name: str, parent: str | None = None, **fields: Any) -> Provider:
    return Provider(uuid=uuid, name=name, parent_uuid=parent, **fields)


def inventory(**fields: Any) -> dict[str, Any]:
    return {"VCPU": fields}


class TreeTest(testtools.TestCase):
    def refused(self, *providers: Provider, **bounds: int) -> str:
        error = self.assertRaises(
            errors.TreeRefused, tree.check, providers, tree.TreeBounds(**bounds)
        )
        self.assertEqual(1, len(str(error).splitlines()))
        self.assertTrue(str(error).isascii() and str(error).isprintable())
        return str(error)

    def taken(self, *providers: Provider) -> None:
        tree.check(providers, tree.TreeBounds())

    def test_a_root_and_what_hangs_below_it(self) -> None:
        full = {"total": 4, "reserved": 4, "min_unit": 1, "max_unit": 2, "step_size": 1}
        self.taken(
            provider(A, "a", inventories=inventory(**full, allocation_ratio=1.5), traits=["X"]),
            provider(B, "b", A, aggregates=[C]),
            provider(C, "c", B, inventories={"CUSTOM_A": {"total": 8.0}}),
        )

    def test_no_root_or_a_second_one(self) -> None:
        self.refused()
        self.refused(provider(A, "a", B))
        self.refused(provider(A, "a"), provider(B, "b"))

    def test_a_parent_that_is_not_above(self) -> None:
        for parent in (B, C, "", "x" * 5000):
            self.refused(provider(A, "a"), provider(B, "b", parent))
        self.refused(provider(A, "a"), provider(B, "b", C), provider(C, "c", B))

    def test_one_that_stands_there_twice(self) -> None:
        self.refused(provider(A, "a"), provider(A, "b", A))
        self.refused(provider(A, "a"), provider(B, "a", A))

    def test_uuids_that_are_none(self) -> None:
        for uuid in (A.replace("-", ""), A.upper().replace("1", "A"), "../etc", "", f"{A}\n"):
            self.refused(provider(uuid, "a"))
            self.refused(provider(A, "a", aggregates=[uuid]))

    def test_names_that_no_provider_may_have(self) -> None:
        for name in ("", "x" * 201, "x" * 3_000_000, "a\nb", "\x1b[2Ja"):
            self.refused(provider(A, name))
        self.taken(provider(A, "x" * 200))

    def test_names_of_traits_and_classes_that_are_none(self) -> None:
        for name in ("", "a", "CUSTOM_A,VCPU", "../traits", "CUSTOM_A\n", "C" * 256):
            self.refused(provider(A, "a", traits=[name]))
            self.refused(provider(A, "a", inventories={name: {"total": 1}}))

    def test_names_that_are_the_conductors(self) -> None:
        for name in (cell_trait.of("cell-1"), "CUSTOM_UNDERSTUDY_"):
            self.refused(provider(A, "a", traits=[name]))
            self.refused(provider(A, "a", inventories={name: {"total": 1}}))

    def test_inventories_that_placement_would_refuse(self) -> None:
        for wrong in (
            {},
            {"total": 0},
            {"total": -1},
            {"total": 2**31},
            {"total": 1.5},
            {"total": True},
            {"total": "1"},
            {"total": None},
            {"total": float("nan")},
            {"total": float("inf")},
            {"total": 1, "reserved": 2},
            {"total": 1, "reserved": -1},
            {"total": 1, "min_unit": 0},
            {"total": 1, "step_size": 0},
            {"total": 1, "allocation_ratio": float("nan")},
            {"total": 1, "allocation_ratio": -1},
            {"total": 1, "allocation_ratio": 1e39},
            {"total": 1, "resource_provider_generation": 1},
        ):
            self.refused(provider(A, "a", inventories={"VCPU": wrong}))
        others: list[Any] = [[], "VCPU", 4, {"VCPU": 4}, {"VCPU": []}]
        for other in others:
            self.refused(provider(A, "a", inventories=other))

    def test_more_than_may_be(self) -> None:
        names = [f"CUSTOM_{n}" for n in range(3)]
        classes = {name: {"total": 1} for name in names}
        self.refused(provider(A, "a", traits=names), traits=2)
        self.refused(provider(A, "a", inventories=classes), classes=2)
        self.refused(provider(A, "a"), provider(B, "b", A), providers=1)
        self.refused(provider(A, "a", aggregates=[B] * (tree.MAX_AGGREGATES + 1)))

    @settings(max_examples=200, deadline=None)
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner)
            ),
            max_leaves=9,
        )
    )
    def test_any_json_is_taken_or_refused(self, value: Any) -> None:
        for inventories in (value, {"VCPU": value}, {"VCPU": {"total": value}}):
            try:
                self.taken(provider(A, "a", inventories=inventories))
            except errors.TreeRefused as error:
                self.assertTrue(str(error).isprintable())


class CellTraitTest(testtools.TestCase):
    def test_a_cell_is_spelled_as_a_trait(self) -> None:
        self.assertEqual("CUSTOM_UNDERSTUDY_CELL_CELL_1", cell_trait.of("cell-1"))
        self.assertEqual("CUSTOM_UNDERSTUDY_CELL_S_D_2", cell_trait.of("süd 2"))
        self.assertEqual(255, len(cell_trait.of("x" * 300)))

    def test_and_read_back(self) -> None:
        traits = ["HW_CPU_X86_AVX2", cell_trait.of("North.1"), "CUSTOM_FAST"]
        self.assertEqual("north_1", cell_trait.cell_in(traits))
        self.assertIsNone(cell_trait.cell_in(["CUSTOM_FAST"]))
