"""Logs of the services: oslo.log's, with the request and the instance on each line."""

from __future__ import annotations

import importlib.metadata
from typing import Final

from oslo_log import log

from understudy.cli.services.configuration import PROJECT, Configuration

QUIET: Final = (
    "alembic=WARN",
    "amqp=WARN",
    "kombu=WARN",
    "keystoneauth=WARN",
    "oslo_messaging=WARN",
    "oslo.messaging=WARN",
    "sqlalchemy=WARN",
    "stevedore=WARN",
    "urllib3=WARN",
    "oslo_service=WARN",
    "cotyledon=INFO",
)
"""The libraries below us, unless the operator asks for more of them."""


def set_up(conf: Configuration) -> None:
    """Log as the configuration says, from now on."""
    log.set_defaults(default_log_levels=list(QUIET))
    log.setup(conf, PROJECT, importlib.metadata.version(PROJECT))
