"""What is wrong with data, said so that its owner can mend it.

Every error takes positional facts and hands them to `Exception`, so that it
rebuilds on the far side of the bus.
"""

from __future__ import annotations

from understudy.objects import text


class UnderstudyError(Exception):
    """The base of every error of ours; `str()` is one line for a person."""


class InvalidRequest(UnderstudyError):
    """A build request cannot be accepted as it stands.

    `field` names the place ("resources.VCPU"), `problem` what is wrong there
    and `remedy` what to write instead.
    """

    def __init__(self, field: str, problem: str, remedy: str) -> None:
        """Keep the three facts."""
        super().__init__(field, problem, remedy)
        self.field = field
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        """Say where, what, and what to do."""
        return text.printable(f"{self.field}: {self.problem}; {self.remedy}")


class IllegalMove(UnderstudyError):
    """An instance cannot go from one state to the other."""

    def __init__(self, current: str, wanted: str) -> None:
        """Keep both states."""
        super().__init__(current, wanted)
        self.current = current
        self.wanted = wanted

    def __str__(self) -> str:
        """Name the move."""
        return f"an instance that is {self.current} cannot become {self.wanted}"
