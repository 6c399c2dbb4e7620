"""The version of each interface, with its history, and what older releases speak.

Both sides import the constant: the client to say what it needs, the endpoint
to say what it offers. A new argument or method raises the minor number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# 1.0: select_destinations
SCHEDULER: Final = "1.0"

# 1.0: build, result, cancel, delete, show, list_instances, list_hosts, set_host,
#      list_services, list_cells
SUPER_CONDUCTOR: Final = "1.0"

# 1.0: register_host, heartbeat, build_started, build_succeeded, build_failed, torn_down,
#      set_host, end_instances
CELL_CONDUCTOR: Final = "1.0"

# 1.0: build, tear_down
# 1.1: tear_down says the host's own uuid (host_uuid)
COMPUTE: Final = "1.1"

INTERFACES: Final[Mapping[str, str]] = {
    "scheduler": SCHEDULER,
    "super-conductor": SUPER_CONDUCTOR,
    "conductor": CELL_CONDUCTOR,
    "compute": COMPUTE,
}
"""The newest version of each service's interface, by the service's name in topics."""

CAPS: Final[Mapping[str, Mapping[str, str]]] = {
    "0.1": {
        "scheduler": "1.0",
        "super-conductor": "1.0",
        "conductor": "1.0",
        "compute": "1.0",
    },
    "0.2": {
        "scheduler": "1.0",
        "super-conductor": "1.0",
        "conductor": "1.0",
        "compute": "1.1",
    },
}
"""The newest version that each release's services understand."""

_OBJECTS_0_1: Final[Mapping[str, str]] = dict.fromkeys(
    (
        "Affinity",
        "Attempt",
        "BuildAccepted",
        "BuildRequest",
        "BuildResult",
        "Cell",
        "Fault",
        "Host",
        "HostPage",
        "Instance",
        "InstanceNotification",
        "InstancePage",
        "Orders",
        "Provider",
        "ResourceGroup",
        "Selection",
        "SelectionAnswer",
        "Service",
        "ServicePage",
    ),
    "1.0",
)

_OBJECTS_0_2: Final[Mapping[str, str]] = {
    **_OBJECTS_0_1,
    "Host": "1.1",
    "HostPage": "1.1",
    "Orders": "1.1",
}

OBJECTS: Final[Mapping[str, Mapping[str, str]]] = {
    "0.1": _OBJECTS_0_1,
    "0.2": _OBJECTS_0_2,
}
"""The versions of the objects that each release reads."""


NAMES_NOBODY: Final = "0.1"
"""The release whose messages do not say as which user of the broker they were sent."""


def cap(service: str, release: str | None) -> str:
    """Return the newest version to send to `service` while peers may be of `release`.

    None: all peers are of this release. Raises KeyError for a release that is
    not in CAPS.
    """
    return INTERFACES[service] if release is None else CAPS[release][service]
