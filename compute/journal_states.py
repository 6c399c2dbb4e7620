"""How far an attempt has come on this host, as its journal says it."""

from __future__ import annotations

from typing import Final

RECEIVED: Final = "RECEIVED"
"""The build was cast to us; we have not been told to go on yet."""
BUILDING: Final = "BUILDING"
"""We were told to go on; found at a start, it was cut off and is built anew."""
SUCCEEDED: Final = "SUCCEEDED"
"""It is built; our conductor has not answered yet."""
FAILED: Final = "FAILED"
"""It failed; our conductor has not answered yet."""
TEARING_DOWN: Final = "TEARING_DOWN"
"""To be destroyed, and then told to our conductor until it answers."""
BUILT: Final = "BUILT"
"""Answered; kept while the instance lives, so that a copy of its build is seen as one."""
GONE: Final = "GONE"
"""Answered, and nothing is left; kept for a while, for the same reason."""

IN_HAND: Final = (RECEIVED, BUILDING, SUCCEEDED, FAILED)
"""What a heartbeat carries."""
UNFINISHED: Final = (*IN_HAND, TEARING_DOWN)
"""What there is still to do for."""
TO_BUILD: Final = (RECEIVED, BUILDING)
