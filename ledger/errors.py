"""What can go wrong at the ledger, each with what it means for the caller."""

from __future__ import annotations


class LedgerError(Exception):
    """The base of every ledger error."""


class ClaimConflict(LedgerError):
    """There is no room for this claim; try another host."""

    def __init__(self, consumer: str, detail: str) -> None:
        """Keep whose claim it was and what the ledger said."""
        super().__init__(consumer, detail)
        self.consumer = consumer
        self.detail = detail

    def __str__(self) -> str:
        """Name the consumer."""
        return f"no room for the claim of {self.consumer}: {self.detail}"


class StaleGeneration(LedgerError):
    """The consumer was written by somebody else; read it back before anything else.

    `expected` is the generation that was sent (None for a first claim), `found`
    the one that the ledger holds.
    """

    def __init__(self, consumer: str, expected: int | None, found: int | None) -> None:
        """Keep both generations."""
        super().__init__(consumer, expected, found)
        self.consumer = consumer
        self.expected = expected
        self.found = found

    def __str__(self) -> str:
        """Name both generations."""
        return f"the claim of {self.consumer} is at {self.found}, not at {self.expected}"


class LedgerUnavailable(LedgerError):
    """The ledger did not take the request; nothing was written."""

    def __init__(self, operation: str, detail: str) -> None:
        """Keep what was tried and how it failed."""
        super().__init__(operation, detail)
        self.operation = operation
        self.detail = detail

    def __str__(self) -> str:
        """Say what was tried."""
        return f"the ledger did not answer {self.operation}: {self.detail}"


class OutcomeUnknown(LedgerUnavailable):
    """A write may or may not have been applied; read the consumer back.

    Raised where the answer was lost and reading back failed as well.
    """


class LedgerRefused(LedgerError):
    """The ledger says the request itself is wrong (400, 401, 403, 404).

    Asking again, or another host, will not help.
    """

    def __init__(self, operation: str, status: int, detail: str) -> None:
        """Keep the HTTP status and the ledger's words."""
        super().__init__(operation, status, detail)
        self.operation = operation
        self.status = status
        self.detail = detail

    def __str__(self) -> str:
        """Quote the ledger."""
        return f"the ledger refused {self.operation} with {self.status}: {self.detail}"


class TreeRefused(LedgerError):
    """The ledger does not take this host's tree; what was written for it is taken back.

    `detail` says what is wrong with it, and where something had been written
    already, what was undone and what could not be.
    """

    def __init__(self, host: str, detail: str) -> None:
        """Keep the name of the tree's root, and what is wrong."""
        super().__init__(host, detail)
        self.host = host
        self.detail = detail

    def __str__(self) -> str:
        """Say what is wrong."""
        return f"the tree of {self.host} is refused: {self.detail}"


class ProviderNotOurs(LedgerError):
    """A provider of the tree is there already, and was not recorded for this host.

    `name` is what the ledger calls it, `root_name` the root of its tree, and
    `cell` the cell that wrote that root; None where none of Understudy's did.
    """

    def __init__(self, provider_uuid: str, name: str, root_name: str, cell: str | None) -> None:
        """Keep which provider it is and whose."""
        super().__init__(provider_uuid, name, root_name, cell)
        self.provider_uuid = provider_uuid
        self.name = name
        self.root_name = root_name
        self.cell = cell

    def __str__(self) -> str:
        """Say whose it is, and who may change that."""
        whose = "another service" if self.cell is None else f"cell {self.cell}"
        return (
            f"provider {self.provider_uuid} ({self.name}, in the tree of {self.root_name}) is "
            f"there already: it belongs to {whose} and was not recorded for this host; an "
            "operator may adopt it"
        )


class TooManyEqualGroups(LedgerError):
    """More groups share a resource class than Placement can enumerate in useful time."""

    def __init__(self, equal: int, at_most: int) -> None:
        """Keep both counts."""
        super().__init__(equal, at_most)
        self.equal = equal
        self.at_most = at_most

    def __str__(self) -> str:
        """Give both counts."""
        return (
            f"{self.equal} groups share a resource class, at most {self.at_most} can be answered"
        )
