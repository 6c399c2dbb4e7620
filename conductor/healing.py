"""Give back what the ledger still holds for instances whose record has ended.

Only a record of ours that ended says that a claim may go. What a build in
flight may own, what a cell that does not answer may own, and what no record
knows at all is left as it is and told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from understudy.cells import errors as cell_errors
from understudy.cells import mapping_states
from understudy.cells.api_store import ApiStore
from understudy.cells.records import Holder, MappingRecord
from understudy.conductor.asking import ask
from understudy.conductor.cell_access import CellDirectory
from understudy.ledger import errors as ledger_errors
from understudy.ledger.protocols import Books, Claims, HeldClaim
from understudy.objects import states

NOTHING_HELD: Final = frozenset({states.ERROR, states.DELETED})
"""The endings that hold no claim."""
NEVER_IN_A_CELL: Final = frozenset({mapping_states.ERROR, mapping_states.DELETED})


@dataclass(frozen=True, slots=True)
class Healed:
    """What was done and what was not; each list holds one line for a person per claim."""

    mended: list[str] = field(default_factory=list)
    """Claims given back, or, when nothing is to be written, that could be."""
    left: list[str] = field(default_factory=list)
    """Claims of ours that look wrong and are left, with the reason."""
    silent: list[str] = field(default_factory=list)
    """Cells that did not answer."""


class Healer:
    """Holds each claim of ours against the record of its instance."""

    def __init__(
        self,
        api: ApiStore,
        cells: CellDirectory,
        books: Books,
        claims: Claims,
        consumer_type: str,
    ) -> None:
        """Touch claims of this consumer type only."""
        self._api = api
        self._cells = cells
        self._books = books
        self._claims = claims
        self._consumer_type = consumer_type

    def run(self, *, write: bool) -> Healed:
        """Give back what may go, or with `write` false only say what that is.

        Raises ApiDatabaseUnreachable, LedgerUnavailable.
        """
        # Claims first: whatever is begun after they were read is not among them.
        consumers = sorted(set(self._consumers()))
        rows, silent = ask(self._cells, lambda access: {r.uuid: r for r in access.store.holders()})
        healed = Healed(silent=silent)
        for consumer in consumers:
            self._judge(consumer, rows, healed, write=write)
        return healed

    def _consumers(self) -> Iterator[str]:
        """Yield who holds something on any host that was ever mapped."""
        for mapping in self._api.host_mappings():
            for provider in self._books.providers_of(mapping.compute_node_uuid):
                yield from self._books.claims_on(provider)

    def _judge(
        self,
        consumer: str,
        rows: Mapping[str, Mapping[str, Holder]],
        healed: Healed,
        *,
        write: bool,
    ) -> None:
        found = {cell: held[consumer] for cell, held in rows.items() if consumer in held}
        if any(row.state not in {*NOTHING_HELD, states.HANDED_OVER} for row in found.values()):
            return
        held = self._claims.read_back(consumer)
        if not held.allocations or held.owner is None:
            return
        if held.owner.consumer_type != self._consumer_type:
            return
        reason, ended = self._ending(consumer, found, healed.silent)
        if not ended:
            healed.left.append(f"{consumer} holds {_say(held)}: {reason}")
            return
        if write and not self._give_back(held):
            healed.left.append(f"{consumer} holds {_say(held)}: its claim changed meanwhile")
            return
        healed.mended.append(f"{consumer} ({reason}) held {_say(held)}")

    def _ending(
        self, consumer: str, found: Mapping[str, Holder], silent: list[str]
    ) -> tuple[str, bool]:
        """Return what its records say, and whether that is an ending which holds nothing."""
        try:
            mapping = self._api.mapping(consumer)
        except cell_errors.InstanceUnknown:
            return "no record of ours knows it", False
        if mapping.cell_uuid is None or mapping.state == mapping_states.DELETED:
            return self._unmapped(mapping, silent)
        cell = self._cells.get(mapping.cell_uuid).name
        if cell in silent:
            return f"it belongs to {cell}, which does not answer", False
        if mapping.state == mapping_states.HANDING_OVER:
            return f"it is leaving {cell}", False
        if cell not in found:
            return f"it is on its way to {cell}", False
        # Read again: the row may have been taken up since.
        state = self._cells.get(mapping.cell_uuid).store.instance(consumer).state
        return f"{state} in {cell}", state in NOTHING_HELD

    def _unmapped(self, mapping: MappingRecord, silent: list[str]) -> tuple[str, bool]:
        """Judge what is in no cell; a cell that is silent may have it all the same."""
        if silent:
            return f"{', '.join(silent)} may have it and does not answer", False
        return f"{mapping.state} in no cell", mapping.state in NEVER_IN_A_CELL

    def _give_back(self, held: HeldClaim) -> bool:
        """Give back exactly the claim that was judged; false if it has changed."""
        assert held.owner is not None
        assert held.generation is not None
        try:
            self._claims.unclaim(held.consumer, held.owner, held.generation)
        except ledger_errors.StaleGeneration:
            return False
        return True


def _say(held: HeldClaim) -> str:
    return ", ".join(
        f"{amount} {name} of {provider}"
        for provider, amounts in sorted(held.allocations.items())
        for name, amount in sorted(amounts.items())
    )
