"""Why a cell does not take a host, as the database keeps it."""

from __future__ import annotations

from enum import StrEnum


class Why(StrEnum):
    """Each is a question that only the operator can answer."""

    NEW = "new"
    """Nobody has said that this host belongs here."""
    AGENT = "agent"
    """Another agent, or another user of the broker, speaks for it."""
    CLONE = "clone"
    """The same agent speaks from two places."""
    RENAMED = "renamed"
    """It is known here under another name."""
    NAME_TAKEN = "name-taken"
    """Another host of this cell has its name."""
    PROVIDERS = "providers"
    """The ledger has a provider of its uuid or name that is not recorded here."""


APPROVABLE = frozenset({Why.NEW, Why.AGENT, Why.CLONE, Why.PROVIDERS})
"""What the cell takes as soon as the operator lets it; for the others, rows must change first."""
