"""Where one process shows its figures, if it does."""

from __future__ import annotations

import errno
import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from understudy.cli.options import METRICS
from understudy.cli.services.configuration import Configuration

if TYPE_CHECKING:
    from understudy.cli.metrics.figures import Figures

LOG = logging.getLogger(__name__)

PORTS: Final = 64
"""Processes of one unit take the first that is free of so many."""


def show_figures(conf: Configuration, closing: ExitStack) -> Figures | None:
    """Return what this process counts with, shown over HTTP; None where [metrics] is off."""
    group = conf[METRICS]
    if not group.port:
        return None
    from understudy.cli.metrics.figures import Figures

    figures = Figures()
    listen(figures, group.bind, group.port, closing)
    return figures


def listen(figures: Figures, bind: str, port: int, closing: ExitStack) -> int:
    """Serve the figures on the first free port from `port` on; return that."""
    from prometheus_client import start_http_server

    for wanted in range(port, port + PORTS):
        try:
            server, thread = start_http_server(wanted, bind, figures.registry)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            continue
        closing.callback(thread.join)
        closing.callback(server.server_close)
        closing.callback(server.shutdown)
        LOG.info("figures are at http://%s:%s/metrics", bind, wanted)
        return wanted
    raise OSError(errno.EADDRINUSE, f"no port is free from {port} to {port + PORTS - 1}")
