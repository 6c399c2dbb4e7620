"""The two ledgers that every promise is run against, and what tests say to them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import testtools

from tests.fakes import ledger as fake
from tests.fakes.faults import Faults
from tests.functional.support import placement
from understudy.ledger import protocols
from understudy.ledger.protocols import Allocations, Owner, WantedClaim
from understudy.objects.build_request import BuildRequest, ResourceGroup
from understudy.objects.host import Provider

CELL = "cell-1"
OWNER = Owner("a-project", "a-user", "UNDERSTUDY")


def new_uuid() -> str:
    return str(uuid.uuid4())


def wanted(
    consumer: str, allocations: Allocations, generation: int | None = None, owner: Owner = OWNER
) -> WantedClaim:
    return WantedClaim(consumer, owner, fake.allocation_request(allocations), generation)


def request(
    resources: Mapping[str, int], groups: Sequence[ResourceGroup] = (), **fields: Any
) -> BuildRequest:
    return BuildRequest(
        request_id=new_uuid(),
        project_id=OWNER.project_id,
        user_id=OWNER.user_id,
        resources=dict(resources),
        groups=list(groups),
        **fields,
    )


class LedgerTestCase(testtools.TestCase):
    """A test of promises; a subclass says of which ledger."""

    claims: protocols.Claims
    candidates: protocols.Candidates
    inventory: protocols.Inventory
    vocabulary: protocols.Vocabulary
    books: protocols.Books
    faults: Faults

    def setUp(self) -> None:
        super().setUp()
        self.recorded: set[str] = set()
        self.connect()

    def connect(self) -> None:
        """Give this test a ledger, empty."""
        raise NotImplementedError

    def put_tree(self, providers: Sequence[Provider], cell: str = CELL) -> None:
        """Register a tree, as a cell that records what it has put."""
        self.inventory.put_tree(providers, recorded=self.recorded, cell=cell)
        self.recorded |= {provider.uuid for provider in providers}

    def host(
        self,
        name: str,
        totals: Mapping[str, int],
        traits: Sequence[str] = (),
        aggregates: Sequence[str] = (),
    ) -> str:
        """Register a host of one provider; return its uuid."""
        provider = self.provider(name, totals, traits=traits, aggregates=aggregates)
        self.put_tree([provider])
        return provider.uuid

    def provider(
        self,
        name: str,
        totals: Mapping[str, int],
        parent: Provider | None = None,
        traits: Sequence[str] = (),
        aggregates: Sequence[str] = (),
    ) -> Provider:
        return Provider(
            uuid=new_uuid(),
            name=name,
            parent_uuid=None if parent is None else parent.uuid,
            inventories={key: {"total": total} for key, total in totals.items()},
            traits=list(traits),
            aggregates=list(aggregates),
        )

    def gpu_host(self, name: str, gpus: int, model: str, **totals: int) -> list[Provider]:
        """Register a host with `gpus` children of one model; return its tree, root first."""
        root = self.provider(name, totals)
        tree = [root] + [
            self.provider(f"{name}-gpu{index}", {"CUSTOM_GPU_MILLI": 1000}, root, [model])
            for index in range(gpus)
        ]
        self.put_tree(tree)
        return tree


class TwoHostsTestCase(LedgerTestCase):
    """Two hosts, and one vm that moves from the first to the second."""

    def setUp(self) -> None:
        super().setUp()
        self.a, self.b = self.host("a", {"VCPU": 4}), self.host("b", {"VCPU": 4})
        self.vm = new_uuid()

    def first(self) -> dict[str, int]:
        return dict(self.claims.claim_many([wanted(self.vm, {self.a: {"VCPU": 1}})]).claimed)

    def move(self) -> int:
        return self.claims.swap(wanted(self.vm, {self.b: {"VCPU": 1}}, 1))


class OnPlacement(LedgerTestCase):
    """Against a real Placement in this process."""

    def connect(self) -> None:
        self.placement = self.useFixture(placement.EmbeddedPlacement())
        ledger = self.placement.ledger
        self.claims, self.candidates = ledger.claims, ledger.candidates
        self.inventory, self.vocabulary = ledger.inventory, ledger.vocabulary
        self.books, self.faults = ledger.books, self.placement.faults


class OnFake(LedgerTestCase):
    """Against the fake."""

    def connect(self) -> None:
        ledger = fake.FakeLedger()
        self.claims = self.candidates = self.inventory = ledger
        self.vocabulary = self.books = ledger
        self.faults = ledger.faults
