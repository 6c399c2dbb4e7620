"""Who works on a row, and for how long at most without saying so again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lease:
    """One worker's name and the seconds after which others may take its rows over."""

    owner: str
    seconds: float
