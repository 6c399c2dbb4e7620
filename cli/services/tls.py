"""What a bus is told of TLS, checked before anything connects.

Each option stands in [oslo_messaging_rabbit], or in the query of a transport URL,
which wins: so a cell's own authority can go with its URL.
"""

from __future__ import annotations

import os
from typing import Final

import oslo_messaging as messaging

from understudy.cli.services.configuration import Configuration
from understudy.rpcapi import tls

GROUP: Final = "oslo_messaging_rabbit"


def check(conf: Configuration, url: messaging.TransportURL, group: str = "DEFAULT") -> None:
    """Raise BadInput where a file cannot be read, or it is not clear whether TLS is asked for.

    The URL is the `transport_url` of that group.
    """
    try:
        asked = tls.is_asked_for(url)
    except tls.Contradiction as error:
        problem, _, remedy = str(error).rpartition("; ")
        raise conf.refuse(group, "transport_url", problem, remedy) from None
    query = url.query or {}
    if asked and "ssl" not in query and _is_decided(conf) and not conf[GROUP].ssl:
        raise conf.refuse(
            GROUP, "ssl", "it is false, but transport_url asks for TLS", "take it out"
        )
    for name in tls.FILES:
        path = query.get(name) or conf[GROUP][name]
        if not path:
            continue
        place = (group, "transport_url") if name in query else (GROUP, name)
        if not os.access(path, os.R_OK):
            raise conf.refuse(
                *place,
                f"{path} cannot be read",
                "write a file that is there, and let the service's user read it",
            )
        if not asked and "ssl" not in query and not _is_decided(conf):
            raise conf.refuse(
                GROUP, "ssl", f"it is not set, but {name} is", "write true, or false for no TLS"
            )


def _is_decided(conf: Configuration) -> bool:
    location = conf.get_location("ssl", GROUP)
    return location is not None and location.location.is_user_controlled
