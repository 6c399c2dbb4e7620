"""Hold the ledger against the cells' databases: is a claim leaked, doubled, missing?

Reads only. What is in flight is compared with every target that it may stand
on; whoever wants a verdict asks when nothing is in flight.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from understudy.cells import errors as cell_errors
from understudy.cells.records import InstanceRecord
from understudy.conductor.cell_access import CellAccess, CellDirectory
from understudy.ledger.protocols import Books, Claims
from understudy.objects import states

HOLDING = states.WORKING | {states.ACTIVE}
"""The states in which an instance may hold a claim."""
MUST_HOLD = frozenset({states.BUILDING, states.MOVING, states.EXHAUSTED, states.ACTIVE})
"""The states in which it must."""

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

    @property
    def clean(self) -> bool:
        """Is there nothing to report?"""
        return not (self.leaked or self.doubled or self.missing or self.miscounted)


class Audit:
    """Reads every claim on every registered host, and every instance's row."""

    def __init__(
        self, cells: CellDirectory, books: Books, claims: Claims, consumer_type: str
    ) -> None:
        """Compare `cells` with `books`; claims of other consumer types are not ours."""
        self._cells = cells
        self._books = books
        self._claims = claims
        self._consumer_type = consumer_type

    def run(self) -> AuditReport:
        """Return what does not add up now. Raises CellUnreachable, LedgerUnavailable."""
        report = AuditReport()
        held = self._held(report)
        rows = {record.uuid: (access, record) for access, record in self._rows()}
        for consumer, amounts in sorted(held.items()):
            if consumer not in rows:
                if self._is_ours(consumer):
                    report.leaked.append(f"{consumer} (unknown) still holds {_say(amounts)}")
                continue
            access, record = rows[consumer]
            if record.state not in HOLDING:
                report.leaked.append(f"{consumer} ({record.state}) still holds {_say(amounts)}")
            elif not _stands_on_a_target(access, record, amounts):
                report.doubled.append(f"{consumer} holds {_say(amounts)}, not what it asked for")
        for uuid, (_, record) in sorted(rows.items()):
            if record.state in MUST_HOLD and uuid not in held:
                report.missing.append(f"{uuid} ({record.state}) holds no claim")
        return report

    def _is_ours(self, consumer: str) -> bool:
        owner = self._claims.read_back(consumer).owner
        return owner is not None and owner.consumer_type == self._consumer_type

    def _held(self, report: AuditReport) -> Mapping[str, Amounts]:
        """Return amounts by consumer and provider, over all hosts."""
        held: dict[str, Amounts] = defaultdict(dict)
        for provider in self._providers():
            total: dict[str, int] = defaultdict(int)
            for consumer, amounts in self._books.claims_on(provider).items():
                held[consumer][provider] = dict(amounts)
                for name, amount in amounts.items():
                    total[name] += amount
            used = {name: count for name, count in self._books.usages(provider).items() if count}
            if used != total:
                report.miscounted.append(f"{provider}: usage {used}, claims add up to {total}")
        return held

    def _providers(self) -> Iterator[str]:
        for access in self._cells.all():
            for host in access.store.hosts():
                yield from self._books.providers_of(host.compute_node_uuid)

    def _rows(self) -> Iterator[tuple[CellAccess, InstanceRecord]]:
        """Return each instance's live row: a handed-over one is not it."""
        for access in self._cells.all():
            for record in access.store.holders():
                if record.state != states.HANDED_OVER:
                    yield access, record


def _stands_on_a_target(access: CellAccess, record: InstanceRecord, amounts: Amounts) -> bool:
    """Are the amounts those of the current target, or of one it may be moving from?"""
    if record.selection is not None and record.selection.allocations == amounts:
        return True
    if record.state in (states.ACTIVE, states.BUILDING):
        return False
    try:
        attempts: Sequence[Amounts] = [
            attempt.selection.allocations for attempt in access.store.attempts(record.uuid)
        ]
    except cell_errors.InstanceUnknown:
        return False
    return amounts in attempts


def _say(amounts: Amounts) -> str:
    return ", ".join(
        f"{amount} {name} of {provider}"
        for provider, by_class in sorted(amounts.items())
        for name, amount in sorted(by_class.items())
    )
