"""Placement inside our own process: its own application and database layer on SQLite.

For `understudy demo` and for tests; nothing of it is simulated. Placement takes
its database configuration once per process, so `mount` gives one
EmbeddedPlacement per process; `reset` makes it as new.
"""

from __future__ import annotations

import functools
import logging
import threading
from typing import Final

import requests
import sqlalchemy
from keystoneauth1 import adapter as ksa_adapter
from keystoneauth1 import session as ksa_session
from keystoneauth1 import token_endpoint
from oslo_config import cfg
from placement import conf as placement_conf
from placement import db_api, deploy
from placement.db.sqlalchemy import migration, models

from understudy.ledger import api, schema_checks, wsgi_transport

_ENDPOINT: Final = "http://placement.embedded"
_CUSTOM: Final = "CUSTOM_%"


class EmbeddedPlacement:
    """Placement's application, mounted; use `mount` to have it."""

    def __init__(self, application: wsgi_transport.Application) -> None:
        """Serve from `application`."""
        self._lock = threading.RLock()
        self._transport = wsgi_transport.WsgiTransport(application, self._lock)

    def adapter(self) -> ksa_adapter.Adapter:
        """Return a keystoneauth adapter that speaks to this Placement as an administrator."""
        http = requests.Session()
        # Looking for proxies and .netrc in the environment costs more than the transport.
        http.trust_env = False
        http.mount(_ENDPOINT, self._transport)
        return ksa_adapter.Adapter(
            ksa_session.Session(session=http),
            auth=token_endpoint.Token(_ENDPOINT, "admin"),
            service_type="placement",
            default_microversion=api.MICROVERSION,
        )

    def reset(self) -> None:
        """Forget everything but the standard traits and resource classes."""
        kept = (models.Trait.__table__, models.ResourceClass.__table__)
        with self._lock, db_api.get_placement_engine().begin() as connection:
            connection.execute(
                sqlalchemy.update(models.ResourceProvider.__table__).values(
                    root_provider_id=None, parent_provider_id=None
                )
            )
            for table in reversed(models.BASE.metadata.sorted_tables):
                if table not in kept:
                    connection.execute(sqlalchemy.delete(table))
            for table in kept:
                connection.execute(sqlalchemy.delete(table).where(table.c.name.like(_CUSTOM)))


def mount(database: str = "") -> EmbeddedPlacement:
    """Return this process's Placement, on the SQLite file `database` or in memory.

    Asked again, it returns the same one. Raises RuntimeError where Placement is
    configured in this process already, for another database or by other code.
    """
    return _mount(database)


@functools.cache
def _mount(database: str) -> EmbeddedPlacement:
    if db_api.configure.called:
        raise RuntimeError("Placement is configured once per process, and is already")
    # What Placement logs of refused claims are our answers, not news.
    logging.getLogger("placement").setLevel(logging.CRITICAL)
    conf = _configuration(database)
    # Its yield to other green threads after each query costs a real thread its turn.
    db_api.placement_context_manager.configure(thread_checkin=False)
    db_api.configure(conf)
    migration.create_schema()
    schema_checks.once_per_schema()
    return EmbeddedPlacement(deploy.loadapp(conf))


def _configuration(database: str) -> cfg.ConfigOpts:
    """Return Placement's options, read from no file, with what differs here set."""
    conf = cfg.ConfigOpts()
    placement_conf.register_opts(conf)
    conf.set_override("connection", f"sqlite:///{database}", group="placement_database")
    conf.set_override("sqlite_synchronous", False, group="placement_database")
    conf.set_override("auth_strategy", "noauth2", group="api")
    conf([], project="placement", default_config_files=[], default_config_dirs=[])
    return conf
