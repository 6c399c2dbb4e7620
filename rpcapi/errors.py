"""What one service says to another when it cannot do what was asked.

Every error takes positional facts and rebuilds from them on the far side;
`str()` is one line that ends with what to do next.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

from understudy.objects.build_answer import BuildResult
from understudy.objects.errors import UnderstudyError

ADMINISTRATOR: Final = "it needs an administrator's context; ask as one"


@dataclass(eq=False)
class WireError(UnderstudyError):
    """An error made of facts that JSON can carry."""

    def __post_init__(self) -> None:
        """Keep the facts where oslo.messaging looks for them."""
        super().__init__(*(getattr(self, fact.name) for fact in dataclasses.fields(self)))


@dataclass(eq=False)
class NoValidHost(WireError):
    """Fewer hosts than asked for can take the request.

    `reasons` says what eliminated how many ({"filter anti_affinity": 3}),
    `nearest` describes the host that came closest, `remedy` what would change
    the answer.
    """

    requested: int
    found: int
    reasons: dict[str, int]
    nearest: str
    remedy: str

    def __str__(self) -> str:
        """Say what was eliminated, the nearest miss and the remedy."""
        lost = ", ".join(f"{reason}: {count}" for reason, count in self.reasons.items())
        return "; ".join(
            part
            for part in (
                f"found {self.found} of {self.requested} hosts",
                f"eliminated by {lost}" if lost else "no host was a candidate",
                f"nearest was {self.nearest}" if self.nearest else "",
                self.remedy,
            )
            if part
        )


@dataclass(eq=False)
class ServiceUnavailable(WireError):
    """A message was not delivered or not answered, or its handler broke."""

    service: str
    detail: str

    def __str__(self) -> str:
        """Name the service."""
        return f"{self.service} is not available: {self.detail}; see that it runs, then ask again"


@dataclass(eq=False)
class BadRequest(WireError):
    """A message makes no sense to the service that it was sent to; nothing was done."""

    service: str
    problem: str

    def __str__(self) -> str:
        """Say what is wrong with it."""
        return (
            f"{self.service} does not understand the message: {self.problem}; "
            "correct what sends it, for it is refused each time"
        )


@dataclass(eq=False)
class UnsupportedVersion(WireError):
    """One side of a bus says what only a newer release understands.

    `reader` is the side that does not, `said` what it was told, `knows` the
    newest that it does.
    """

    reader: str
    said: str
    knows: str

    def __str__(self) -> str:
        """Say which side to pin."""
        return (
            f"{self.reader} does not know {self.said}, but {self.knows}; "
            "upgrade it, or pin the release on the other side until then"
        )


@dataclass(eq=False)
class LedgerDown(WireError):
    """Placement cannot be reached, or what became of a write is not known."""

    detail: str

    def __str__(self) -> str:
        """Say how to ask again without claiming twice."""
        return f"Placement does not answer: {self.detail}; ask again with the same request id"


@dataclass(eq=False)
class LedgerRefusedRequest(WireError):
    """Placement said 4xx to the request itself: every host would be refused so."""

    detail: str

    def __str__(self) -> str:
        """Quote Placement."""
        return f"Placement refused the request: {self.detail}; change the request"


@dataclass(eq=False)
class TooManyEqualGroups(WireError):
    """So many groups that share a resource class would keep Placement busy for minutes."""

    equal: int
    at_most: int

    def __str__(self) -> str:
        """Say both numbers."""
        return (
            f"{self.equal} request groups share a resource class, at most {self.at_most} may; "
            "ask for more in each group, or for fewer groups"
        )


@dataclass(eq=False)
class Superseded(WireError):
    """A newer attempt, or a delete, came first."""

    instance_uuid: str
    attempt: int
    current_attempt: int

    def __str__(self) -> str:
        """Name both attempts."""
        return (
            f"attempt {self.attempt} of {self.instance_uuid} is superseded by "
            f"attempt {self.current_attempt}; stop it and tear down what it made"
        )


@dataclass(eq=False)
class AlreadyBuilt(WireError):
    """The instance is ACTIVE by this very attempt: nothing is to be built, nor destroyed."""

    instance_uuid: str
    attempt: int

    def __str__(self) -> str:
        """Name the attempt."""
        return (
            f"{self.instance_uuid} is ACTIVE by attempt {self.attempt} on this host; "
            "keep what is there"
        )


@dataclass(eq=False)
class RequestIdTaken(WireError):
    """The same request id came before, with another body."""

    request_id: str

    def __str__(self) -> str:
        """Ask for another id."""
        return f"request {self.request_id} exists with another body; choose another request id"


@dataclass(eq=False)
class RequestNotFound(WireError):
    """No build request was accepted under this id."""

    request_id: str

    def __str__(self) -> str:
        """Name the request."""
        return f"there is no request {self.request_id}; build it, or check the id"


@dataclass(eq=False)
class InstanceNotFound(WireError):
    """No cell and no request knows this instance."""

    instance_uuid: str

    def __str__(self) -> str:
        """Name the instance."""
        return f"there is no instance {self.instance_uuid}; list the instances to find its uuid"


@dataclass(eq=False)
class HostNotFound(WireError):
    """No cell has a host of this name."""

    host: str

    def __str__(self) -> str:
        """Name the host."""
        return f"there is no host {self.host}; list the hosts, and see that its agent runs"


@dataclass(eq=False)
class Forbidden(WireError):
    """The caller may not ask for this; nothing was read or written for it."""

    method: str
    who: str
    why: str = ADMINISTRATOR

    def __str__(self) -> str:
        """Say who may not do what, and what it takes."""
        return f"{self.who} may not call {self.method}: {self.why}"


@dataclass(eq=False)
class CellNotFound(WireError):
    """The API database has no such cell."""

    cell: str

    def __str__(self) -> str:
        """Name the cell."""
        return f"there is no cell {self.cell}; list the cells, or create it"


@dataclass(eq=False)
class HostInTwoCells(WireError):
    """A host of this name is registered in another cell already."""

    host: str
    cell: str
    other_cell: str

    def __str__(self) -> str:
        """Name both cells."""
        return (
            f"host {self.host} of cell {self.cell} is registered in cell {self.other_cell} too; "
            "rename it, or remove it from the other cell"
        )


@dataclass(eq=False)
class CellUnavailable(WireError):
    """A cell's database or bus does not answer."""

    cell: str
    detail: str

    def __str__(self) -> str:
        """Name the cell."""
        return (
            f"cell {self.cell} does not answer: {self.detail}; "
            "see that its database and bus run, then ask again"
        )


