"""How fast a world lives: production's own times, or all of them shortened.

Shortened, a world needs fewer steps. The times keep their proportions; only
sweeps and beats are rarer than that, which makes everything harder to keep.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from understudy.compute.backoff import Backoff
from understudy.compute.settings import Settings as ComputeSettings
from understudy.conductor.timing import Timing
from understudy.ledger.api import Timeouts
from understudy.scheduler.selector import Limits
from understudy.scheduler.settings import Settings as SchedulerSettings

PROMISED: Final = 60.0
"""Seconds after the faults stopped until which all is well, at production's own pace."""


@dataclass(frozen=True, slots=True)
class Pace:
    """All times, in seconds; `calm` is how long it may take after the faults."""

    scale: float
    """Seconds for each second at production's pace."""
    conductor: Timing
    scheduler: SchedulerSettings
    ledger: Timeouts
    heartbeat: float
    answer: float
    first_backoff: float
    longest_backoff: float
    calm: float

    def compute(self, agent: str) -> ComputeSettings:
        """Return an agent's settings, scattered by its name."""
        draw = random.Random(agent)
        backoff = Backoff(self.first_backoff, self.longest_backoff, draw)
        return ComputeSettings(
            heartbeat_seconds=self.heartbeat, answer_seconds=self.answer, backoff=backoff
        )


PRODUCTION: Final = Pace(
    scale=1.0,
    conductor=Timing(),
    scheduler=SchedulerSettings(),
    ledger=Timeouts(),
    heartbeat=10.0,
    answer=20.0,
    first_backoff=0.5,
    longest_backoff=30.0,
    calm=PROMISED,
)

SCALE: Final = 0.25
SWEEP: Final = 4.0
BEAT: Final = 10.0
HEARTBEAT: Final = 3.5


def _times(seconds: float) -> float:
    return seconds * SCALE


SHORTENED: Final = Pace(
    scale=SCALE,
    conductor=Timing(
        lease=_times(50.0),
        sweep=SWEEP,
        retry=_times(2.0),
        settle=_times(60.0),
        beat=BEAT,
        host_down_time=_times(30.0),
        service_down_time=_times(60.0),
        fault_memory=_times(600.0),
    ),
    scheduler=SchedulerSettings(
        limits=Limits(seconds=_times(20.0)), hosts_max_age=_times(10.0), beat_interval=BEAT
    ),
    ledger=Timeouts(connect=_times(5.0), read=_times(30.0)),
    heartbeat=HEARTBEAT,
    answer=_times(20.0),
    first_backoff=_times(0.5),
    longest_backoff=_times(30.0),
    # What depends on sweeps, one after the other, takes some of them longer.
    calm=_times(PROMISED) + 3 * SWEEP,
)
