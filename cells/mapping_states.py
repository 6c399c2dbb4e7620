"""The states of an instance's mapping in the API database, and their legal moves.

The mapping says where an instance is; once a cell holds it, how its build goes
stands in the cell only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from understudy.objects import errors

ACCEPTED: Final = "ACCEPTED"
"""Written down; not mapped to a cell yet."""
MAPPED: Final = "MAPPED"
"""In the cell that the mapping names, or on its way there."""
HANDING_OVER: Final = "HANDING_OVER"
"""The super conductor is moving it to another cell."""
ERROR: Final = "ERROR"
"""It never reached a cell."""
DELETING: Final = "DELETING"
"""A delete has won; whoever holds it tears it down."""
DELETED: Final = "DELETED"
"""Nothing of it is left."""

ALL: Final = (ACCEPTED, MAPPED, HANDING_OVER, ERROR, DELETING, DELETED)

MOVES: Final[Mapping[str, frozenset[str]]] = {
    ACCEPTED: frozenset({MAPPED, ERROR, DELETING}),
    MAPPED: frozenset({HANDING_OVER, MAPPED, DELETING}),
    HANDING_OVER: frozenset({MAPPED, DELETING}),
    ERROR: frozenset({DELETING, DELETED}),
    DELETING: frozenset({DELETED}),
    DELETED: frozenset(),
}


def check(current: str, wanted: str) -> None:
    """Raise IllegalMove unless a mapping may go from `current` to `wanted`."""
    if wanted not in MOVES.get(current, frozenset()):
        raise errors.IllegalMove(current, wanted)


def sources(wanted: str) -> tuple[str, ...]:
    """Return the states from which a mapping may go to `wanted`."""
    return tuple(state for state in ALL if wanted in MOVES[state])
