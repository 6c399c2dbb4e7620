"""What happens at each seam, from the faults of the world and by chance."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import Final

from tests.chaos.faults import LONGEST_STALL, Faults, Point
from tests.chaos.kernel import START, Kernel
from tests.chaos.process import WORLD, Crash, Failure, Mishap, Process, Stall
from tests.chaos.simulated.gate import Broken, Contended, Late, Lost, Refused, Reset, Torn

LONGEST_DELAY: Final = 24.0
"""Seconds for which a message is on its way at most, at production's pace."""
SAFE: Final = frozenset({"client", "hostile", WORLD})
"""Kinds of processes that nothing happens to but on the way."""


class Fate:
    """Draws, each time anew, while the faults last; then nothing goes wrong any more."""

    def __init__(
        self, faults: Faults, kernel: Kernel, chance: random.Random, answer_within: float
    ) -> None:
        """`answer_within`: seconds after which the ledger's callers stop waiting."""
        self._faults = faults
        self._rates = faults.rates
        self._kernel = kernel
        self._random = chance.random
        self._uniform = chance.uniform
        self._answer_within = answer_within
        self._longest_stall = faults.scale * LONGEST_STALL
        self._longest_delay = faults.scale * LONGEST_DELAY
        self._points: dict[tuple[str, str], list[Point]] = defaultdict(list)
        for point in faults.points:
            self._points[point.seam, point.when].append(point)
        self._seen: Counter[tuple[str, str]] = Counter()
        self._ledger = self._likely()

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return self._kernel.now - START

    @property
    def calm(self) -> bool:
        """Is it over?"""
        return self.now >= self._faults.seconds

    def at(self, process: Process, target: str, seam: str, when: str) -> Mishap | None:
        """See Fates."""
        if self.calm or process.kind == WORLD:
            return None
        met = self._met(seam, when) if process.kind not in SAFE else None
        if met is not None:
            return met
        cut = self._cut(process, target)
        if cut is not None and (when == "before" or cut is Lost):
            return Failure(cut, self._bounded(self._answer_within if cut is Lost else 0.0))
        if self._random() < self._rates.stalled and process.kind not in SAFE:
            return Stall(self._bounded(self._uniform(0.0, self._longest_stall)))
        return self._fails(target, when)

    def is_cut_off(self, process: Process, target: str) -> bool:
        """Does nothing reach this process from there?"""
        return not self.calm and self._cut(process, target) is not None

    def latency(self) -> float:
        """See Fates: mostly none, for most calls meet nobody."""
        drawn = self._random()
        if drawn < 0.7:
            return 0.0
        if drawn < 0.99:
            return self._uniform(0.0, 0.02)
        return self._uniform(0.0, 0.5)

    def landing(self) -> float | None:
        """See Fates: within twice the ledger's timeout, and while the faults last."""
        seconds = self._uniform(0.0, 2 * self._answer_within)
        return seconds if seconds < self._faults.seconds - self.now else None

    def message(self) -> list[float]:
        """Return in how many seconds each copy of a message arrives."""
        first = self._uniform(0.0005, 0.005)
        if self.calm:
            return [first]
        if self._random() < self._rates.dropped:
            return []
        if self._random() < self._rates.delayed:
            first = self._late()
        if self._random() < self._rates.doubled:
            return [first, self._late()]
        return [first]

    def _late(self) -> float:
        """Return a delay: some are long, and some just enough for others to come first."""
        longest = self._longest_delay * (1.0 if self._random() < 0.5 else 0.1)
        return self._bounded(self._uniform(0.0, longest))

    def _met(self, seam: str, when: str) -> Mishap | None:
        """Return what was planned for this passage, if anything was, or a death by chance."""
        if self._random() < self._rates.killed:
            return Crash()
        points = self._points.get((seam, when))
        if points is None:
            return None
        self._seen[seam, when] += 1
        for point in points:
            if point.nth == self._seen[seam, when]:
                return Crash() if point.stalls is None else Stall(self._bounded(point.stalls))
        return None

    def _cut(self, process: Process, target: str) -> type[Exception] | None:
        for outage in self._faults.outages:
            if (
                outage.begins <= self.now < outage.ends
                and process.kind in outage.kinds
                and target in outage.targets
            ):
                return Lost if outage.silent else Refused
        return None

    def _likely(self) -> dict[str, list[tuple[float, type[Exception]]]]:
        """Return what may happen to a request to the ledger, at either end."""
        rates = self._rates
        return {
            "before": [
                (rates.refused, Refused),
                (rates.lost / 2, Lost),
                (rates.reset / 2, Reset),
                (rates.late, Late),
                (rates.torn, Torn),
                (rates.contended, Contended),
                (rates.broken / 2, Broken),
            ],
            "after": [
                (rates.lost / 2, Lost),
                (rates.reset / 2, Reset),
                (rates.broken / 2, Broken),
            ],
        }

    def _fails(self, target: str, when: str) -> Mishap | None:
        if target == "ledger":
            return self._at_ledger(when)
        if target.endswith("-db") and self._random() < self._rates.database:
            return Failure(Lost if when == "after" or self._random() < 0.5 else Refused)
        return None

    def _at_ledger(self, when: str) -> Mishap | None:
        drawn = self._random()
        for share, error in self._ledger[when]:
            drawn -= share
            if drawn < 0:
                waits = error in (Lost, Late)
                return Failure(error, self._bounded(self._answer_within if waits else 0.0))
        return None

    def _bounded(self, seconds: float) -> float:
        """Let nothing that is wrong last longer than the faults."""
        return max(0.0, min(seconds, self._faults.seconds - self.now))
