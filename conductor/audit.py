"""Hold the ledger against the cells' databases: is a claim leaked, doubled, missing?

Reads only. What is in flight is compared with every target that it may stand
on; whoever wants a verdict asks when nothing is in flight.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from understudy.cells.records import Holder
from understudy.conductor.cell_access import CellAccess, CellDirectory
from understudy.ledger.protocols import Books, Claims
from understudy.objects import states
from understudy.objects.selection import allocations_of

HOLDING = states.WORKING | {states.ACTIVE}
"""The states in which an instance may hold a claim."""
MUST_HOLD = HOLDING - {states.FAILING, states.DELETING}
"""Those in which it must: from its insert to its ending, it is never without."""

Amounts = dict[str, dict[str, int]]
"""By provider and resource class."""


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What does not add up; each list holds one line for a person per finding."""

    leaked: list[str] = field(default_factory=list)
    """Claims whose instance has ended, or that no cell knows."""
    doubled: list[str] = field(default_factory=list)
    """Claims that are not exactly what one attempt asked for."""
    missing: list[str] = field(default_factory=list)
    """Instances that should hold a claim and hold none."""
    miscounted: list[str] = field(default_factory=list)
    """Providers whose usage is not the sum of the claims on them."""
    foreign: list[str] = field(default_factory=list)
    """Claims on our hosts that carry another consumer type than ours, or none."""

    @property
    def clean(self) -> bool:
        """Is there nothing to report?"""
        found = (self.leaked, self.doubled, self.missing, self.miscounted, self.foreign)
        return not any(found)


class Audit:
    """Reads every claim on every registered host, and every instance's row."""

    def __init__(
        self, cells: CellDirectory, books: Books, claims: Claims, consumer_type: str
    ) -> None:
        """Compare `cells` with `books`; claims of other consumer types are not ours.

        They take room on our hosts all the same, and nobody here bounds them.
        """
        self._cells = cells
        self._books = books
        self._claims = claims
        self._consumer_type = consumer_type

    def run(self) -> AuditReport:
        """Return what does not add up now. Raises CellUnreachable, LedgerUnavailable."""
        report = AuditReport()
        providers = list(self._providers())
        held = self._held(providers, report)
        rows = self._rows(report)
        for consumer, amounts in sorted(held.items()):
            if consumer in rows:
                access, row = rows[consumer]
                self._compare(access, row, amounts, frozenset(providers), report)
            else:
                self._judge_unknown(consumer, amounts, report)
        for uuid, (_, row) in sorted(rows.items()):
            if row.state in MUST_HOLD and uuid not in held:
                report.missing.append(f"{uuid} ({row.state}) holds no claim")
        return report

    @staticmethod
    def _compare(
        access: CellAccess,
        row: Holder,
        amounts: Amounts,
        providers: frozenset[str],
        report: AuditReport,
    ) -> None:
        if row.state not in HOLDING:
            report.leaked.append(f"{row.uuid} ({row.state}) still holds {_say(amounts)}")
        elif not _stands_on_a_target(access, row, amounts, providers):
            report.doubled.append(f"{row.uuid} holds {_say(amounts)}, not what it asked for")

    def _judge_unknown(self, consumer: str, amounts: Amounts, report: AuditReport) -> None:
        """Say of a claim that no cell knows whether it is ours, as far as it says so itself."""
        held = self._claims.read_back(consumer)
        if not held.allocations:
            # Given back since it was read.
            return
        if held.owner is not None and held.owner.consumer_type == self._consumer_type:
            report.leaked.append(f"{consumer} (unknown) still holds {_say(amounts)}")
            return
        kind = "of no type" if held.owner is None else f"of type {held.owner.consumer_type!r}"
        report.foreign.append(f"{consumer} ({kind}) holds {_say(amounts)}")

    def _held(self, providers: Iterable[str], report: AuditReport) -> Mapping[str, Amounts]:
        """Return amounts by consumer and provider, over all hosts."""
        held: dict[str, Amounts] = defaultdict(dict)
        for provider in providers:
            total: dict[str, int] = defaultdict(int)
            for consumer, amounts in self._books.claims_on(provider).items():
                held[consumer][provider] = dict(amounts)
                for name, amount in amounts.items():
                    total[name] += amount
            used = {name: count for name, count in self._books.usages(provider).items() if count}
            if used != total:
                claimed = dict(total)
                report.miscounted.append(f"{provider}: usage {used}, claims add up to {claimed}")
        return held

    def _providers(self) -> Iterator[str]:
        for access in self._cells.all():
            for host in access.store.hosts():
                yield from self._books.providers_of(host.compute_node_uuid)

    def _rows(self, report: AuditReport) -> dict[str, tuple[CellAccess, Holder]]:
        """Return each instance's row: one that was handed over is not it.

        Nor is one that has ended while it lives in another cell: a database that
        was restored may have missed the hand-over, and failed it at its deadline.
        """
        rows: dict[str, tuple[CellAccess, Holder]] = {}
        for access in self._cells.all():
            for row in access.store.holders():
                if row.state == states.HANDED_OVER:
                    continue
                other = rows.get(row.uuid)
                if other is None or other[1].state not in HOLDING:
                    rows[row.uuid] = (access, row)
                elif row.state in HOLDING:
                    report.doubled.append(f"{row.uuid} lives in {other[0].name} and {access.name}")
        return rows


def _stands_on_a_target(
    access: CellAccess, row: Holder, amounts: Amounts, providers: frozenset[str]
) -> bool:
    """Are the amounts those of the current target, or of one it may be moving from?

    Only what hosts consist of is compared: a sharing provider belongs to no host.
    """

    def seen(allocations: Amounts) -> Amounts:
        return {uuid: part for uuid, part in allocations.items() if uuid in providers}

    target = row.allocation_request
    if target is not None and seen(allocations_of(target)) == amounts:
        return True
    if row.state in (states.ACTIVE, states.BUILDING):
        return False
    attempts = access.store.attempts(row.uuid)
    return amounts in [seen(attempt.selection.allocations) for attempt in attempts]


def _say(amounts: Amounts) -> str:
    return ", ".join(
        f"{amount} {name} of {provider}"
        for provider, by_class in sorted(amounts.items())
        for name, amount in sorted(by_class.items())
    )
