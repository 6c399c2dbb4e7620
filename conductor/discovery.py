"""Tell the scheduler's map of hosts what the cells have registered, and how it fares there.

A host that fails every build stays empty, and would look the best of all; so
the map says how many attempts blamed each host of late.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from understudy.cells import errors as cell_errors
from understudy.cells.api_store import ApiStore
from understudy.cells.records import HostMapping
from understudy.conductor.cell_access import CellAccess, CellDirectory
from understudy.conductor.patience import apart

LOG = logging.getLogger(__name__)


class Discovery:
    """Copies host -> cell from the cells' databases into the API database."""

    def __init__(self, api: ApiStore, cells: CellDirectory, fault_memory: float) -> None:
        """Faults count for `fault_memory` seconds."""
        self._api = api
        self._cells = cells
        self._fault_memory = fault_memory

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
        faults = access.store.recent_faults(self._fault_memory)
        found = (
            HostMapping(
                host=host.name,
                nodename=host.nodename,
                compute_node_uuid=host.compute_node_uuid,
                cell_uuid=access.record.uuid,
                availability_zone=host.availability_zone,
                failure_domain=host.failure_domain,
                recent_faults=faults.get(host.name, 0),
            )
            for host in access.store.hosts()
        )
        new = [mapping for mapping in found if mapping not in known]
        if not new:
            return
        try:
            self._api.put_host_mappings(new)
        except cell_errors.HostInTwoCells:
            self._put_one_by_one(new)

    def _put_one_by_one(self, mappings: Sequence[HostMapping]) -> None:
        for mapping in mappings:
            try:
                self._api.put_host_mappings([mapping])
            except cell_errors.HostInTwoCells as error:
                LOG.warning("%s", error)
