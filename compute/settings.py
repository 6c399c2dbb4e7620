"""What an operator may set of an agent, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field

from understudy.compute.backoff import Backoff


@dataclass(frozen=True)
class Settings:
    """The defaults are those of the options."""

    build_workers: int = 8
    call_workers: int = 8
    heartbeat_seconds: float = 10.0
    answer_seconds: float = 20.0
    stop_grace_seconds: float = 30.0
    backoff: Backoff = field(default_factory=Backoff)
