"""What happened in a world, in order: the time, who, at which seam, and what went wrong."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

from tests.chaos.kernel import START

Line = tuple[float, str, str, str]
"""(seconds since the epoch, process, seam or event, mishap or "")"""


class Trace:
    """Every pass of a seam, in order."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.note = self.lines.append

    def __len__(self) -> int:
        return len(self.lines)

    def digest(self) -> str:
        """Return what two worlds have in common that went the same way."""
        return hashlib.sha256("\n".join(self.readable()).encode()).hexdigest()

    def readable(self) -> Iterator[str]:
        """Yield a line for a person each."""
        for when, who, seam, mishap in self.lines:
            yield f"{when - START:9.4f} {who:<12} {seam}{'  !! ' + mishap if mishap else ''}"

    def passed(self) -> Counter[str]:
        """Return how often each seam was passed: "before api-db accept"."""
        return Counter(seam for _, _, seam, _ in self.lines)

    def killed_at(self) -> Counter[str]:
        """Return how often somebody died at each seam."""
        return Counter(seam for _, _, seam, mishap in self.lines if mishap == KILLED)


KILLED = "killed"
