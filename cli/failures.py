"""Turn an error into one line and an exit code: 2 to mend the input, 1 for the rest."""

from __future__ import annotations

from understudy.cli.bad_input import BadInput
from understudy.objects import text
from understudy.objects.errors import InvalidRequest, UnderstudyError

FAILED = 1
BAD_INPUT = 2

# By name, for rpcapi takes long to import and may not be there yet when an option is refused.
_INPUTS_OVER_RPC = frozenset(
    {
        "BadQuery",
        "HostInTwoCells",
        "LedgerRefusedRequest",
        "RequestIdTaken",
        "TooManyEqualGroups",
    }
)


def exit_code(error: Exception) -> int:
    """Return 2 where the user's own input is to blame, else 1."""
    if isinstance(error, (BadInput, InvalidRequest)):
        return BAD_INPUT
    return BAD_INPUT if type(error).__name__ in _INPUTS_OVER_RPC else FAILED


def line(error: Exception) -> str:
    """Return the error as one line, whatever its text holds."""
    said = text.printable(" ".join(str(error).split())) or type(error).__name__
    if isinstance(error, UnderstudyError):
        return f"understudy: {said}"
    return f"understudy: {type(error).__name__}: {said}; --debug shows where it came from"
