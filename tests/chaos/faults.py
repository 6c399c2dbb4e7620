"""Which faults a world has: drawn once, from its seed.

A world has some kinds of faults and not others, so that each kind is met alone,
and with each other kind, in some world.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final

from tests.chaos import seams

SHORTEST: Final = 20.0
LONGEST: Final = 60.0
"""Seconds that faults last, at production's pace."""
LONGEST_STALL: Final = 80.0
"""Seconds for which a thread stands still at most, at that pace: longer than a lease."""
MISHAPS: Final = 0.15
"""Of all worlds, those with an agent that is mishandled."""
_NTH: Final = (1, 1, 1, 2, 3, 5)

KINDS: Final = ("super", "scheduler", "conductor", "agent")
CELLS: Final = ("one", "two")


@dataclass(frozen=True, slots=True)
class Point:
    """Whoever passes this end of this seam for the nth time dies there, or stands still."""

    seam: str
    when: str
    nth: int
    stalls: float | None = None
    """For how many seconds it stands still; None: it dies."""


@dataclass(frozen=True, slots=True)
class Outage:
    """For a while some processes do not reach something; times are seconds from the start."""

    begins: float
    ends: float
    kinds: frozenset[str]
    targets: frozenset[str]
    silent: bool
    """Calls are lost instead of refused: nobody answers."""


@dataclass(frozen=True, slots=True)
class Death:
    """A process of this kind dies at some time, and is back after so many seconds."""

    at: float
    kind: str
    back_after: float


@dataclass(frozen=True, slots=True)
class Mishap:
    """What happens to the agent of this place in the plan; times are seconds from the start."""

    kind: str
    """Its hosts are "renamed", or its folder is "copied" and there are two of it."""
    agent: int
    begins: float
    ends: float


@dataclass(frozen=True, slots=True)
class Rates:
    """How often each thing goes wrong, per passage of a seam or per message."""

    dropped: float = 0.0
    doubled: float = 0.0
    delayed: float = 0.0
    refused: float = 0.0
    lost: float = 0.0
    reset: float = 0.0
    late: float = 0.0
    torn: float = 0.0
    contended: float = 0.0
    broken: float = 0.0
    database: float = 0.0
    stalled: float = 0.0
    killed: float = 0.0


@dataclass(frozen=True, slots=True)
class Faults:
    """All that goes wrong, until `seconds` after the start."""

    scale: float
    """The pace of the world: seconds in it for each second at production's pace."""
    seconds: float
    rates: Rates
    points: tuple[Point, ...]
    deaths: tuple[Death, ...]
    outages: tuple[Outage, ...]
    restored: tuple[str, float, float] | None
    """(cell, when its database was copied, when the copy was put back)"""
    redelivered: bool
    """What a killed process had taken from a bus comes again."""
    skews: dict[str, float] = field(default_factory=dict)
    """Seconds that the clock of a database is ahead, by its name."""


def draw(seed: int, chance: random.Random, scale: float, down_time: float) -> Faults:
    """Return the faults of a world; `down_time` is when a silent host counts as down."""
    seconds = chance.uniform(scale * SHORTEST, scale * LONGEST)
    return Faults(
        scale=scale,
        seconds=seconds,
        rates=_rates(chance),
        points=(*_crashes(seed, chance), *_stalls(seed, chance, scale * LONGEST_STALL)),
        deaths=_deaths(chance, seconds, down_time),
        outages=_outages(chance, seconds),
        restored=_restored(chance, seconds),
        redelivered=chance.random() < 0.5,
        skews={name: chance.uniform(-300.0, 300.0) for name in ("api", *CELLS)},
    )


def mishap(seed: int, agents: int, seconds: float) -> Mishap | None:
    """Return what honest hands do to an agent in this world: mostly nothing."""
    chance = random.Random(f"mishap {seed}")
    if chance.random() > MISHAPS:
        return None
    begins = chance.uniform(1.0, seconds)
    kind = chance.choice(("renamed", "copied"))
    return Mishap(kind, chance.randrange(agents), begins, chance.uniform(begins, seconds))


