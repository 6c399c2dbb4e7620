"""Whatever well-formed tree a host reports, what is not its own stays as it is, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import testtools
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.functional.ledger import placement_state
from understudy.ledger import api, errors
from understudy.ledger.inventory import PlacementInventory
from understudy.objects.host import Provider

OURS = ("our", "our-a", "our-b")
THEIRS = ("their", "their-a", "nova", "nova-a")
NEW = ("new", "new-a", "new-b")
PARENTS = {"our-a": "our", "our-b": "our-a", "their-a": "their", "nova-a": "nova"}
UUIDS = {
    name: f"00000000-0000-4000-8000-{number:012}"
    for number, name in enumerate((*OURS, *THEIRS, *NEW))
}
NAMES = st.sampled_from([*UUIDS, "x", "y"])
CLASSES = ("VCPU", "CUSTOM_A", "CUSTOM_B")
TRAITS = ("HW_CPU_X86_AVX2", "CUSTOM_A", "CUSTOM_C")


@st.composite
def trees(draw: Callable[[Any], Any]) -> list[Provider]:
    """Draw a whole tree of any uuids and names that there are, and of new ones."""
    root = draw(st.sampled_from(["our"] * 4 + list(UUIDS)))
    others = st.lists(st.sampled_from([*UUIDS]), max_size=4, unique=True)
    who = list(dict.fromkeys([root, *draw(others)]))
    names = draw(st.lists(NAMES, min_size=len(who), max_size=len(who), unique=True))
    if draw(st.booleans()):
        names = who
    found: list[Provider] = []
    for one, name in zip(who, names, strict=True):
        parent = draw(st.sampled_from(found)).uuid if found else None
        classes = draw(st.lists(st.sampled_from(CLASSES), unique=True))
        traits = draw(st.lists(st.sampled_from(TRAITS), unique=True))
        found.append(
            Provider(
                uuid=UUIDS[one],
                name=name,
                parent_uuid=parent,
                inventories={key: {"total": draw(st.integers(1, 3))} for key in classes},
                traits=traits,
                aggregates=draw(st.sampled_from([[], [UUIDS["new"]]])),
            )
        )
    return found


recorded = st.sets(st.sampled_from([UUIDS[name] for name in OURS])).map(
    lambda some: some | {UUIDS["our"]}
)


def set_up(placement_api: api.PlacementApi) -> None:
    """Write our host and theirs; the last of each is in use."""
    for name in (*OURS, *THEIRS):
        parent = UUIDS[PARENTS[name]] if name in PARENTS else None
        body = {"uuid": UUIDS[name], "name": name, "parent_provider_uuid": parent}
        placement_api.write("POST", "/resource_providers", body)
        inventories = {"inventories": {"VCPU": {"total": 2}}, "resource_provider_generation": 0}
        placement_api.write("PUT", f"/resource_providers/{UUIDS[name]}/inventories", inventories)
    allocations = {
        "allocations": {UUIDS[name]: {"resources": {"VCPU": 1}} for name in ("our-b", "their-a")},
        "project_id": "p",
        "user_id": "u",
        "consumer_type": "UNDERSTUDY",
        "consumer_generation": None,
    }
    placement_api.write("PUT", f"/allocations/{UUIDS['new-b']}", allocations)


class AnyTree(testtools.TestCase):
    """Draws trees; a subclass says against which Placement."""

    EXAMPLES = 12

    def fresh(self) -> tuple[api.PlacementApi, PlacementInventory]:
        """Return a Placement that is empty."""
        raise NotImplementedError

    def test_what_is_not_the_hosts_own_stays(self) -> None:
        self.told: set[str] = set()

        @settings(
            max_examples=self.EXAMPLES,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(trees(), recorded)
        def run(tree: list[Provider], known: set[str]) -> None:
            self.put(tree, known)

        run()

    def put(self, tree: list[Provider], known: set[str]) -> None:
        placement_api, inventory = self.fresh()
        set_up(placement_api)
        before = placement_state.everything(placement_api)
        error = None
        try:
            inventory.put_tree(tree, recorded=known, cell="cell-1")
        except (errors.ProviderNotOurs, errors.TreeRefused) as refusal:
            error = refusal
        self.told.add(type(error).__name__)
        after = placement_state.everything(placement_api)
        if error is not None:
            plain = placement_state.without_generations
            assert "left as written" not in str(error), str(error)
            assert plain(before) == plain(after), str(error)
        for uuid, provider in before[0].items():
            if uuid not in known:
                assert provider == after[0][uuid]
        new = after[0].keys() - before[0].keys()
        assert new <= {UUIDS[name] for name in NEW}
        for taken in tree if error is None else []:
            assert after[0][taken.uuid]["root_provider_uuid"] == tree[0].uuid
