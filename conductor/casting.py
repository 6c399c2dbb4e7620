"""Cast a build to the host that holds its claim."""

from __future__ import annotations

import logging

from understudy.cells import errors as cell_errors
from understudy.cells.cell_store import CellStore
from understudy.cells.records import InstanceRecord
from understudy.rpcapi import errors as wire
from understudy.rpcapi.compute import ComputeClient
from understudy.rpcapi.context import RequestContext

LOG = logging.getLogger(__name__)


class Caster:
    """Sends builds and teardowns of one cell to its hosts' agents."""

    def __init__(self, store: CellStore, compute: ComputeClient, retry_seconds: float) -> None:
        """Take the cell's store and bus; wait `retry_seconds` after a failed cast."""
        self._store = store
        self._compute = compute
        self._retry_seconds = retry_seconds

    def cast(self, record: InstanceRecord) -> None:
        """Send the recorded attempt to its host and write down that it was sent.

        An undeliverable build stays CLAIMED; the sweeper casts it again.
        """
        selection = record.selection
        if selection is None:
            raise ValueError(f"{record.uuid} is a tombstone and has no host to cast to")
        try:
            self._compute.build(
                RequestContext.of_instance(record.request_id, record.project_id, record.user_id),
                self._store.host(selection.service_host).agent,
                selection.service_host,
                record.uuid,
                record.attempt,
                self._store.request_of(record.request_id),
                selection,
            )
        except (wire.WireError, cell_errors.HostUnknown) as error:
            LOG.warning("build %s/%s is not cast yet: %s", record.uuid, record.attempt, error)
            self._store.put_off(record, self._retry_seconds)
            return
        try:
            self._store.mark_cast(record)
        except cell_errors.LostRace:
            LOG.debug("%s was faster than the note of its cast", record.uuid)

    def tear_down(self, record: InstanceRecord, host: str, attempt: int) -> None:
        """Ask a host to destroy what it made for an attempt; it answers torn_down.

        A teardown that cannot be delivered is asked for again by the sweeper.
        """
        try:
            known = self._store.host(host)
            self._compute.tear_down(
                RequestContext.of_instance(record.request_id, record.project_id, record.user_id),
                known.agent,
                host,
                known.compute_node_uuid,
                record.uuid,
                attempt,
            )
        except (wire.WireError, cell_errors.HostUnknown) as error:
            LOG.warning("%s is not told to tear down %s yet: %s", host, record.uuid, error)
