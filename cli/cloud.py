"""What a command needs of a cloud, whether it runs in this process or elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from understudy.objects.build_answer import BuildAccepted, BuildResult
    from understudy.objects.build_request import BuildRequest
    from understudy.objects.host import Host
    from understudy.objects.host_page import HostPage
    from understudy.objects.instance import Instance, InstancePage
    from understudy.objects.service import Cell
    from understudy.objects.service_page import ServicePage
    from understudy.rpcapi.context import RequestContext


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What the ledger holds that the cells do not account for, a line for each."""

    leaked: Sequence[str]
    """Claims of ours that no instance has."""
    doubled: Sequence[str]
    """Instances that hold more than one claim, or less than all of theirs."""


class Client(Protocol):
    """The super conductor, called over the bus; rpcapi's SuperConductorClient is one.

    Every method may raise the errors of rpcapi.errors.
    """

    def build(self, ctxt: RequestContext, request: BuildRequest) -> BuildAccepted:
        """Have the request written down, and return which instances it makes."""

    def result(self, ctxt: RequestContext, request_id: str) -> BuildResult:
        """Return where the instances of the request stand now."""

    def wait(
        self,
        ctxt: RequestContext,
        request_id: str,
        timeout: float,
        on_progress: Callable[[BuildResult], Any] | None = None,
    ) -> BuildResult:
        """Return the result once it has ended; WaitTimedOut after `timeout` seconds."""

    def cancel(self, ctxt: RequestContext, request_id: str) -> None:
        """Delete every instance of the request."""

    def delete(self, ctxt: RequestContext, instance_uuid: str) -> None:
        """Have the instance deleted; the answer says only that it will be."""

    def show(self, ctxt: RequestContext, instance_uuid: str) -> Instance:
        """Return the instance with its timeline."""

    def list_instances(
        self,
        ctxt: RequestContext,
        filters: Mapping[str, str],
        sort_keys: Sequence[str],
        sort_dirs: Sequence[str],
        limit: int,
        marker: str | None,
    ) -> InstancePage:
        """Return one page of the instances of all cells."""

    def list_hosts(self, ctxt: RequestContext, cell_name: str | None) -> HostPage:
        """Return the hosts of one cell, or of all."""

    def set_host(
        self, ctxt: RequestContext, host: str, admin_state: str, reason: str | None
    ) -> Host:
        """Set what the operator wants of the host, and return how it is now."""

    def list_services(self, ctxt: RequestContext) -> ServicePage:
        """Return the processes that beat, in all cells."""

    def list_cells(self, ctxt: RequestContext) -> Sequence[Cell]:
        """Return every cell, and whether it answers."""


class Cloud(Protocol):
    """A cloud that a command was connected to, until it closes it."""

    @property
    def client(self) -> Client:
        """The super conductor."""

    def context(self) -> RequestContext:
        """Return who asks."""

    def close(self) -> None:
        """Let go of all that was opened; a second call does nothing."""


class AuditedCloud(Cloud, Protocol):
    """A cloud whose ledger and databases are at hand: one in this process."""

    def audit(self) -> AuditReport:
        """Compare every claim in the ledger with the cells' databases."""
