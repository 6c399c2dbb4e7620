"""`understudy-conductor`: the super conductor, or with `--cell NAME` a cell's own.

A cell's conductor knows its cell's bus, its cell's database and Placement; what
belongs to the API level is neither asked for nor read.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from understudy.rpcapi.threads import use_threads

if TYPE_CHECKING:
    from understudy.cells.records import CellRecord
    from understudy.cli.services.configuration import Configuration
    from understudy.cli.services.launching import Kind
    from understudy.conductor.cell_access import CellAccess
    from understudy.conductor.cell_service import CellConductorService
    from understudy.conductor.super_service import SuperConductorService
    from understudy.ledger.protocols import Claims

PROG = "understudy-conductor"
USAGE = f"{PROG} [--cell NAME] [--config-file FILE] [--config-dir DIR] [--debug] [--log-file FILE]"


def compose_super(conf: Configuration, name: str, closing: ExitStack) -> SuperConductorService:
    """Put a super conductor together, on connections of its own."""
    from understudy.cli import limit_options
    from understudy.cli.services import checks
    from understudy.cli.services.notifying import open_notifier
    from understudy.cli.services.scraping import show_figures
    from understudy.conductor import options
    from understudy.conductor.cell_access import CellDirectory
    from understudy.conductor.super_service import SuperConductorService
    from understudy.ledger import options as ledger_options
    from understudy.rpcapi.bus import API, Bus

    bus = Bus.open(API, conf.transport_url, conf=conf)
    closing.callback(bus.close)
    api = checks.open_api_store(conf)
    closing.callback(api.close)
    cells = CellDirectory(api, functools.partial(open_cell, conf))
    closing.callback(cells.close)
    ledger = ledger_options.connect(conf)
    claims: Claims = ledger.claims
    figures = show_figures(conf, closing)
    if figures is not None:
        from understudy.cli.metrics.databases import DatabaseCollector
        from understudy.cli.metrics.measured import MeasuredClaims

        claims = MeasuredClaims(claims, figures)
        figures.registry.register(
            DatabaseCollector("requests", api.count_requests, api.services, api.outbox)
        )
    return SuperConductorService(
        bus,
        api,
        cells,
        claims,
        ledger.vocabulary,
        name=name,
        bounds=dataclasses.replace(options.bounds(conf), limits=limit_options.requests(conf)),
        timing=options.timing(conf),
        workers=conf.conductor.workers,
        notifier=open_notifier(conf, name, closing),
        most_waiting=conf.conductor.most_waiting,
    )


def compose_cell(conf: Configuration, name: str, closing: ExitStack) -> CellConductorService:
    """Put a cell's conductor together, on connections of its own."""
    from understudy.cli import limit_options
    from understudy.cli.services import checks
    from understudy.cli.services.notifying import open_notifier
    from understudy.cli.services.scraping import show_figures
    from understudy.conductor import options
    from understudy.conductor.cell_service import CellConductorService
    from understudy.ledger import options as ledger_options
    from understudy.rpcapi.bus import Bus

    bus = Bus.open(conf.cell.name, conf.transport_url, conf=conf)
    closing.callback(bus.close)
    store = checks.open_cell_store(conf)
    closing.callback(store.close)
    ledger = ledger_options.connect(conf)
    claims: Claims = ledger.claims
    figures = show_figures(conf, closing)
    if figures is not None:
        from understudy.cli.metrics.databases import DatabaseCollector
        from understudy.cli.metrics.measured import MeasuredClaims, measure

        claims = MeasuredClaims(claims, figures)
        measure(store, figures)
        figures.registry.register(
            DatabaseCollector("instances", store.counts, store.services, store.outbox)
        )
    return CellConductorService(
        bus,
        store,
        claims,
        ledger.inventory,
        name=name,
        timing=options.timing(conf),
        workers=conf.conductor.workers,
        notifier=open_notifier(conf, name, closing),
        trust=dataclasses.replace(options.trust(conf), limits=limit_options.hosts(conf)),
    )


def open_cell(conf: Configuration, record: CellRecord) -> CellAccess:
    """Open a cell's bus and database, as the API database says where they are."""
    from understudy.cells import cell_store
    from understudy.cli import options
    from understudy.conductor.cell_access import CellAccess
    from understudy.rpcapi.bus import Bus
    from understudy.rpcapi.cell_conductor import CellConductorClient

    store = cell_store.connect(
        record.name,
        record.database_url,
        options.limits(conf, options.CELL_DATABASE),
        announces=conf.notifications.enabled,
    )
    bus = Bus.open(record.name, record.transport_url, conf=conf)
    return CellAccess.over(
        record, store, bus, CellConductorClient(bus), conf.conductor.retry_interval
    )


def kind_of_super() -> Kind:
    """Return what is particular to the super conductor."""
    from understudy.cli.services import checks
    from understudy.cli.services.launching import Kind

    return Kind(
        PROG,
        compose_super,
        (
            checks.bus,
            checks.api_database,
            checks.placement,
            checks.retries,
            checks.state_path,
        ),
        name=lambda conf: str(conf.host),
        processes=lambda conf: int(conf.conductor.processes),
        usage=USAGE,
    )


def kind_of_cell(cell: str) -> Kind:
    """Return what is particular to this cell's conductor."""

    def same_cell(conf: Configuration) -> None:
        named = conf.cell.name
        if named not in (None, cell):
            raise conf.refuse(
                "cell", "name", f"it is {named}, but --cell says {cell}", "let them agree"
            )
        conf.set_default("name", cell, group="cell")

    named = kind_of_named_cell()
    return dataclasses.replace(named, checks=(same_cell, *named.checks))


def kind_of_named_cell() -> Kind:
    """Return what is particular to the conductor of the cell that the file names."""
    from understudy.cli.services import checks, foreign
    from understudy.cli.services.launching import Kind

    return Kind(
        PROG,
        compose_cell,
        (
            checks.cell_name,
            checks.bus,
            foreign.no_api_database,
            checks.cell_database,
            checks.placement,
            checks.state_path,
        ),
        name=lambda conf: f"{conf.cell.name}-{conf.host}",
        processes=lambda conf: int(conf.conductor.processes),
        usage=USAGE,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the one or the other."""
    use_threads()
    from understudy.cli.services import launching

    cell, rest = _take_cell(sys.argv[1:] if argv is None else argv)
    return launching.main(kind_of_super() if cell is None else kind_of_cell(cell), rest)


def _take_cell(argv: Sequence[str]) -> tuple[str | None, list[str]]:
    """Return what --cell says, and the other arguments."""
    cell: str | None = None
    rest: list[str] = []
    given = iter(argv)
    for word in given:
        if word == "--cell":
            cell = next(given, "")
        elif word.startswith("--cell="):
            cell = word.removeprefix("--cell=")
        else:
            rest.append(word)
    return cell, rest


if __name__ == "__main__":
    sys.exit(main())
