"""What servers counted themselves, per build, without what an idle cloud does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counted:
    """The servers' own counters at one moment."""

    at: float
    """Seconds of the monotonic clock."""
    messages: int
    """Published on our buses."""
    statements: int
    """Of our users that read or write a row."""
    other: int
    """Of our users that do neither: COMMIT, ROLLBACK."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Counted per something: per second, or per build."""

    messages: float
    statements: float
    other: float


def per_second(before: Counted, after: Counted) -> Rates:
    """Return how much was counted in each second between the two."""
    return _over(before, after, Rates(0.0, 0.0, 0.0), after.at - before.at)


def per_build(before: Counted, after: Counted, idle: Rates, builds: int) -> Rates:
    """Return what each build cost, of all that came on top of the idle rates."""
    return _over(before, after, idle, builds)


def _over(before: Counted, after: Counted, idle: Rates, many: float) -> Rates:
    elapsed = after.at - before.at
    return Rates(
        (after.messages - before.messages - idle.messages * elapsed) / many,
        (after.statements - before.statements - idle.statements * elapsed) / many,
        (after.other - before.other - idle.other * elapsed) / many,
    )
