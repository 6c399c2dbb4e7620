"""The names of what is in hand: one attempt, and the place it is made at.

They come from outside and end in paths, names of domains and queries, so
whoever takes one in, or makes or destroys by one, checks its form first.
"""

from __future__ import annotations

from typing import NamedTuple

from understudy.objects.errors import InvalidRequest
from understudy.objects.reported_attempts import is_attempt
from understudy.objects.resource_validation import is_uuid
from understudy.objects.text import shown


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


def checked(host: object, instance_uuid: object, attempt: object) -> Tag:
    """Return the tag that these make. Raises InvalidRequest for anything else."""
    if type(host) is not str or not host:
        raise InvalidRequest("host", f"{shown(host)} is no name", "name a host")
    uuid, number = checked_attempt(instance_uuid, attempt)
    return Tag(host, uuid, number)


def checked_attempt(instance_uuid: object, attempt: object) -> tuple[str, int]:
    """Return an instance's uuid and the number of an attempt. Raises InvalidRequest."""
    uuid = checked_uuid("instance_uuid", instance_uuid)
    if not is_attempt(attempt):
        raise InvalidRequest(
            "attempt", f"{shown(attempt)} is no number of an attempt", "they are counted from 1"
        )
    return uuid, attempt


def checked_uuid(field: str, uuid: object) -> str:
    """Return the uuid in its one canonical form. Raises InvalidRequest for any other."""
    if not is_uuid(uuid):
        raise InvalidRequest(
            field,
            f"{shown(uuid)} is no uuid",
            "write 32 lower-case hexadecimal digits in 5 groups",
        )
    return uuid
