"""Run worlds one after the other, and count what became of them."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from tests.chaos import oracle
from tests.chaos import plan as plans
from tests.chaos.ground import ground
from tests.chaos.world import Outcome, World

_SHOWN: Final = (oracle.LOST, oracle.DOUBLED, oracle.LEAKED, oracle.CHANGED)
"""The kinds of violations that have a figure of their own."""


def run(seed: int, *, with_logs: bool = False) -> Outcome:
    """Let the world of this seed live and end; its trace may show what production logs."""
    return World(ground(), plans.draw(seed)).run(with_logs=with_logs)


def command(seed: int) -> str:
    """Return what shows that world again."""
    return f".venv/bin/python -m tests.chaos --seed {seed} --trace"


@dataclass(slots=True)
class Tally:
    """What became of many worlds."""

    seeds: int = 0
    builds: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    """Violations of each kind."""
    failed: list[int] = field(default_factory=list)
    """The seeds with violations."""
    passed: Counter[str] = field(default_factory=Counter)
    """Ends of seams that were passed: "before api-db insert"."""
    deaths: Counter[str] = field(default_factory=Counter)
    """Ends of seams at which somebody died."""

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self.seeds += 1
        self.builds += outcome.builds
        self.kinds.update(violation.kind for violation in outcome.violations)
        self.passed.update(outcome.trace.passed())
        self.deaths.update(outcome.trace.killed_at())
        if outcome.violations:
            self.failed.append(outcome.seed)

    def merge(self, other: Tally) -> None:
        """Count what another counted."""
        self.seeds += other.seeds
        self.builds += other.builds
        self.kinds += other.kinds
        self.passed += other.passed
        self.deaths += other.deaths
        self.failed += other.failed

    def as_json(self, seconds: float) -> str:
        """Return the figures as one line."""
        figures = {
            "seeds": self.seeds,
            "builds": self.builds,
            "violations": sum(self.kinds.values()),
            **{kind: self.kinds[kind] for kind in _SHOWN},
            "seconds": round(seconds, 1),
        }
        return json.dumps(figures)


def run_all(seeds: Iterable[int], tell: Callable[[str], None]) -> Tally:
    """Run these; tell of each violation, with the command that shows it again."""
    tally = Tally()
    for seed in seeds:
        outcome = run(seed)
        tally.add(outcome)
        if outcome.violations:
            tell(described(outcome))
    return tally


def described(outcome: Outcome) -> str:
    """Return a world's violations and how to see them again, for a person."""
    lines = [f"seed {outcome.seed}: {command(outcome.seed)}"]
    lines += [f"  {violation.kind}: {violation.words}" for violation in outcome.violations]
    return "\n".join(lines)


def timed(work: Callable[[], Tally]) -> tuple[Tally, float]:
    """Return what `work` counted, and the seconds that it took."""
    begun = time.perf_counter()
    tally = work()
    return tally, time.perf_counter() - begun
