"""A connection to a Placement service over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import requests
from keystoneauth1 import adapter as ksa_adapter
from keystoneauth1 import plugin
from keystoneauth1 import session as ksa_session

from understudy.ledger import api

_SERVICE_TYPE: Final = "placement"


def connect(
    auth: plugin.BaseAuthPlugin,
    *,
    region_name: str | None = None,
    interfaces: Sequence[str] | None = None,
    endpoint_override: str | None = None,
    verify: bool | str = True,
    cert: str | tuple[str, str] | None = None,
    connections: int = 32,
    timeouts: api.Timeouts | None = None,
) -> ksa_adapter.Adapter:
    """Return an adapter that authenticates with `auth` and looks the endpoint up there.

    `token_endpoint.Token(url, token)` is an `auth` that needs no Keystone.
    `connections` are kept open and shared by all threads. `timeouts` are for
    what `auth` asks of Keystone; requests to Placement bring their own.
    """
    transport = ksa_session.TCPKeepAliveAdapter(
        pool_connections=connections, pool_maxsize=connections
    )
    http = requests.Session()
    http.mount("https://", transport)
    http.mount("http://", transport)
    session = ksa_session.Session(session=http, verify=verify, cert=cert)
    timeouts = timeouts or api.Timeouts()
    # Without it a Keystone that hangs would keep every thread for ever. It is handed to requests
    # as it is, which takes a pair too.
    session.timeout = (timeouts.connect, timeouts.read)  # type: ignore[assignment]
    return ksa_adapter.Adapter(
        session,
        auth=auth,
        service_type=_SERVICE_TYPE,
        region_name=region_name,
        interface=None if interfaces is None else list(interfaces),
        endpoint_override=endpoint_override,
        default_microversion=api.MICROVERSION,
    )
