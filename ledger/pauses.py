"""How long to wait before the next try: longer each time, and never in step.

Two writers that meet at one provider meet again if both wait the same time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

Pause = Callable[[int], None]
"""Wait before the try that follows this many failed ones."""


def jittered(first: float = 0.01, longest: float = 0.25) -> Pause:
    """Return a pause that doubles from `first` to `longest` seconds, give or take a half."""

    def pause(failed: int) -> None:
        nominal = min(longest, first * 2.0 ** max(0, failed - 1))
        time.sleep(nominal * random.uniform(0.5, 1.5))

    return pause
