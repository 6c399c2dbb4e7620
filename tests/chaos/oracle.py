"""What must hold in every world, whatever went wrong: while it lives, and in the end."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from tests.chaos import plan as plans
from tests.chaos.hostile import strangers
from tests.chaos.simulated.databases import SimulatedDatabase
from tests.chaos.simulated.placement_claims import Written
from understudy.cells import errors as cell_errors
from understudy.cells import mapping_states
from understudy.cells.records import InstanceRecord, MappingRecord
from understudy.compute.fake_driver import FakeDriverError
from understudy.conductor.audit import Audit, AuditReport
from understudy.conductor.cell_access import CellDirectory
from understudy.objects import states
from understudy.rpcapi.bus import API

if TYPE_CHECKING:
    from tests.chaos.world import World

LOST: Final = "lost"
DOUBLED: Final = "doubled"
LEAKED: Final = "leaked"
WRONG: Final = "wrong"
CHANGED: Final = "changed"
"""Somebody hostile changed what is not theirs, or was told of it."""

ENOUGH: Final = 3
"""Looks in a row that find nobody at work."""

Held = set[tuple[str, int]]
"""(host, attempt)"""

_EXPECTED: Final = (FakeDriverError,)
"""What may be logged as an error: planned troubles."""
_VANISHED: Final = (cell_errors.InstanceUnknown, cell_errors.RequestUnknown)
"""What may be logged besides, where a database was restored while somebody worked on it."""

_AT_WORK_API: Final = (
    "SELECT EXISTS (SELECT 1 FROM instance_mappings WHERE state IN ('ACCEPTED', 'DELETING'))"
)
_AT_WORK_CELL: Final = (
    "SELECT EXISTS (SELECT 1 FROM instances WHERE state IN"
    " ('BUILDING', 'MOVING', 'EXHAUSTED', 'HANDING_OVER', 'FAILING', 'DELETING'))"
    " OR EXISTS (SELECT 1 FROM instances, attempts WHERE uuid = instance_uuid"
    " AND instances.state = 'HANDED_OVER' AND NOT cleaned"
    " AND attempts.state NOT IN ('INTENDED', 'LOST_CLAIM'))"
)
_UNFINISHED: Final = "SELECT EXISTS (SELECT 1 FROM attempts WHERE state NOT IN ('BUILT', 'GONE'))"

_SEEN_IN_CELL: Final = {mapping_states.MAPPED, mapping_states.HANDING_OVER}


class Log(Protocol):
    """What production logged as an error."""

    records: list[logging.LogRecord]


@dataclass(frozen=True, slots=True)
class Violation:
    """One promise that was not kept."""

    kind: str
    words: str


class Oracle:
    """Looks on, and judges in the end."""

    def __init__(self, world: World, log: Log) -> None:
        self._world = world
        self._log = log
        self._found: list[Violation] = []
        self._process = world.process("oracle", "world", API)
        around = world.around
        self._api = around.api_store(self._process)
        self._cells = {cell: around.cell_store(self._process, cell) for cell in around.cells}
        self._roots = plans.roots(world.plan)
        around.placement.on_write = self._written
        self._resting = 0

    def is_at_rest(self) -> bool:
        """Is there nothing left that anybody would do?

        A request may still wait to look once more for late claims: where none is
        left over, it will find none.
        """
        world = self._world
        busy = (
            any(client.waiting for client in world.clients)
            or _ask(world.around.api, _AT_WORK_API)
            or any(_ask(cell, _AT_WORK_CELL) for cell in world.around.cells.values())
            or any(
                machine.disk.execute(_UNFINISHED).fetchone()[0]
                for machine in world.machines.values()
            )
            or not all(bus.is_idle() for bus in world.buses.values())
        )
        self._resting = 0 if busy else self._resting + 1
        return self._resting >= ENOUGH and not any(self._instances())

    def judge(self) -> list[Violation]:
        """Return all that is wrong in the end."""
        self._found += self._world.holdings.found
        self._found += self._world.strangers_did()
        self._found += self._broken_threads()
        self._found += self._errors()
        self._found += self._answers()
        self._found += self._instances()
        self._found += self._audit()
        return self._found

    def _written(self, written: Written) -> None:
        self._world.holdings.written(written)
        for consumer, allocations in written.items():
            hosts = sorted(self._roots[root] for root in allocations if root in self._roots)
            if len(hosts) > 1:
                self._found.append(
                    Violation(DOUBLED, f"{consumer} holds claims on {' and '.join(hosts)}")
                )

    def _broken_threads(self) -> Iterator[Violation]:
        for task, error in self._world.kernel.broken:
            yield Violation(WRONG, f"{task.name} of {task.owner.name} ended with {error!r}")

    def _errors(self) -> Iterator[Violation]:
        restored = self._world.plan.faults.restored is not None
        expected = (*_EXPECTED, *_VANISHED) if restored else _EXPECTED
        for record in self._log.records:
            error = record.exc_info[1] if record.exc_info else None
            if not isinstance(error, expected):
                said = f": {error!r}" if error else ""
                yield Violation(WRONG, f"logged: {record.getMessage()}{said}")

    def _answers(self) -> Iterator[Violation]:
        for client in self._world.clients:
            for answer in client.answers[1:]:
                if answer != client.answers[0]:
                    yield Violation(WRONG, f"{answer} after {client.answers[0]}")

    def _instances(self) -> Iterator[Violation]:
        """Hold what each instance should be against what hosts and ledger have of it."""
        held = self._held()
        holding = {
            consumer: {self._roots.get(root, root) for root in allocations}
            for consumer, allocations in self._world.around.placement.holding.items()
        }
        gone = self._gone()
        for mapping in self._mappings():
            uuid = mapping.instance_uuid
            state, row = self._state(mapping)
            there, claimed = held.pop(uuid, set()), holding.pop(uuid, set())
            if uuid in gone:
                # Nobody can tell what became of it; only that it is not there twice.
                if len(there) > 1:
                    yield Violation(DOUBLED, f"{uuid}, forgotten, is on {_say(there)}")
                continue
            if state not in states.ENDED:
                yield Violation(LOST, f"{uuid} is {state} ({mapping.state} in the mapping)")
                continue
            expected: Held = set()
            if state == states.ACTIVE and row is not None and row.selection is not None:
                selection = row.selection
                host = self._roots.get(selection.compute_node_uuid, selection.service_host)
                expected = {(host, row.attempt)}
                if selection.compute_node_uuid in strangers.ROOTS:
                    # Its agent said that it is there, and nobody else can tell.
                    there = there | expected
            yield from _compare(uuid, state, expected, there, claimed)
        for uuid, there in held.items():
            yield Violation(LEAKED, f"{uuid}, which nobody asked for, is on {_say(there)}")
        for uuid, claimed in holding.items():
            yield Violation(LEAKED, f"{uuid}, which nobody asked for, claims {claimed}")

    def _gone(self) -> set[str]:
        """Return those of whose end a restored database cannot know.

        It had no row of theirs, or has an older one than their claim is, which
        only tears down; or the row shows what was deleted since.
        """
        found = set(self._world.wiped)
        for mapping in self._mappings():
            if mapping.instance_uuid in self._world.forgotten:
                row = self._state(mapping)[1]
                if row is None or row.state == states.HANDED_OVER:
                    found.add(mapping.instance_uuid)
        return found

    def _state(self, mapping: MappingRecord) -> tuple[str, InstanceRecord | None]:
        """Return what a client is shown, and the row that says so, if one does."""
        if mapping.state not in _SEEN_IN_CELL or mapping.cell_uuid is None:
            return mapping.state, None
        name = self._api.cell_by_uuid(mapping.cell_uuid).name
        try:
            row = self._cells[name].instance(mapping.instance_uuid)
        except cell_errors.InstanceUnknown:
            return f"not in cell {name}", None
        return row.state, row

    def _mappings(self) -> Iterator[MappingRecord]:
        asked = [ask.request.request_id for ask in self._world.plan.asks]
        for request_id in (*asked, *strangers.REQUESTS):
            yield from self._api.mappings_of(request_id)

    def _held(self) -> dict[str, Held]:
        held: dict[str, Held] = defaultdict(set)
        for host in sorted(self._roots.values()):
            for tag in self._world.holdings.on(host):
                held[tag.instance_uuid].add((host, tag.attempt))
        return held

    def _known(self, report: AuditReport) -> AuditReport:
        """Leave out what is said of those of which no database can tell what became of them."""
        gone = self._gone()

        def known(lines: list[str]) -> list[str]:
            return [line for line in lines if line.split()[0] not in gone]

        return AuditReport(
            known(report.leaked),
            known(report.doubled),
            known(report.missing),
            report.miscounted,
            report.foreign,
        )

    def _audit(self) -> Iterator[Violation]:
        around = self._world.around
        ledger = around.ledger(self._process)
        open_cell = self._world.open_cell(self._process)
        audit = Audit(
            CellDirectory(self._api, open_cell), ledger.books, ledger.claims, "UNDERSTUDY"
        )
        report = self._known(audit.run())
        for line in report.leaked:
            yield Violation(LEAKED, f"audit: {line}")
        for line in report.doubled:
            yield Violation(DOUBLED, f"audit: {line}")
        for line in (*report.missing, *report.miscounted, *report.foreign):
            yield Violation(WRONG, f"audit: {line}")


def _compare(
    uuid: str, state: str, expected: Held, there: Held, claimed: set[str]
) -> Iterator[Violation]:
    hosts = {host for host, _ in expected}
    if there - expected:
        kind = DOUBLED if expected else LEAKED
        yield Violation(kind, f"{uuid} is {state} and exists on {_say(there)}")
    if expected - there:
        yield Violation(LOST, f"{uuid} is {state} on {_say(expected)} and not there")
    if claimed - hosts:
        kind = DOUBLED if expected else LEAKED
        yield Violation(kind, f"{uuid} is {state} and claims {' and '.join(sorted(claimed))}")
    if hosts - claimed:
        yield Violation(WRONG, f"{uuid} is {state} on {_say(expected)} without a claim")


def _say(held: Held) -> str:
    return ", ".join(f"{host} (attempt {attempt})" for host, attempt in sorted(held))


def _ask(database: SimulatedDatabase, query: str) -> bool:
    return bool(database.peek(query))
