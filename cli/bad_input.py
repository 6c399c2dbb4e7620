"""What a person wrote wrong, said in one line: where, what, and what to do.

It is of the same family as the errors that arrive over RPC, so that one place
prints both.
"""

from __future__ import annotations

from understudy.objects import text
from understudy.objects.errors import InvalidRequest, UnderstudyError


class BadInput(UnderstudyError):
    """A file, or an option, cannot be used as it stands.

    `file` is the file, with ":line" where a line is to blame, or the option;
    `place` the column or key in it ("" for the whole); `problem` and `remedy`
    what is wrong there and what to do about it.
    """

    def __init__(self, file: str, place: str, problem: str, remedy: str) -> None:
        """Keep the four facts."""
        super().__init__(file, place, problem, remedy)
        self.file = file
        self.place = place
        self.problem = problem
        self.remedy = remedy

    @classmethod
    def of(cls, file: str, invalid: InvalidRequest) -> BadInput:
        """Return what is wrong with a request, and the file it was read from."""
        return cls(file, invalid.field, invalid.problem, invalid.remedy)

    def __str__(self) -> str:
        """Say where, what, and what to do."""
        where = f"{self.file}: {self.place}" if self.place else self.file
        return text.printable(" ".join(f"{where}: {self.problem}; {self.remedy}".split()))
