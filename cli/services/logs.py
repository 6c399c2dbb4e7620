"""Logs of the services: oslo.log's, with the request and the instance on each line.

A message stays on its line, whatever it quotes; JSON says so in its own way.
"""

from __future__ import annotations

import importlib.metadata
import logging
from typing import Final

from oslo_log import formatters, log

from understudy.cli import one_line
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
_JSON: Final = (formatters.JSONFormatter, formatters.FluentFormatter)


def set_up(conf: Configuration) -> None:
    """Log as the configuration says, from now on."""
    log.set_defaults(default_log_levels=list(QUIET))
    log.setup(conf, PROJECT, importlib.metadata.version(PROJECT))
    keep_lines()
    # What log_config_append names may have changed with the file.
    conf.after_mutation = keep_lines


def are_kept(conf: Configuration) -> bool:
    """Does the configuration send logs anywhere but to standard error?"""
    places = ("log_file", "log_dir", "log_config_append", "use_syslog", "use_journal")
    return any(conf[place] for place in places)


def keep_lines() -> None:
    """Let every handler there is write one line for each message."""
    for handler in one_line.handlers():
        if handler.formatter is None:
            handler.setFormatter(logging.Formatter())
        formatter = handler.formatter
        if formatter is not None and not isinstance(formatter, _JSON):
            one_line.keep(formatter)
