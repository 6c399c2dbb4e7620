"""Whose host it is, written at its root in Placement.

Another cell, or an operator, who meets the provider reads there which cell
keeps it. Hosts may not report such a trait themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

RESERVED: Final = "CUSTOM_UNDERSTUDY_"
"""Traits and classes that begin so are written by conductors only."""
_PREFIX: Final = f"{RESERVED}CELL_"
_MAX: Final = 255


def of(cell: str) -> str:
    """Return the trait that names this cell."""
    return (_PREFIX + re.sub(r"[^A-Z0-9_]", "_", cell.upper()))[:_MAX]


def cell_in(traits: Iterable[str]) -> str | None:
    """Return the cell that a root's traits name, as far as a trait can spell it."""
    for trait in sorted(traits):
        if trait.startswith(_PREFIX):
            return trait.removeprefix(_PREFIX).lower()
    return None
