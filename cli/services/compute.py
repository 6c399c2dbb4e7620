"""`understudy-compute`: the agent of one or many hosts, on its cell's bus.

It knows the cell's bus and nothing else: no database, no Placement.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from understudy.rpcapi.threads import use_threads

if TYPE_CHECKING:
    from understudy.cli.services.configuration import Configuration
    from understudy.cli.services.launching import Kind
    from understudy.compute.driver import Driver
    from understudy.compute.service import ComputeService


def compose(conf: Configuration, name: str, closing: ExitStack) -> ComputeService:
    """Put an agent together, on a connection of its own."""
    from understudy.cli.services import checks
    from understudy.cli.services.scraping import show_figures
    from understudy.compute import identity as identities
    from understudy.compute import options
    from understudy.compute.service import ComputeService
    from understudy.rpcapi.bus import Bus

    bus = Bus.open(conf.cell.name, conf.transport_url, conf=conf)
    closing.callback(bus.close)
    identity = identities.load(conf.compute.journal, name)
    driver: Driver = checks.open_driver(conf, identity)
    figures = show_figures(conf, closing)
    if figures is not None:
        from understudy.cli.metrics.measured import MeasuredDriver

        driver = MeasuredDriver(driver, figures)
    return ComputeService(
        bus,
        name,
        driver,
        conf.compute.journal,
        options.settings(conf),
        identity=identity,
    )


def kind() -> Kind:
    """Return what is particular to this service."""
    from understudy.cli.services import checks, foreign
    from understudy.cli.services.launching import Kind

    return Kind(
        "understudy-compute",
        compose,
        (
            checks.cell_name,
            checks.bus,
            foreign.no_api_database,
            foreign.no_cell_database,
            foreign.no_placement,
            checks.journal,
            checks.driver,
            checks.state_path,
        ),
        name=lambda conf: str(conf.compute.agent),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run it."""
    use_threads()
    from understudy.cli.services import launching

    return launching.main(kind(), sys.argv[1:] if argv is None else argv)


if __name__ == "__main__":
    sys.exit(main())
