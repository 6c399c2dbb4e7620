"""The names of what is in hand: one attempt, and the place it is made at."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """One instance on one host: all its attempts there take turns."""

    host: str
    instance_uuid: str


class Tag(NamedTuple):
    """One attempt to build one instance on one host."""

    host: str
    instance_uuid: str
    attempt: int

    @property
    def place(self) -> Place:
        """Where it is made."""
        return Place(self.host, self.instance_uuid)

    def __str__(self) -> str:
        """Say it as logs do."""
        return f"attempt {self.attempt} of {self.instance_uuid} on {self.host}"
