"""Which resource classes and traits Placement knows.

A name that was there is taken as known for a while; one that was not is asked
for anew each time, so that a class or trait counts as soon as it is created.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from understudy.ledger import api

CUSTOM: Final = "CUSTOM_"
"""How all names begin that can be created."""
_NAMES_PER_QUERY: Final = 100


class PlacementVocabulary:
    """`protocols.Vocabulary` on Placement. Safe to use from many threads."""

    def __init__(
        self,
        placement: api.PlacementApi,
        keep_seconds: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take a name that was found as known for `keep_seconds`."""
        self._api = placement
        self._classes = _Known(keep_seconds, clock)
        self._traits = _Known(keep_seconds, clock)

    def unknown_resource_classes(self, names: Sequence[str]) -> list[str]:
        """Return those that the ledger has not, after asking it anew."""
        if self._classes.missing(names):
            body = self._api.get("/resource_classes")
            self._classes.add(found["name"] for found in body["resource_classes"])
        return self._classes.missing(names)

    def unknown_traits(self, names: Sequence[str]) -> list[str]:
        """Return those that the ledger has not, after asking it anew."""
        asked = self._traits.missing(names)
        for start in range(0, len(asked), _NAMES_PER_QUERY):
            some = ",".join(asked[start : start + _NAMES_PER_QUERY])
            self._traits.add(self._api.get("/traits", [("name", f"in:{some}")])["traits"])
        return self._traits.missing(names)

    def custom_names(self) -> int:
        """Return how many custom traits and resource classes there are now."""
        classes = [one["name"] for one in self._api.get("/resource_classes")["resource_classes"]]
        traits = self._api.get("/traits", [("name", f"startswith:{CUSTOM}")])["traits"]
        return len([*traits, *(name for name in classes if name.startswith(CUSTOM))])

    def learn(self, resource_classes: Iterable[str] = (), traits: Iterable[str] = ()) -> None:
        """Take these as known: they were just created."""
        self._classes.add(resource_classes)
        self._traits.add(traits)

    def forget(self) -> None:
        """Ask for every name again."""
        self._classes.clear()
        self._traits.clear()


class _Known:
    """Names that were there, each for a while."""

    def __init__(self, keep_seconds: float, clock: Callable[[], float]) -> None:
        self._keep_seconds = keep_seconds
        self._clock = clock
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def add(self, names: Iterable[str]) -> None:
        until = self._clock() + self._keep_seconds
        with self._lock:
            self._until.update(dict.fromkeys(names, until))

    def missing(self, names: Sequence[str]) -> list[str]:
        now = self._clock()
        with self._lock:
            return [name for name in dict.fromkeys(names) if self._until.get(name, now - 1) < now]

    def clear(self) -> None:
        with self._lock:
            self._until.clear()
