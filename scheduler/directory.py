"""Which providers are hosts, and which cell each host belongs to.

Every selection asks, and the answer changes only when a host is registered or
moved. So all hosts are read at once and kept for a short time; a provider that
is not among them may be a new host, and is reason to read again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from understudy.cells.records import CellRecord, HostMapping


class Registry(Protocol):
    """Where cells and hosts are registered: the API database."""

    def cells(self) -> Sequence[CellRecord]:
        """Return every cell."""

    def host_mappings(self) -> Sequence[HostMapping]:
        """Return the mapping of every host."""


class HostDirectory(Protocol):
    """Look hosts up by their root providers. Safe to use from many threads."""

    def look_up(self, root_providers: Collection[str]) -> Mapping[str, HostMapping]:
        """Return the mapping of each provider that is a host; others are left out.

        So are the hosts of disabled cells. Raises what the database raises when
        it is down: not to know a host and not to be able to ask are two answers.
        """


class CachedHostDirectory:
    """All mappings in memory, read again when they are old or lack a provider.

    Providers that are no hosts of ours (other services use the same Placement)
    are missed in every selection; `min_age` bounds how often that makes us ask.
    """

    def __init__(
        self,
        registry: Registry,
        max_age: float = 10.0,
        min_age: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read nothing yet; ages are in seconds."""
        self._registry = registry
        self._max_age = max_age
        self._min_age = min_age
        self._clock = clock
        self._reading = threading.Lock()
        self._known: Mapping[str, HostMapping] = {}
        self._read_at = float("-inf")

    def look_up(self, root_providers: Collection[str]) -> Mapping[str, HostMapping]:
        """Return the mapping of each provider that is a host."""
        known = self._not_older_than(self._max_age)
        if any(provider not in known for provider in root_providers):
            known = self._not_older_than(self._min_age)
        return {provider: known[provider] for provider in root_providers if provider in known}

    def _not_older_than(self, age: float) -> Mapping[str, HostMapping]:
        """Return the mappings, read again by one thread if need be while the others wait."""
        if self._clock() - self._read_at <= age:
            return self._known
        with self._reading:
            now = self._clock()
            if now - self._read_at > age:
                self._known = self._read()
                self._read_at = now
            return self._known

    def _read(self) -> Mapping[str, HostMapping]:
        enabled = {cell.uuid for cell in self._registry.cells() if cell.enabled}
        return {
            mapping.compute_node_uuid: mapping
            for mapping in self._registry.host_mappings()
            if mapping.cell_uuid in enabled
        }