@dataclass(eq=False)
class HostRefused(WireError):
    """The cell does not take this host as it describes itself."""

    host: str
    detail: str

    def __str__(self) -> str:
        """Say what is wrong with it."""
        return f"host {self.host} is refused: {self.detail}; correct it and register again"


@dataclass(eq=False)
class Overloaded(WireError):
    """The service has more to do than it can finish in time."""

    service: str
    retry_after_seconds: float

    def __str__(self) -> str:
        """Say when to come back."""
        return f"{self.service} is overloaded; ask again in {self.retry_after_seconds:g} s"


@dataclass(eq=False)
class BadQuery(WireError):
    """A listing cannot be filtered or sorted so."""

    field: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        """Say where, what, and what to do."""
        return f"{self.field}: {self.problem}; {self.remedy}"


@dataclass(eq=False)
class PeerTooOld(WireError):
    """The version that this bus is pinned to has no such method."""

    service: str
    needed: str
    pinned: str

    def __str__(self) -> str:
        """Say which pin to take away."""
        return (
            f"{self.service} is pinned to version {self.pinned}, this needs {self.needed}; "
            "upgrade the service, then raise the pin"
        )


@dataclass(eq=False)
class WaitTimedOut(WireError):
    """A request has not ended within the time that the caller would wait.

    `last` is the result as last seen, where there was one; it does not travel.
    """

    request_id: str
    seconds: float
    last: BuildResult | None = dataclasses.field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        """Keep the two facts that travel."""
        UnderstudyError.__init__(self, self.request_id, self.seconds)

    def __str__(self) -> str:
        """Say that the build goes on."""
        return (
            f"request {self.request_id} has not ended after {self.seconds:g} s; "
            "it goes on: wait again, or cancel it"
        )
