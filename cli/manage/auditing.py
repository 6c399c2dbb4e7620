"""Audit a running cloud by a configuration file that leads to its databases and Placement."""

from __future__ import annotations

import contextlib
import functools

from understudy.cli.cloud import AuditReport
from understudy.cli.services import checks, conductor, configuration
from understudy.conductor.audit import Audit
from understudy.conductor.cell_access import CellDirectory
from understudy.ledger import options as ledger_options


def audit(config_file: str) -> AuditReport:
    """Return what does not add up. Raises BadInput, CellUnreachable, LedgerUnavailable."""
    conf = configuration.read(
        "understudy",
        [f"--config-file={config_file}"],
        (checks.api_database, checks.placement),
    )
    ledger = ledger_options.connect(conf)
    with contextlib.ExitStack() as closing:
        api = closing.enter_context(contextlib.closing(checks.open_api_store(conf)))
        cells = CellDirectory(api, functools.partial(conductor.open_cell, conf))
        closing.callback(cells.close)
        found = Audit(cells, ledger.books, ledger.claims, conf.conductor.consumer_type).run()
    return AuditReport(
        leaked=found.leaked, doubled=[*found.doubled, *found.missing, *found.miscounted]
    )
