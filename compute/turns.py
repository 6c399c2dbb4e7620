"""One at a time for each place, without a thread waiting for its turn."""

from __future__ import annotations

import threading

from understudy.compute.tags import Place


class Turns:
    """Who is busy with which place.

    Whoever finds a place taken goes away; the one who has it is told, when
    giving it back, that there is more to look at.
    """

    def __init__(self) -> None:
        """Begin with no place taken."""
        self._lock = threading.Lock()
        self._wanted: dict[Place, bool] = {}

    def take(self, place: Place) -> bool:
        """Take the place unless it is taken; say whether the turn is the caller's."""
        with self._lock:
            if place in self._wanted:
                self._wanted[place] = True
                return False
            self._wanted[place] = False
            return True

    def give_back(self, place: Place) -> bool:
        """Give the place back; say whether someone came for it meanwhile."""
        with self._lock:
            return self._wanted.pop(place)
