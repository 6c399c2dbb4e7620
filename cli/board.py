"""Where a run stands: what every instance is doing, and who was rescued last.

Fed with results as they arrive; knows neither the bus nor a screen.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from understudy.objects import states, text
from understudy.objects.instance import Instance

LAST_MOVES = 5


@dataclass(frozen=True, slots=True)
class Move:
    """A build that left one host for another."""

    name: str
    left: str
    went_to: str
    fault: str


class Board:
    """What is known of a run so far."""

    def __init__(self, builds: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Start the clock on a run of so many builds."""
        self.builds = builds
        self.refused = 0
        self.retried = 0
        self.moves: deque[Move] = deque(maxlen=LAST_MOVES)
        self._instances: dict[str, Instance] = {}
        self._moves_seen: Counter[str] = Counter()
        self._clock = clock
        self._started = clock()

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
        return self._clock() - self._started

    @property
    def ended(self) -> int:
        """How many builds have come to an ending."""
        return self.refused + sum(
            instance.state in states.ENDED for instance in self._instances.values()
        )

    def by_state(self) -> dict[str, int]:
        """Return how many are in each state, in the order that states follow each other."""
        counts = Counter(instance.state for instance in self._instances.values())
        return {state: counts[state] for state in states.ALL if counts[state]}

    def by_cell(self) -> dict[str, dict[str, int]]:
        """Return how many are in each state by cell; those in none are left out."""
        cells: dict[str, Counter[str]] = {}
        for instance in self._instances.values():
            if instance.cell_name is not None:
                cells.setdefault(instance.cell_name, Counter())[instance.state] += 1
        return {name: dict(cells[name]) for name in sorted(cells)}

    def take(self, instances: Iterable[Instance]) -> list[str]:
        """Note where instances stand; return the uuids of those that were retried since."""
        retried = []
        for instance in instances:
            known = self._instances.get(instance.uuid)
            before = known.attempt if known is not None else 1
            if instance.attempt > max(before, 1):
                retried.append(instance.uuid)
                self.retried += before <= 1
            self._instances[instance.uuid] = instance
        return retried

    def take_timeline(self, instance: Instance) -> None:
        """Note the moves that the timeline shows and that were not noted before."""
        attempts = instance.attempts
        moves = [
            Move(
                text.printable(instance.name),
                text.printable(left.service_host),
                text.printable(to.service_host),
                text.printable(
                    left.fault.message or left.fault.code if left.fault else left.state.lower()
                ),
            )
            for left, to in itertools.pairwise(attempts)
        ]
        self.moves.extend(moves[self._moves_seen[instance.uuid] :])
        self._moves_seen[instance.uuid] = len(moves)
