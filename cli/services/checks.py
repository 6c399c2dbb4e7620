"""What each service needs of its configuration, seen to before anything is opened."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any, Protocol

import oslo_messaging as messaging
from oslo_config import cfg

from understudy.cells import api_store, cell_store
from understudy.cells import errors as cell_errors
from understudy.cli import options, private
from understudy.cli.bad_input import BadInput
from understudy.cli.services import installed, tls
from understudy.cli.services.configuration import Configuration
from understudy.compute import identity as identities
from understudy.compute import options as compute_options
from understudy.compute.driver import Driver
from understudy.compute.driver import load as load_driver
from understudy.compute.identity import Identity
from understudy.conductor import options as conductor_options
from understudy.ledger import options as ledger_options
from understudy.rpcapi.bus import API
from understudy.scheduler import options as scheduler_options
from understudy.scheduler import plugins

_URL = "rabbit://user:password@host:5672/vhost"
_DATABASE = "mysql+pymysql://user:password@host/database"


class _Store(Protocol):
    """A database of ours."""

    @property
    def database(self) -> Any:
        """What it is kept in."""

    def close(self) -> None:
        """Let go."""


def bus(conf: Configuration) -> None:
    """Raise BadInput unless `transport_url` names a bus, and so does that of notifications."""
    installed.check(installed.BUS)
    if not is_set(conf, "transport_url"):
        raise conf.refuse("DEFAULT", "transport_url", "it is not set", f"write {_URL}")
    _bus(conf, "DEFAULT", conf.transport_url)
    notifications = conf[conductor_options.NOTIFICATIONS]
    if notifications.enabled and notifications.transport_url:
        _bus(conf, conductor_options.NOTIFICATIONS, notifications.transport_url)


def _bus(conf: Configuration, group: str, transport_url: str) -> None:
    try:
        url = messaging.TransportURL.parse(conf, transport_url)
    except Exception as error:
        # Each part of it has errors of its own; none may show the password.
        raise conf.refuse(
            group, "transport_url", f"it is no URL ({type(error).__name__})", f"write {_URL}"
        ) from None
    if not url.transport.startswith(("rabbit", "kombu")) or not url.hosts:
        raise conf.refuse(group, "transport_url", "it names no broker", f"write {_URL}")
    tls.check(conf, url, group)


def state_path(conf: Configuration) -> None:
    """Make the folder for locks; raise BadInput where that cannot be."""
    folder = Path(conf.oslo_concurrency.lock_path)
    try:
        folder.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        writable = False
    if not writable:
        raise conf.refuse(
            "DEFAULT",
            "state_path",
            f"{folder} cannot be written to",
            "give it to the service's user, or write another folder",
        )
    if private.others_may_write(folder):
        raise conf.refuse(
            "DEFAULT", "state_path", f"others may write to {folder}", f"run chmod 700 {folder}"
        )


def api_database(conf: Configuration) -> None:
    """Raise BadInput unless [api_database] names a database that this process could open."""
    _database(conf, options.API_DATABASE, open_api_store)


def cell_database(conf: Configuration) -> None:
    """Raise BadInput unless [cell_database] names a database that this process could open."""
    _database(conf, options.CELL_DATABASE, open_cell_store)


def cell_name(conf: Configuration) -> None:
    """Raise BadInput unless [cell] says which cell this is."""
    name = conf[options.CELL].name
    if not name:
        raise conf.refuse(options.CELL, "name", "it is not set", "write the cell's name")
    if name == API:
        raise conf.refuse(
            options.CELL, "name", f"{API} is the API level's own name", "choose another"
        )


def placement(conf: Configuration) -> None:
    """Raise BadInput unless [placement] says how to authenticate."""
    installed.check(installed.PLACEMENT)
    group = ledger_options.GROUP
    if conf[group].insecure:
        raise conf.refuse(
            group,
            "insecure",
            "whoever answers would get the password",
            "take it out, and name their authority with cafile",
        )
    try:
        ledger_options.connect(conf)
    except cfg.RequiredOptError:
        raise conf.refuse(
            group, "auth_type", "it is not set", "write password, with auth_url and the rest"
        ) from None
    except Exception as error:
        # Keystone's plugins each refuse in their own way.
        raise BadInput(
            conf.where(group, "auth_type"), f"[{group}]", str(error), "mend it"
        ) from None


def retries(conf: Configuration) -> None:
    """Raise BadInput where a default lies beyond what a request may ask for."""
    group = conf[conductor_options.RETRIES]
    for name, highest in (
        ("max_attempts", "highest_max_attempts"),
        ("spare_alternates", "highest_spare_alternates"),
        ("max_cells", "highest_max_cells"),
        ("deadline", "longest_deadline"),
    ):
        if group[name] > group[highest]:
            raise conf.refuse(
                conductor_options.RETRIES,
                name,
                f"{group[name]} is more than {highest}, {group[highest]}",
                "lower it, or raise the other",
            )


def filters_and_weighers(conf: Configuration) -> None:
    """Raise BadInput where [scheduler] names a filter or a weigher that is not installed."""
    settings = scheduler_options.settings(conf)
    for name, load in (
        ("filters", lambda: plugins.load_filters(settings.filters)),
        ("weighers", lambda: plugins.load_weighers(settings.weighers)),
    ):
        try:
            load()
        except plugins.PluginNotLoaded as error:
            problem, _, remedy = str(error).rpartition("; ")
            raise conf.refuse(scheduler_options.SCHEDULER, name, problem, remedy) from None


def driver(conf: Configuration) -> None:
    """Raise BadInput unless the driver can be made from its file."""
    try:
        # A check makes nothing, and so no identity for the agent.
        identity = identities.peek(conf[compute_options.GROUP].journal)
        with closing(open_driver(conf, identity)):
            pass
    except Exception as error:
        # A driver is anybody's, and so are its errors.
        named = "driver_file" if conf[compute_options.GROUP].driver_file else "driver"
        text = " ".join(str(error).split()) or type(error).__name__
        raise conf.refuse(
            compute_options.GROUP, named, f"no driver can be made: {text}", "mend it"
        ) from None


def journal(conf: Configuration) -> None:
    """Raise BadInput unless the journal can be written."""
    path = Path(conf[compute_options.GROUP].journal)
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise conf.refuse(
            compute_options.GROUP,
            "journal",
            f"{path.parent} is no folder that can be written to",
            "make it and give it to the agent's user, or write another",
        )
    try:
        identities.peek(path)
    except (identities.BrokenIdentity, OSError) as error:
        problem, _, remedy = str(error).partition("; ")
        raise conf.refuse(
            compute_options.GROUP, "journal", problem, remedy or "give it to the agent's user"
        ) from None


def is_set(conf: cfg.ConfigOpts, name: str) -> bool:
    """Does a file say what this option of [DEFAULT] is?"""
    location = conf.get_location(name)
    return location is not None and location.location.is_user_controlled


def open_api_store(conf: Configuration) -> api_store.ApiStore:
    """Return the API database of [api_database]; nothing is opened until it is used."""
    group = options.API_DATABASE
    return api_store.connect(
        conf[group].connection,
        options.limits(conf, group),
        announces=conf[conductor_options.NOTIFICATIONS].enabled,
    )


def open_cell_store(conf: Configuration) -> cell_store.CellStore:
    """Return the database of [cell_database]; nothing is opened until it is used."""
    group = options.CELL_DATABASE
    return cell_store.connect(
        conf[options.CELL].name,
        conf[group].connection,
        options.limits(conf, group),
        announces=conf[conductor_options.NOTIFICATIONS].enabled,
    )


def open_driver(conf: Configuration, identity: Identity) -> Driver:
    """Return the driver that [compute] describes, for this agent. Raises what it raises."""
    group = conf[compute_options.GROUP]
    file = Path(group.driver_file) if group.driver_file else None
    return load_driver(group.driver, group.agent, identity, file)


def _database(conf: Configuration, group: str, connect: Callable[[Configuration], _Store]) -> None:
    installed.check(installed.DATABASES)
    if not conf[group].connection:
        raise conf.refuse(group, "connection", "it is not set", f"write {_DATABASE}")
    try:
        opened: AbstractContextManager[_Store] = closing(connect(conf))
        with opened as store:
            # It holds no connection yet, but knows whether it could make one.
            _ = store.database.engine
            store.database.check_files()
    except cell_errors.UntrustedUrl as error:
        raise conf.refuse(group, "connection", error.problem, error.remedy) from None
    except ModuleNotFoundError as error:
        raise conf.refuse(
            group, "connection", f"{error.name} is not installed", "install that driver"
        ) from None
    except Exception as error:
        raise conf.refuse(
            group, "connection", f"it is no URL ({type(error).__name__})", f"write {_DATABASE}"
        ) from None
