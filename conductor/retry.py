"""Choose the next step after a failed attempt.

Pure: no messages, no ledger, no database. moving.py carries out the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from understudy.conductor import faults
from understudy.objects.fault import Fault
from understudy.objects.selection import Selection


@dataclass(frozen=True, slots=True)
class TryHost:
    """Move the claim to `target`; `remaining` are the alternates after it."""

    target: Selection
    remaining: tuple[Selection, ...]


@dataclass(frozen=True, slots=True)
class AskSuper:
    """This cell is exhausted, another one is allowed: keep the claim and wait."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Abort:
    """Tear down, unclaim, and end in ERROR."""

    fault: Fault


Step = TryHost | AskSuper | Abort


def next_step(
    fault: Fault,
    alternates: Sequence[Selection],
    *,
    attempts_left: int,
    cells_left: int,
    seconds_left: float,
) -> Step:
    """Return what to do after `fault`.

    `attempts_left` counts further attempts in this cell, `cells_left` further
    cells, `seconds_left` the time until the build's deadline.
    """
    if fault.blames_request:
        return Abort(fault)  # it would fail on every host
    if seconds_left <= 0:
        return Abort(faults.deadline_passed(fault))
    if alternates and attempts_left > 0:
        return TryHost(alternates[0], tuple(alternates[1:]))
    if cells_left > 0:
        return AskSuper(fault)
    return Abort(faults.no_alternate_left(fault, bool(alternates)))


def next_target(
    fault: Fault, alternates: Sequence[Selection], *, cells_left: int, seconds_left: float
) -> Step:
    """Return what to do after the claim on a target was lost.

    Lost claims spend alternates, not attempts: the attempt is the same one.
    """
    return next_step(
        fault, alternates, attempts_left=1, cells_left=cells_left, seconds_left=seconds_left
    )
