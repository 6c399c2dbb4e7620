"""Who works on a row, and for how long at most without saying so again."""

from __future__ import annotations

import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lease:
    """One worker's name and the seconds after which others may take its rows over."""

    owner: str
    seconds: float

    def fresh(self) -> Lease:
        """Return one for a single piece of work.

        Threads and restarted processes share a name; with a lease under that
        name each would take the other's rows for its own.
        """
        return Lease(f"{self.owner}/{uuid.uuid4().hex[:12]}", self.seconds)
