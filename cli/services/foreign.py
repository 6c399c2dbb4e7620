"""What must not be in a service's files: whoever takes a host or a cell takes what they open.

A service would not use it; but a file that holds it is a mistake that nobody
notices until it is too late.
"""

from __future__ import annotations

import os

from understudy.cli import options
from understudy.cli.bad_input import BadInput
from understudy.cli.services.configuration import Configuration
from understudy.ledger import options as ledger_options


def no_api_database(conf: Configuration) -> None:
    """Raise BadInput where the file of a cell leads to the API database."""
    _no_database(conf, options.API_DATABASE, "nothing in a cell may reach the API database")


def no_cell_database(conf: Configuration) -> None:
    """Raise BadInput where the file of a host leads to a database."""
    _no_database(conf, options.CELL_DATABASE, "a host's agent may reach no database")


def no_placement(conf: Configuration) -> None:
    """Raise BadInput where the file of a host says how to reach Placement.

    Which of its options are secrets depends on the plugin that auth_type names;
    for how long it is waited may stand in a file that is for all.
    """
    group = ledger_options.GROUP
    harmless = {option.dest for option in ledger_options.own_opts()}
    why = "a host's agent may not reach Placement"
    for name in conf.set_in(group):
        if name not in harmless:
            raise conf.refuse(group, name, why, "take it out")
    # Keystone's options are not known until auth_type is, so these would go unnoticed.
    prefix = f"OS_{group.upper()}__"
    for variable in sorted(os.environ):
        name = variable.removeprefix(prefix).lower()
        if variable.startswith(prefix) and name not in harmless:
            raise BadInput("environment", variable, why, "take it out")


def _no_database(conf: Configuration, group: str, why: str) -> None:
    if conf[group].connection:
        raise conf.refuse(group, "connection", why, "take it out")
