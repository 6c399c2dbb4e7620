"""What an agent says of a host, checked before anything else is done with it.

A description that no cell takes is answered with HostRefused, which tells the
agent to go on with its other hosts; what it holds is pairs, or a bad request.
"""

from __future__ import annotations

from understudy.objects import errors, host_validation, text
from understudy.objects.host import Host
from understudy.objects.limits import HostLimits
from understudy.rpcapi import errors as wire


def check(host: Host, limits: HostLimits) -> None:
    """Raise HostRefused unless the host describes itself as a cell can take it."""
    try:
        host_validation.check(host, limits)
    except errors.InvalidRequest as invalid:
        name = host.name if host.obj_attr_is_set("name") else "without a name"
        raise wire.HostRefused(text.printable(name, text.EXCERPT), str(invalid)) from invalid
