"""Tell the scheduler's map of hosts what the cells have registered."""

from __future__ import annotations

import logging

from understudy.cells import errors as cell_errors
from understudy.cells.api_store import ApiStore
from understudy.cells.records import HostMapping
from understudy.conductor.cell_access import CellAccess, CellDirectory

LOG = logging.getLogger(__name__)


class Discovery:
    """Copies host -> cell from the cells' databases into the API database."""

    def __init__(self, api: ApiStore, cells: CellDirectory) -> None:
        """Take the API database and the cells."""
        self._api = api
        self._cells = cells

    def sweep(self) -> None:
        """Map the hosts of every cell that answers.

        A host that two cells claim stays with the first; it is logged, for an
        operator must take it out of one of them.
        """
        known = {(m.host, m.compute_node_uuid, m.cell_uuid) for m in self._api.host_mappings()}
        for access in self._cells.all():
            if not access.record.enabled:
                continue
            try:
                self._map(access, known)
            except cell_errors.CellUnreachable as error:
                LOG.warning("no hosts are discovered there: %s", error)

    def _map(self, access: CellAccess, known: set[tuple[str, str, str]]) -> None:
        for host in access.store.hosts():
            if (host.name, host.compute_node_uuid, access.record.uuid) in known:
                continue
            mapping = HostMapping(
                host=host.name,
                nodename=host.nodename,
                compute_node_uuid=host.compute_node_uuid,
                cell_uuid=access.record.uuid,
                availability_zone=host.availability_zone,
                failure_domain=host.failure_domain,
            )
            try:
                self._api.put_host_mappings([mapping])
            except cell_errors.HostInTwoCells as error:
                LOG.error("%s; take it out of one of the two", error)
