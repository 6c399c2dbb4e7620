"""What a host's agent needs of whatever builds there.

A driver tags all that it makes with (instance, attempt). The attempt is part of
the name: two attempts of one instance are two things, and destroying one never
touches the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from stevedore import driver as stevedore_driver

from understudy.compute.identity import Identity
from understudy.objects.build_request import BuildRequest
from understudy.objects.errors import UnderstudyError
from understudy.objects.fault import Fault
from understudy.objects.host import Host
from understudy.objects.selection import Selection

NAMESPACE: Final = "understudy.compute.drivers"
"""Entry points here are called with (agent name, identity, driver file or None).

The name is the operator's to change; what a driver makes belongs to the identity.
"""


class BuildFault(UnderstudyError):
    """A build failed; `fault` says why and whom it blames."""

    def __init__(self, fault: Fault) -> None:
        """Keep the fault."""
        super().__init__(fault)
        self.fault = fault

    def __str__(self) -> str:
        """Say what the driver said."""
        return f"{self.fault.code} (blames the {self.fault.blames}): {self.fault.message}"


class Driver(Protocol):
    """Builds and destroys on the hosts that one agent serves.

    Calls come from several threads, but never two at once for one instance on
    one host. A call that can hang must give up by itself.
    """

    def hosts(self) -> Sequence[Host]:
        """Return every host served, each with its tree of providers, root first.

        What differs from the last time is registered anew.
        """
        ...

    def build(
        self,
        host: str,
        instance_uuid: str,
        attempt: int,
        request: BuildRequest,
        selection: Selection,
    ) -> None:
        """Build one instance and return once it is usable.

        Raises BuildFault. What a failed build left behind stays until it is
        destroyed, and shows in `holds`.
        """
        ...

    def destroy(self, host: str, instance_uuid: str, attempt: int) -> None:
        """Destroy all that this attempt made; nothing being there is fine.

        Raises whatever says why it could not; it will be tried again.
        """
        ...

    def holds(self, host: str) -> list[tuple[str, int]]:
        """Return the (instance, attempt) of all that was made here and exists, even in part."""
        ...

    def close(self) -> None:
        """Let calls in progress end soon, by raising; nothing is made or destroyed after this."""
        ...


def load(name: str, agent: str, identity: Identity, driver_file: Path | None) -> Driver:
    """Return the driver that is installed under this name.

    Raises stevedore's NoMatches if there is none.
    """
    manager: Any = stevedore_driver.DriverManager(
        NAMESPACE, name, invoke_on_load=True, invoke_args=(agent, identity, driver_file)
    )
    found: Driver = manager.driver
    return found
