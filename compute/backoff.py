"""How long to wait before something that did not work is tried again."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

_MANY = 32
"""Doubling more often than this only makes the number long."""


@dataclass(frozen=True)
class Backoff:
    """Twice as long each time, up to a limit, and scattered.

    Scattered over the upper half, so that many hosts do not come back at once
    to a conductor that was away.
    """

    first_seconds: float = 0.5
    longest_seconds: float = 30.0
    draw: random.Random = field(default_factory=random.Random)

    def seconds(self, tries: int) -> float:
        """Return the wait after this many failures in a row, the first being 1."""
        doubled = self.first_seconds * 2.0 ** min(tries - 1, _MANY)
        return min(doubled, self.longest_seconds) * self.draw.uniform(0.5, 1.0)
