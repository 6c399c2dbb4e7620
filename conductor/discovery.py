"""Tell the scheduler's map of hosts what the cells have registered."""

from __future__ import annotations

import logging

from understudy.cells import errors as cell_errors
from understudy.cells.api_store import ApiStore
from understudy.cells.records import HostMapping
from understudy.conductor.cell_access import CellAccess, CellDirectory
from understudy.conductor.patience import apart

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
        known = set(self._api.host_mappings())
        for access in self._cells.usable():
            if access.record.enabled:
                with apart(f"the discovery of hosts in {access.name}"):
                    self._map(access, known)

    def _map(self, access: CellAccess, known: set[HostMapping]) -> None:
        for host in access.store.hosts():
            mapping = HostMapping(
                host=host.name,
                nodename=host.nodename,
                compute_node_uuid=host.compute_node_uuid,
                cell_uuid=access.record.uuid,
                availability_zone=host.availability_zone,
                failure_domain=host.failure_domain,
            )
            if mapping in known:
                continue
            try:
                self._api.put_host_mappings([mapping])
            except cell_errors.HostInTwoCells as error:
                LOG.warning("%s", error)
