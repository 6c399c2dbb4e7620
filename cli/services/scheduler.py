"""`understudy-scheduler`: the scheduler, on the API level's bus."""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from understudy.rpcapi.threads import use_threads

if TYPE_CHECKING:
    from understudy.cli.services.configuration import Configuration
    from understudy.cli.services.launching import Kind
    from understudy.ledger.protocols import Claims
    from understudy.scheduler.endpoints import Selects
    from understudy.scheduler.service import SchedulerService


def compose(conf: Configuration, name: str, closing: ExitStack) -> SchedulerService:
    """Put a scheduler together, on connections of its own."""
    from understudy.cli import limit_options
    from understudy.cli.services import checks
    from understudy.cli.services.scraping import show_figures
    from understudy.ledger import options as ledger_options
    from understudy.rpcapi.bus import API, Bus
    from understudy.scheduler import options
    from understudy.scheduler.service import SchedulerService

    bus = Bus.open(API, conf.transport_url, conf=conf)
    closing.callback(bus.close)
    api = checks.open_api_store(conf)
    closing.callback(api.close)
    ledger = ledger_options.connect(conf)
    claims: Claims = ledger.claims
    around: Callable[[Selects], Selects] | None = None
    figures = show_figures(conf, closing)
    if figures is not None:
        from understudy.cli.metrics.measured import MeasuredClaims, MeasuredSelector

        claims = MeasuredClaims(claims, figures)
        around = functools.partial(MeasuredSelector, figures=figures)
    settings = dataclasses.replace(
        options.settings(conf), request_limits=limit_options.requests(conf)
    )
    if not settings.consumer_types:
        ours = (str(conf.conductor.consumer_type),)
        settings = dataclasses.replace(settings, consumer_types=ours)
    return SchedulerService(
        bus,
        api,
        ledger.candidates,
        claims,
        name=name,
        settings=settings,
        around=around,
    )


def kind() -> Kind:
    """Return what is particular to this service."""
    from understudy.cli.services import checks
    from understudy.cli.services.launching import Kind

    return Kind(
        "understudy-scheduler",
        compose,
        (
            checks.bus,
            checks.api_database,
            checks.placement,
            checks.filters_and_weighers,
            checks.state_path,
        ),
        name=lambda conf: str(conf.host),
        processes=lambda conf: int(conf.scheduler.processes),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run it."""
    use_threads()
    from understudy.cli.services import launching

    return launching.main(kind(), sys.argv[1:] if argv is None else argv)


if __name__ == "__main__":
    sys.exit(main())
