"""The conductor's times, in seconds, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the conductor waits for what. All are seconds.

    `lease` must be longer than the longest call made under it (twice a call to
    the scheduler); `retry` is the pause before the same row is tried again. After
    `settle` a claim that nobody answered has landed or never will: twice the
    ledger's timeout.
    """

    lease: float = 50.0
    sweep: float = 2.0
    retry: float = 2.0
    settle: float = 60.0
    beat: float = 5.0
    host_down_time: float = 30.0
    service_down_time: float = 60.0
    fault_memory: float = 600.0
    publish: float = 1.0
