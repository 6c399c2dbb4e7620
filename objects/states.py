"""The states of an instance and of an attempt, and the one table of legal moves.

Every change of an instance's state is a compare-and-swap on (state, attempt);
`check` refuses a move that is not in the table before a database is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from understudy.objects import errors

# An instance, in the API database until it is mapped, then in its cell's.
ACCEPTED: Final = "ACCEPTED"
"""Written down by the super conductor; no cell holds it yet."""
BUILDING: Final = "BUILDING"
"""The current attempt holds the claim; its build is cast, or about to be."""
MOVING: Final = "MOVING"
"""The next attempt is written down; its swap has not been confirmed yet."""
EXHAUSTED: Final = "EXHAUSTED"
"""No alternate left in this cell; the claim is kept for the super conductor."""
HANDING_OVER: Final = "HANDING_OVER"
"""The super conductor is moving it to another cell."""
HANDED_OVER: Final = "HANDED_OVER"
"""Another cell has it now; this row only tears down what is left here."""
FAILING: Final = "FAILING"
"""It will be an ERROR as soon as it is torn down and unclaimed."""
DELETING: Final = "DELETING"
"""It will be DELETED as soon as it is torn down and unclaimed."""
ACTIVE: Final = "ACTIVE"
"""It is there, on the recorded attempt's host, which holds the claim."""
ERROR: Final = "ERROR"
"""It will not be there; nothing of it is left, and its faults say why."""
DELETED: Final = "DELETED"
"""It was deleted; nothing of it is left."""

ALL: Final = (
    ACCEPTED,
    BUILDING,
    MOVING,
    EXHAUSTED,
    HANDING_OVER,
    HANDED_OVER,
    FAILING,
    DELETING,
    ACTIVE,
    ERROR,
    DELETED,
)

ENDED: Final = frozenset({ACTIVE, ERROR, DELETED})
"""What a client waits for."""
WORKING: Final = frozenset({BUILDING, MOVING, EXHAUSTED, HANDING_OVER, FAILING, DELETING})
"""What a sweeper looks after."""

MOVES: Final[Mapping[str, frozenset[str]]] = {
    ACCEPTED: frozenset({BUILDING, ERROR, DELETING, DELETED}),
    BUILDING: frozenset({BUILDING, MOVING, ACTIVE, EXHAUSTED, FAILING, DELETING, HANDED_OVER}),
    MOVING: frozenset({MOVING, BUILDING, EXHAUSTED, FAILING, DELETING, HANDED_OVER}),
    EXHAUSTED: frozenset({HANDING_OVER, FAILING, DELETING}),
    HANDING_OVER: frozenset({HANDED_OVER, FAILING, DELETING}),
    HANDED_OVER: frozenset(),
    FAILING: frozenset({ERROR, DELETING}),
    ACTIVE: frozenset({DELETING}),
    ERROR: frozenset({DELETING, DELETED}),
    DELETING: frozenset({DELETED}),
    DELETED: frozenset(),
}


def check(current: str, wanted: str) -> None:
    """Raise IllegalMove unless an instance may go from `current` to `wanted`."""
    if wanted not in MOVES.get(current, frozenset()):
        raise errors.IllegalMove(current, wanted)


class AttemptState:
    """How far one attempt has come."""

    INTENDED = "INTENDED"
    """Written down; the claim is not on its host yet."""
    CLAIMED = "CLAIMED"
    """The claim is on its host; the build is being cast."""
    CAST = "CAST"
    """The build was sent to the host's agent."""
    STARTED = "STARTED"
    """The host asked, and was told to go on."""
    SUCCEEDED = "SUCCEEDED"
    """The host said that the instance is there."""
    FAILED = "FAILED"
    """The host said why, or was found down."""
    LOST_CLAIM = "LOST_CLAIM"
    """No room on this host any more: it spent an alternate, not an attempt."""
    SUPERSEDED = "SUPERSEDED"
    """A delete or a newer attempt came first."""
    ALL = (INTENDED, CLAIMED, CAST, STARTED, SUCCEEDED, FAILED, LOST_CLAIM, SUPERSEDED)
