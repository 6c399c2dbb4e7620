"""Which hosts the cell conductor does not know as they are now."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from understudy.objects.host import Host


class Registrations:
    """What was registered, and what is to be registered again."""

    def __init__(self) -> None:
        """Begin with nothing registered."""
        self._lock = threading.Lock()
        self._registered: dict[str, Host] = {}
        self._ordered: set[str] = set()

    def note(self, host: Host) -> None:
        """Remember a host as the conductor has just taken it."""
        with self._lock:
            self._registered[host.name] = host
            self._ordered.discard(host.name)

    def order(self, names: Iterable[str]) -> None:
        """These are to be registered again, once they are rid of what they should not hold."""
        with self._lock:
            self._ordered.update(names)

    def lose(self, name: str) -> None:
        """The conductor does not take calls for this host: register it again."""
        with self._lock:
            self._registered.pop(name, None)

    def is_ordered(self, name: str) -> bool:
        """Did the conductor ask for this host?"""
        with self._lock:
            return name in self._ordered

    def is_new(self, host: Host) -> bool:
        """Is this host unknown to the conductor, or not as it knows it?"""
        with self._lock:
            return self._registered.get(host.name) != host
