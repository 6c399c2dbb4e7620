"""A gate that does what a test planned, and notes the seams it saw."""

from __future__ import annotations

from tests.chaos.simulated.gate import OpenGate


class PlannedGate(OpenGate):
    """Raises what was planned for the next calls, before or after their effect."""

    def __init__(self) -> None:
        super().__init__()
        self.seams: list[str] = []
        self.next_before: list[BaseException] = []
        self.next_after: list[BaseException] = []

    def before(self, seam: str) -> None:
        """Note the seam, and raise what is planned."""
        self.seams.append(seam)
        if self.next_before:
            raise self.next_before.pop(0)

    def after(self, seam: str) -> None:
        """Raise what is planned."""
        if self.next_after:
            raise self.next_after.pop(0)
