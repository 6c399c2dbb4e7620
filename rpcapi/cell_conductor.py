"""Tell a cell's conductor how its hosts and their builds are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from understudy.objects.fault import Fault
from understudy.objects.host import Host
from understudy.objects.orders import Orders
from understudy.rpcapi import versions
from understudy.rpcapi.client import Client
from understudy.rpcapi.context import RequestContext


class CellConductorClient(Client):
    """The cell conductor, on its cell's bus.

    Pairs of (instance uuid, attempt) arrive as lists of two.
    """

    service = "conductor"
    version = versions.CELL_CONDUCTOR

    def register_host(
        self, ctxt: RequestContext, host: Host, holds: Sequence[tuple[str, int]]
    ) -> Orders:
        """Make the host known; it `holds` these (instance uuid, attempt).

        Raises HostRefused, LedgerDown.
        """
        orders: Orders = self._call(
            ctxt, "register_host", host=host, holds=[list(pair) for pair in holds]
        )
        return orders

    def heartbeat(
        self, ctxt: RequestContext, agent: str, in_hand: Mapping[str, Sequence[tuple[str, int]]]
    ) -> Orders:
        """Say that the agent lives; `in_hand` is {host: (instance uuid, attempt) pairs}."""
        orders: Orders = self._call(
            ctxt,
            "heartbeat",
            agent=agent,
            in_hand={host: [list(pair) for pair in pairs] for host, pairs in in_hand.items()},
        )
        return orders

    def build_started(
        self, ctxt: RequestContext, host: str, instance_uuid: str, attempt: int
    ) -> None:
        """Ask whether to go on with the build; raises Superseded, InstanceNotFound."""
        self._call(ctxt, "build_started", host=host, instance_uuid=instance_uuid, attempt=attempt)

    def build_succeeded(
        self, ctxt: RequestContext, host: str, instance_uuid: str, attempt: int
    ) -> None:
        """Say that the instance is there; raises Superseded, InstanceNotFound."""
        self._call(
            ctxt, "build_succeeded", host=host, instance_uuid=instance_uuid, attempt=attempt
        )

    def build_failed(
        self,
        ctxt: RequestContext,
        host: str,
        instance_uuid: str,
        attempt: int,
        fault: Fault,
        cleaned: bool,
    ) -> None:
        """Say why the build failed, and whether the host holds nothing of it (`cleaned`).

        Raises Superseded, InstanceNotFound.
        """
        self._call(
            ctxt,
            "build_failed",
            host=host,
            instance_uuid=instance_uuid,
            attempt=attempt,
            fault=fault,
            cleaned=cleaned,
        )

    def torn_down(self, ctxt: RequestContext, host: str, instance_uuid: str, attempt: int) -> None:
        """Say that the host holds nothing of this attempt any more."""
        self._call(ctxt, "torn_down", host=host, instance_uuid=instance_uuid, attempt=attempt)

    def set_host(
        self, ctxt: RequestContext, host: str, admin_state: str, reason: str | None
    ) -> Host:
        """Set the host's admin state and return it; raises HostNotFound, LedgerDown."""
        changed: Host = self._call(
            ctxt, "set_host", host=host, admin_state=admin_state, reason=reason
        )
        return changed

    def end_instances(self, ctxt: RequestContext, instance_uuids: Sequence[str]) -> None:
        """Nudge the cell to look at instances that are to end; a cast."""
        self._cast(ctxt, "end_instances", instance_uuids=list(instance_uuids))
