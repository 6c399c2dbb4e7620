"""What the databases refuse, and what they hold instead.

Every error takes positional facts and hands them to `Exception`, so that it can
be rebuilt from its arguments.
"""

from __future__ import annotations

from typing import Final

from understudy.objects.errors import UnderstudyError

_NAMED: Final = 3
"""Instances that an error names, of many."""


class LostRace(UnderstudyError):
    """A compare-and-swap found the row in another state than expected.

    `expected` and `found` are written "STATE/attempt", as "BUILDING/1"; what
    follows a blank in `found` is for people.
    """

    def __init__(self, instance_uuid: str, expected: str, found: str) -> None:
        """Keep the three facts, and take what was found apart."""
        super().__init__(instance_uuid, expected, found)
        self.instance_uuid = instance_uuid
        self.expected = expected
        self.found = found
        self.found_state, _, attempt = found.partition(" ")[0].partition("/")
        self.found_attempt = int(attempt or 0)

    def __str__(self) -> str:
        """Say what was expected and what is there."""
        return (
            f"{self.instance_uuid} was expected to be {self.expected} but is {self.found}; "
            "someone else moved it, so leave it to them"
        )


class LeaseHeld(UnderstudyError):
    """Someone else works on it, or it was put off for a while."""

    def __init__(self, what: str, owner: str) -> None:
        """Keep what is held and by whom."""
        super().__init__(what, owner)
        self.what = what
        self.owner = owner

    def __str__(self) -> str:
        """Name the holder."""
        return f"{self.what} is held by {self.owner}; it can be taken when that lease ends"


class _Unknown(UnderstudyError):
    """Something that no row stands for."""

    what = "row"

    def __init__(self, name: str) -> None:
        """Keep the name that was asked for."""
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        """Say what is missing."""
        return f"there is no {self.what} {self.name} in this database"


class InstanceUnknown(_Unknown):
    """No row for this instance."""

    what = "instance"


class RequestUnknown(_Unknown):
    """No build request under this id."""

    what = "build request"


class HostUnknown(_Unknown):
    """No host of this name."""

    what = "host"


class CellUnknown(_Unknown):
    """No cell of this name or uuid."""

    what = "cell"


class RequestIdTaken(UnderstudyError):
    """The request id stands for a request with another body."""

    def __init__(self, request_id: str) -> None:
        """Keep the id."""
        super().__init__(request_id)
        self.request_id = request_id

    def __str__(self) -> str:
        """Say what to do."""
        return (
            f"request id {self.request_id} was used for another request; "
            "send the same body again, or choose a new id"
        )


class Tombstoned(UnderstudyError):
    """The instance was deleted before it could be inserted."""

    def __init__(self, uuid: str) -> None:
        """Keep the instance's uuid."""
        super().__init__(uuid)
        self.uuid = uuid

    def __str__(self) -> str:
        """Say that delete wins."""
        return f"instance {self.uuid} was deleted; it must not be built any more"


class GroupHostTaken(UnderstudyError):
    """Another member of the anti-affinity group is on this host."""

    def __init__(self, group_uuid: str, host: str) -> None:
        """Keep the group and the host."""
        super().__init__(group_uuid, host)
        self.group_uuid = group_uuid
        self.host = host

    def __str__(self) -> str:
        """Say what to try."""
        return f"group {self.group_uuid} has a member on {self.host} already; try another host"


class HostInTwoCells(UnderstudyError):
    """A host, or its compute node, is mapped to another cell."""

    def __init__(self, host: str, cell: str, other_cell: str) -> None:
        """Keep the host, the cell it was to be mapped to, and the one it is in."""
        super().__init__(host, cell, other_cell)
        self.host = host
        self.cell = cell
        self.other_cell = other_cell

    def __str__(self) -> str:
        """Say what to do first."""
        return (
            f"{self.host} cannot be mapped to cell {self.cell}: it is in {self.other_cell}; "
            "remove its mapping there first, or give it another name"
        )


class DuplicateHost(UnderstudyError):
    """Another host has the same name, or the same uuid."""

    def __init__(self, host: str, other: str) -> None:
        """Keep both names."""
        super().__init__(host, other)
        self.host = host
        self.other = other

    def __str__(self) -> str:
        """Say what to do."""
        return f"{self.host} has the name or the uuid of {self.other}; give it one of its own"


class HostInUse(UnderstudyError):
    """There are instances on the host, or what they left behind."""

    def __init__(self, host: str, instances: list[str]) -> None:
        """Keep the host, and the uuids of what it holds."""
        super().__init__(host, instances)
        self.host = host
        self.instances = instances

    def __str__(self) -> str:
        """Name some of them."""
        some = ", ".join(self.instances[:_NAMED])
        more = len(self.instances) - _NAMED
        others = f" and {more} more" if more > 0 else ""
        return f"{self.host} still holds {some}{others}; delete those first"


class DuplicateCell(UnderstudyError):
    """A cell of this name or uuid exists."""

    def __init__(self, name: str) -> None:
        """Keep the name."""
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        """Say what to do."""
        return f"there is a cell {self.name} already; choose another name"


class CellInUse(UnderstudyError):
    """The cell has hosts or instances."""

    def __init__(self, name: str, hosts: int, instances: int) -> None:
        """Keep what is still in it."""
        super().__init__(name, hosts, instances)
        self.name = name
        self.hosts = hosts
        self.instances = instances

    def __str__(self) -> str:
        """Say what to do first."""
        return (
            f"cell {self.name} still has {self.hosts} hosts and {self.instances} instances; "
            "remove those first"
        )


class CellUnreachable(UnderstudyError):
    """The cell's database does not answer, or has no tables."""

    def __init__(self, cell: str, detail: str) -> None:
        """Keep the cell's name and what the driver said."""
        super().__init__(cell, detail)
        self.cell = cell
        self.detail = detail

    def __str__(self) -> str:
        """Say which cell and why."""
        return f"the database of cell {self.cell} cannot be used: {self.detail}"


class ApiDatabaseUnreachable(UnderstudyError):
    """The API database does not answer, or has no tables."""

    def __init__(self, detail: str) -> None:
        """Keep what the driver said."""
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        """Say why."""
        return f"the API database cannot be used: {self.detail}"


class UntrustedUrl(UnderstudyError):
    """A database's URL asks for TLS without knowing whom it speaks to."""

    def __init__(self, problem: str, remedy: str) -> None:
        """Keep what is wrong with it, and what to write."""
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        """Say both."""
        return f"the database's URL is not taken: {self.problem}; {self.remedy}"


class SchemaTooNew(UnderstudyError):
    """A newer release has upgraded this database."""

    def __init__(self, found: str, newest: str) -> None:
        """Keep the revision that it is at, and the newest one that is known here."""
        super().__init__(found, newest)
        self.found = found
        self.newest = newest

    def __str__(self) -> str:
        """Say whose it is."""
        return (
            f"the database is at revision {self.found}, which this release does not know, "
            f"its own newest is {self.newest}: a newer release has upgraded it; nothing was "
            "changed, and nothing need be"
        )


class SchemaBusy(UnderstudyError):
    """A revision gave up on a table that was in use, so that nobody waits behind it."""

    def __init__(self, found: str, seconds: int) -> None:
        """Keep the revision that the database is at, and how long it was waited for."""
        super().__init__(found, seconds)
        self.found = found
        self.seconds = seconds

    def __str__(self) -> str:
        """Say what to do."""
        return (
            f"a table was in use for {self.seconds} s, and the database stays at revision "
            f"{self.found}; run it again"
        )
