"""Where a simulated process and what it calls meet: each call passes a gate, twice.

What a gate raises is what happens on the way. The errors of this module are
turned by the called side into what a caller sees of them. Anything else, the
`BaseException` of a killed process above all, passes through every layer
untouched.

Only one simulated thread runs at a time. A gate is the one place where it may
change to another: never inside a transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Gate(Protocol):
    """One simulated process's way out. A seam is named "cell-1-db begin_attempt" or the like."""

    def before(self, seam: str) -> None:
        """Pass before the effect; whatever is raised, the call has none.

        Only `Late` has one, later: the called side hands it to `keep`.
        """

    def after(self, seam: str) -> None:
        """Pass after the effect; whatever is raised, the effect stays."""

    def keep(self, effect: Callable[[], None]) -> None:
        """Take an effect that lands later, or never. It passes no gate and raises nothing."""


class Refused(Exception):
    """Never sent: nobody listens."""


class Lost(Exception):
    """Sent; the answer never comes. Raised by `after`, too: then the effect is there."""


class Reset(Lost):
    """Sent; the connection is cut, which the caller sees at once."""


class Torn(Reset):
    """Placement, from `before`: killed within a first claim.

    Its consumer is there, empty, at generation 0. Any other call is only cut off.
    """


class Late(Exception):
    """Raised by `before`: unanswered, and the effect comes later.

    A read, and a transaction, which ends with its connection, have no later
    effect: there it is `Lost`.
    """


class Contended(Exception):
    """Placement, from `before`: 409 concurrent_update, about a provider."""


class Broken(Exception):
    """Placement: 500 with a page of HTML, before the effect or after it."""


class OpenGate:
    """Nothing goes wrong; what lands late lands when `land` is called."""

    def __init__(self) -> None:
        self.kept: list[Callable[[], None]] = []

    def before(self, seam: str) -> None:
        """Pass."""

    def after(self, seam: str) -> None:
        """Pass."""

    def keep(self, effect: Callable[[], None]) -> None:
        """Keep it for `land`."""
        self.kept.append(effect)

    def land(self) -> None:
        """Let all that was kept happen."""
        for effect in self.kept:
            effect()
        self.kept.clear()
