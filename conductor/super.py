"""The super conductor: takes requests in, and knows all cells.

A thin role: each method hands over to the one part that does it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from understudy.cells.api_store import ApiStore
from understudy.conductor import asked
from understudy.conductor.accepting import Acceptance
from understudy.conductor.authority import Caller
from understudy.conductor.cell_access import CellDirectory
from understudy.conductor.deleting import Deleter
from understudy.conductor.fleet import Fleet
from understudy.conductor.looking import Lookout
from understudy.objects.build_answer import BuildAccepted, BuildResult
from understudy.objects.build_request import Affinity, BuildRequest
from understudy.objects.host import Host
from understudy.objects.host_page import HostPage
from understudy.objects.instance import Instance, InstancePage
from understudy.objects.service import Cell
from understudy.objects.service_page import ServicePage
from understudy.rpcapi import errors as wire
from understudy.rpcapi.context import RequestContext


class SuperConductor:
    """What clients may ask for; each method raises Forbidden where the caller may not."""

    def __init__(
        self,
        api: ApiStore,
        cells: CellDirectory,
        acceptance: Acceptance,
        deleter: Deleter,
        lookout: Lookout,
        fleet: Fleet,
        begin: Callable[[str], None],
    ) -> None:
        """Take the parts; `begin` starts the work on an accepted request."""
        self._api = api
        self._cells = cells
        self._acceptance = acceptance
        self._deleter = deleter
        self._lookout = lookout
        self._fleet = fleet
        self._begin = begin

    def build(self, caller: Caller, request: BuildRequest) -> BuildAccepted:
        """Accept the request and begin with it. Raises InvalidRequest, RequestIdTaken."""
        caller.check_build(request)
        accepted = self._acceptance.accept(request)
        self._begin(accepted.request_id)
        return accepted

    def result(self, caller: Caller, request_id: str) -> BuildResult:
        """Return how the request stands. Raises RequestNotFound."""
        return self._lookout.result(caller, asked.request(request_id))

    def cancel(self, caller: Caller, request_id: str) -> None:
        """Delete every instance of the request. Raises RequestNotFound."""
        mappings = self._api.mappings_of(asked.request(request_id))
        if not mappings or not caller.owns(mappings[0].project_id):
            raise wire.RequestNotFound(request_id)
        for mapping in mappings:
            self._deleter.delete(mapping.instance_uuid)

    def delete(self, caller: Caller, instance_uuid: str) -> None:
        """Delete one instance, whatever it is doing. Raises InstanceNotFound."""
        instance_uuid = asked.instance(instance_uuid)
        if not caller.is_admin and not caller.owns(self._api.mapping(instance_uuid).project_id):
            raise wire.InstanceNotFound(instance_uuid)
        self._deleter.delete(instance_uuid)

    def show(self, caller: Caller, instance_uuid: str) -> Instance:
        """Return an instance with its timeline. Raises InstanceNotFound."""
        return self._lookout.show(caller, asked.instance(instance_uuid))

    def list_instances(
        self,
        caller: Caller,
        filters: Mapping[str, str],
        sort_keys: Sequence[str],
        sort_dirs: Sequence[str],
        limit: int,
        marker: str | None,
    ) -> InstancePage:
        """Return one page of instances across cells. Raises BadQuery."""
        asked.check_listing(filters, sort_keys, sort_dirs, limit)
        marker = None if marker is None else asked.instance(marker)
        return self._lookout.list_instances(caller, filters, sort_keys, sort_dirs, limit, marker)

    def list_hosts(self, caller: Caller, cell_name: str | None) -> HostPage:
        """Return hosts across cells. Raises CellNotFound."""
        caller.check_admin("list_hosts")
        return self._fleet.list_hosts(cell_name)

    def list_services(self, caller: Caller) -> ServicePage:
        """Return every service with its liveness."""
        caller.check_admin("list_services")
        return self._fleet.list_services()

    def list_cells(self, caller: Caller) -> list[Cell]:
        """Return every cell and whether it answers."""
        caller.check_admin("list_cells")
        return self._fleet.list_cells()

    def set_host(
        self,
        caller: Caller,
        context: RequestContext,
        host: str,
        admin_state: str,
        reason: str | None,
    ) -> Host:
        """Have the host's cell enable, disable or drain it. Raises HostNotFound."""
        caller.check_admin("set_host")
        for mapping in self._api.host_mappings():
            if mapping.host == host:
                access = self._cells.get(mapping.cell_uuid)
                return access.conductor.set_host(context, host, admin_state, reason)
        raise wire.HostNotFound(host)


def where_members_are(api: ApiStore, cells: CellDirectory, request: BuildRequest) -> BuildRequest:
    """Return the request with the hosts that hold members of its group already.

    Of a cell only its own hosts are believed. Raises CellUnreachable: without
    its answer the group might be broken.
    """
    if request.affinity is None:
        return request
    affinity: Affinity = request.affinity.obj_clone()
    said = {a.record.uuid: a.store.group_hosts(affinity.group_uuid) for a in cells.all()}
    cell_of = api.cells_of_hosts(sorted({host for hosts in said.values() for host in hosts}))
    affinity.hosts = sorted(
        {host for cell, hosts in said.items() for host in hosts if cell_of.get(host) == cell}
    )
    enriched: BuildRequest = request.obj_clone()
    enriched.affinity = affinity
    return enriched
