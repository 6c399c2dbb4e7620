"""Every seam in the list is passed, and somebody can die before and after each of them."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict

import testtools

from tests.chaos import plan as plans
from tests.chaos.fate import SAFE
from tests.chaos.faults import Point
from tests.chaos.ground import ground
from tests.chaos.kernel import START
from tests.chaos.runs import described
from tests.chaos.seams import ALL, BUS, CLOCK, DATABASES, ENDS, LEDGER
from tests.chaos.trace import KILLED
from tests.chaos.world import Outcome, World

SEEDS = 100
"""Worlds that live as they are; then each end that nobody died at gets one of them again."""
MOST = 1000
"""Worlds that are looked at until each end was passed in one: some are passed rarely."""

OF_CLIENTS = "bus send super-conductor."
"""Clients pass these, and they outlive the world."""


class SeamsTest(testtools.TestCase):
    """Some hundred worlds, the later ones with one more death each."""

    def test_there_are_enough(self) -> None:
        self.assertGreater(len(ALL), 40)
        for kind in (BUS, LEDGER, DATABASES, CLOCK):
            self.assertGreater(len(kind), 5)

    def test_somebody_dies_at_each(self) -> None:
        early: dict[str, list[int]] = defaultdict(list)
        late: dict[str, list[int]] = defaultdict(list)
        deaths: Counter[str] = Counter()
        ends = {
            f"{when} {seam}": Point(seam, when, 1)
            for seam, when in ENDS
            if not seam.startswith(OF_CLIENTS)
        }
        for seed in range(MOST):
            if seed >= SEEDS and set(ends) <= {*early, *late}:
                break
            plan = plans.draw(seed)
            outcome = World(ground(), plan).run()
            deaths += outcome.trace.killed_at()
            for end, when in _passed_by_mortals(outcome).items():
                is_early = when - START < plan.faults.seconds
                (early if is_early else late)[end].append(seed)
        for end in sorted(set(ends) - set(deaths)):
            with self.subTest(end):
                self.die_at(end, ends[end], early[end], late[end])

    def die_at(self, end: str, point: Point, early: list[int], late: list[int]) -> None:
        """Let somebody die at this end in a world that passes it, if need be after its faults."""
        worlds = [(seed, False) for seed in early[:1]] + [(seed, True) for seed in late]
        for seed, longer in worlds:
            outcome = _with(point, seed, longer=longer)
            self.assertEqual([], outcome.violations, f"{end}: {described(outcome)}")
            if end in outcome.trace.killed_at():
                return
        self.fail(f"nobody died {end} in {worlds}")


def _with(point: Point, seed: int, *, longer: bool) -> Outcome:
    """Let the seed's world live, with one more death; `longer`, its faults last longer."""
    plan = plans.draw(seed)
    faults = dataclasses.replace(plan.faults, points=(*plan.faults.points, point))
    if longer:
        faults = dataclasses.replace(faults, seconds=faults.seconds + plan.pace.calm)
    return World(ground(), dataclasses.replace(plan, faults=faults)).run()


def _passed_by_mortals(outcome: Outcome) -> dict[str, float]:
    """Return when each end of a seam was first passed by somebody who may die."""
    found: dict[str, float] = {}
    for when, who, seam, mishap in outcome.trace.lines:
        if who not in SAFE and mishap in ("", KILLED):
            found.setdefault(seam, when)
    return found
