"""What an operator can set, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from understudy.objects.limits import RequestLimits
from understudy.scheduler.selector import Limits


@dataclass(frozen=True, slots=True)
class Settings:
    """The scheduler's settings, with the defaults that the options have.

    `filters` are those beside the ones that heed the request. `weighers` maps
    names to multipliers. `callers` are the users of the bus that are answered,
    none: the scheduler's own. `consumer_types` may be claimed under, none: any.
    `limits` bound a selection, `request_limits` what a request may hold. Times are in seconds.
    """

    filters: Sequence[str] = ()
    weighers: Mapping[str, float] = field(
        default_factory=lambda: {"free": 1.0, "reliable": 3.0, "shuffle": 0.01}
    )
    limits: Limits = field(default_factory=Limits)
    hosts_max_age: float = 10.0
    workers: int = 8
    beat_interval: float = 5.0
    callers: Sequence[str] = ()
    consumer_types: Sequence[str] = ()
    request_limits: RequestLimits = field(default_factory=RequestLimits)
