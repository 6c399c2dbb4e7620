"""The ledger that the promises are run against here: the real one on the simulated Placement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keystoneauth1 import adapter as ksa_adapter

from tests.chaos.simulated.gate import Broken, Contended, Late, Lost, OpenGate, Refused, Reset
from tests.chaos.simulated.placement import SimulatedPlacement
from tests.chaos.simulated.placement_answers import Answer
from tests.fakes.faults import Fault, Faults
from tests.functional.ledger import subject
from understudy.ledger import api
from understudy.ledger.books import PlacementBooks
from understudy.ledger.candidates import PlacementCandidates
from understudy.ledger.claims import PlacementClaims
from understudy.ledger.inventory import PlacementInventory
from understudy.ledger.vocabulary import PlacementVocabulary

_BEFORE: dict[Fault, type[Exception]] = {
    Fault.REFUSED: Refused,
    Fault.LOST_BEFORE: Lost,
    Fault.LATE: Late,
    Fault.ERROR: Broken,
    Fault.CONTENDED: Contended,
}


class FaultyGate(OpenGate):
    """Raises what `faults` plans for the operation that is next."""

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self.operation = ""
        self._faults = faults
        self._planned = Fault.NONE

    def before(self, seam: str) -> None:
        is_read = self.operation.startswith("GET")
        plan = self._faults.of_read if is_read else self._faults.of_write
        self._planned = plan(self.operation)
        if self._planned in _BEFORE:
            raise _BEFORE[self._planned]

    def after(self, seam: str) -> None:
        if self._planned is Fault.LOST_AFTER:
            raise Reset

    def keep(self, effect: Callable[[], None]) -> None:
        self._faults.keep(effect)


class NamedRequests:
    """An adapter that tells the gate which operation comes, ids and all."""

    def __init__(self, inner: ksa_adapter.Adapter, gate: FaultyGate) -> None:
        self._inner = inner
        self._gate = gate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def request(self, path: str, method: str, **more: Any) -> Any:
        """Send it on."""
        self._gate.operation = f"{method} {path}"
        return self._inner.request(path, method, **more)

    def put(self, path: str, **more: Any) -> Answer:
        """Send a PUT."""
        answer: Answer = self.request(path, "PUT", **more)
        return answer


@dataclass(frozen=True)
class Connected:
    """What tests of Placement itself speak through."""

    adapter: Any
    api: api.PlacementApi


class OnSimulated(subject.LedgerTestCase):
    """Against the simulated Placement, empty; `faults` happen at its gate."""

    # Also put before classes whose `placement` is the one in the process.
    placement: Any

    def connect(self) -> None:
        self.faults = Faults()
        self.simulated = SimulatedPlacement()
        gate = FaultyGate(self.faults)
        adapter: Any = NamedRequests(self.simulated.adapter(gate), gate)
        placement = api.PlacementApi(adapter)
        self.placement = Connected(adapter, placement)
        self.vocabulary = vocabulary = PlacementVocabulary(placement)
        self.claims = PlacementClaims(placement, _at_once)
        self.candidates = PlacementCandidates(placement)
        self.inventory = PlacementInventory(placement, vocabulary, _at_once)
        self.books = PlacementBooks(placement)


def _at_once(failed: int) -> None:
    """Do not wait between two tries."""