def _rates(chance: random.Random) -> Rates:
    def some(share: float, low: float, high: float) -> float:
        return chance.uniform(low, high) if chance.random() < share else 0.0

    return Rates(
        dropped=some(0.3, 0.02, 0.3),
        doubled=some(0.4, 0.05, 0.5),
        delayed=some(0.4, 0.05, 0.4),
        refused=some(0.2, 0.02, 0.2),
        lost=some(0.3, 0.02, 0.2),
        reset=some(0.3, 0.02, 0.2),
        late=some(0.3, 0.02, 0.3),
        torn=some(0.2, 0.02, 0.2),
        contended=some(0.2, 0.02, 0.3),
        broken=some(0.2, 0.02, 0.2),
        database=some(0.3, 0.01, 0.08),
        stalled=some(0.3, 0.002, 0.02),
        killed=some(0.2, 0.002, 0.01),
    )


def _crashes(seed: int, chance: random.Random) -> tuple[Point, ...]:
    """Take the seams in turn, one a seed, and some by chance."""
    chosen = [seams.ENDS[seed % len(seams.ENDS)]]
    chosen += chance.choices(seams.ENDS, k=chance.choice((0, 1, 3, 6)))
    return tuple(Point(seam, when, chance.choice(_NTH)) for seam, when in chosen)


def _stalls(seed: int, chance: random.Random, longest: float) -> tuple[Point, ...]:
    """Take the seams in turn, two a seed, from the other end, and some by chance."""
    turn = 2 * seed + 1
    chosen = [seams.ENDS[-(turn + step) % len(seams.ENDS)] for step in (0, 1)]
    chosen += chance.choices(seams.ENDS, k=chance.choice((0, 1, 3, 6)))
    return tuple(
        Point(seam, when, chance.choice(_NTH), chance.uniform(0.1, longest))
        for seam, when in chosen
    )


def _deaths(chance: random.Random, seconds: float, down_time: float) -> tuple[Death, ...]:
    """Kill one or two processes, sometimes at the same moment, sometimes for long."""
    found: list[Death] = []
    for _ in range(chance.choice((0, 0, 1, 1, 2))):
        back = chance.choice((0.5, 2.0, down_time * 1.5))
        at = found[-1].at if found and chance.random() < 0.5 else chance.uniform(1.0, seconds)
        found.append(Death(at, chance.choice(KINDS), back))
    return tuple(found)


def _outages(chance: random.Random, seconds: float) -> tuple[Outage, ...]:
    found: list[Outage] = []
    for _ in range(chance.choice((0, 0, 0, 1, 2))):
        begins = chance.uniform(0.0, seconds)
        kinds, targets = chance.choice(_CUTS)
        found.append(
            Outage(
                begins,
                chance.uniform(begins, seconds),
                kinds,
                targets,
                chance.random() < 0.5,
            )
        )
    return tuple(found)


_ALL: Final = frozenset(KINDS)
_CUTS: Final = (
    (_ALL, frozenset({"ledger"})),
    (frozenset({"conductor"}), frozenset({"ledger"})),
    (frozenset({"super"}), frozenset({"ledger"})),
    (_ALL, frozenset({"api-db"})),
    (_ALL, frozenset({"one-db"})),
    (_ALL, frozenset({"two-db"})),
    # A cell that is cut off from the API level.
    (frozenset({"super"}), frozenset({"one-db", "one"})),
    (frozenset({"super"}), frozenset({"two-db", "two"})),
    # Hosts that are cut off from their cell.
    (frozenset({"agent"}), frozenset({"one"})),
    (frozenset({"agent"}), frozenset({"two"})),
    (frozenset({"super", "client"}), frozenset({"api"})),
    (frozenset({"scheduler"}), frozenset({"api"})),
)


def _restored(chance: random.Random, seconds: float) -> tuple[str, float, float] | None:
    if chance.random() > 0.06:
        return None
    copied = chance.uniform(2.0, seconds)
    return chance.choice(CELLS), copied, chance.uniform(copied, seconds)
