"""How the super conductor reaches the cells: each one's database and bus."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from understudy.cells import errors as cell_errors
from understudy.cells.api_store import ApiStore
from understudy.cells.cell_store import CellStore
from understudy.cells.records import CellRecord, InstanceRecord, MappingRecord
from understudy.conductor.casting import Caster
from understudy.rpcapi import errors as wire
from understudy.rpcapi.bus import Bus
from understudy.rpcapi.cell_conductor import CellConductorClient
from understudy.rpcapi.compute import ComputeClient
from understudy.rpcapi.context import RequestContext

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CellAccess:
    """One cell, opened."""

    record: CellRecord
    store: CellStore
    caster: Caster
    conductor: CellConductorClient
    close: Callable[[], None]

    @classmethod
    def over(
        cls,
        record: CellRecord,
        store: CellStore,
        bus: Bus,
        conductor: CellConductorClient,
        retry_seconds: float,
    ) -> CellAccess:
        """Return the cell with this database and bus, which go with it when it is closed.

        A build that could not be cast is cast again after `retry_seconds`.
        """

        def close() -> None:
            bus.close()
            store.close()

        caster = Caster(store, ComputeClient(bus), retry_seconds)
        return cls(record, store, caster, conductor, close)

    @property
    def name(self) -> str:
        """The cell's name."""
        return self.record.name

    def nudge(self, mapping: MappingRecord | InstanceRecord, instance_uuid: str) -> None:
        """Ask the cell's conductor to end an instance now; its sweeper would, later."""
        context = RequestContext.of_instance(
            mapping.request_id, mapping.project_id, mapping.user_id
        )
        try:
            self.conductor.end_instances(context, [instance_uuid])
        except wire.WireError as error:
            LOG.info("%s ends at its cell's next sweep: %s", instance_uuid, error)


class CellDirectory:
    """All cells of the API database, each opened once, when it is first needed."""

    def __init__(self, api: ApiStore, open_cell: Callable[[CellRecord], CellAccess]) -> None:
        """Open cells with `open_cell`, given in by the composition root."""
        self._api = api
        self._open_cell = open_cell
        self._opened: dict[str, CellAccess] = {}
        self._lock = Lock()

    def all(self) -> list[CellAccess]:
        """Return every cell, the disabled ones too: they still hold instances.

        Raises CellUnreachable where an address is none.
        """
        return [self.open(record) for record in self._api.cells()]

    def usable(self) -> list[CellAccess]:
        """Return every cell whose addresses are any; the others are logged."""
        found: list[CellAccess] = []
        for record in self._api.cells():
            try:
                found.append(self.open(record))
            except cell_errors.CellUnreachable as error:
                LOG.warning("it is left out: %s", error)
        return found

    def records(self) -> list[CellRecord]:
        """Return every cell as it is registered."""
        return self._api.cells()

    def get(self, cell_uuid: str) -> CellAccess:
        """Return the cell with this uuid. Raises CellUnknown, CellUnreachable."""
        with self._lock:
            if cell_uuid in self._opened:
                return self._opened[cell_uuid]
        return self.open(self._api.cell_by_uuid(cell_uuid))

    def open(self, record: CellRecord) -> CellAccess:
        """Return the cell of this record, opened anew if its addresses changed.

        Raises CellUnreachable where they are no addresses.
        """
        with self._lock:
            known = self._opened.get(record.uuid)
            if known is not None and known.record == record:
                return known
            try:
                opened = self._open_cell(record)
            except Exception as error:
                raise cell_errors.CellUnreachable(
                    record.name, f"it cannot be opened: {error}"
                ) from error
            if known is not None:
                known.close()
            self._opened[record.uuid] = opened
            return opened

    def close(self) -> None:
        """Close every cell that was opened."""
        with self._lock:
            for access in self._opened.values():
                access.close()
            self._opened.clear()
