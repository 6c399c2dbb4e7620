"""What the rest of Understudy may ask of the ledger, and what it is promised.

Small protocols, so that each user depends on what it uses and a test hands in
a fake. The real ones are in claims.py, candidates.py and inventory.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from understudy.ledger import errors
from understudy.objects.build_request import BuildRequest
from understudy.objects.host import Provider

Allocations = Mapping[str, Mapping[str, int]]
"""Amounts by provider uuid and resource class."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose claim it is; required in every write, or the owner is rewritten."""

    project_id: str
    user_id: str
    consumer_type: str


@dataclass(frozen=True, slots=True)
class WantedClaim:
    """A claim to be written.

    `allocation_request` is Placement's JSON text for the host. `generation` is
    None for a first claim, else the generation that the write is based on (a
    move: it replaces all that the consumer holds).
    """

    consumer: str
    owner: Owner
    allocation_request: str
    generation: int | None = None


@dataclass(frozen=True, slots=True)
class HeldClaim:
    """What the ledger holds for a consumer.

    `generation` and `owner` are None, and `allocations` empty, where the ledger
    shows no such consumer (it shows one that was left empty in the same way).
    """

    consumer: str
    allocations: Allocations
    generation: int | None
    owner: Owner | None


@dataclass(frozen=True, slots=True)
class ClaimResults:
    """How a batch of claims went: each consumer is in exactly one of the two."""

    claimed: Mapping[str, int]
    """Consumer -> the generation of its claim."""
    refused: Mapping[str, errors.LedgerError]
    """Consumer -> ClaimConflict, StaleGeneration or LedgerRefused."""
    recognized: frozenset[str] = frozenset()
    """Those of `claimed` that no answer told of: the same claim, written by somebody else for
    the same instance, would look no different."""


class Claims(Protocol):
    """Claim, move, give back and read claims. Safe to use from many threads."""

    def claim_many(self, wanted: Sequence[WantedClaim]) -> ClaimResults:
        """Write all claims, in one write where all fit; split it on conflict.

        Raises LedgerUnavailable (nothing is claimed) or OutcomeUnknown (some
        may be: read back before giving up). An answer that was lost is read
        back here first; a claim of the wanted shape at the next generation
        counts as claimed. Where room is short, claims fare as if they had been
        written one by one, those for one host in their order. A consumer may
        stand in `wanted` only once.
        """

    def swap(self, wanted: WantedClaim) -> int:
        """Move the consumer's claim in one write; return the new generation.

        `wanted.generation` must be the generation read. Raises ClaimConflict
        (no room there, the old claim still stands), StaleGeneration (someone
        else moved it), LedgerRefused, LedgerUnavailable, OutcomeUnknown.
        """

    def unclaim(self, consumer: str, owner: Owner, generation: int) -> None:
        """Give back all that the consumer holds, at its ending only.

        One PUT of empty allocations with the generation. A consumer that holds
        nothing already is no error. Raises StaleGeneration (leave it: it has
        another owner), LedgerUnavailable, OutcomeUnknown.
        """

    def read_back(self, consumer: str) -> HeldClaim:
        """Return what the ledger holds for the consumer. Raises LedgerUnavailable."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to take an instance: a host's root provider and what to claim."""

    root_provider: str
    allocation_request: str
    """JSON text, as Placement gave it, less what claims do not need."""
    version: str
    """The microversion that the text is written in."""


@dataclass(frozen=True, slots=True)
class ProviderSummary:
    """What the ledger says of one provider: capacity and use by class, its traits."""

    uuid: str
    root: str
    capacity: Mapping[str, int]
    used: Mapping[str, int]
    traits: frozenset[str]


@dataclass(frozen=True, slots=True)
class CandidateSet:
    """All candidates for one request, and the providers that they touch."""

    candidates: Sequence[Candidate]
    summaries: Mapping[str, ProviderSummary] = field(default_factory=dict)


class Candidates(Protocol):
    """Who could take an instance, as the ledger sees it now."""

    def find(self, request: BuildRequest, limit: int) -> CandidateSet:
        """Return at most `limit` candidates for ONE instance of the request.

        Providers with COMPUTE_STATUS_DISABLED are left out. An empty set is an
        answer ("no room"), never a failure. A candidate's root provider is the
        root of the providers it claims from that are not sharing ones. Raises
        TooManyEqualGroups (groups that share a resource class), LedgerRefused, LedgerUnavailable.
        """

    def capable(self, request: BuildRequest) -> Mapping[str, int]:
        """Return how many providers have room for each resource class alone.

        For the explanation of a NoValidHost: {"VCPU": 12, "CUSTOM_GPU_MILLI": 0}.
        Raises LedgerUnavailable.
        """


class Inventory(Protocol):
    """What hosts consist of. Written by cell conductors for their own hosts."""

    def check_tree(
        self, providers: Sequence[Provider], *, recorded: Collection[str], cell: str
    ) -> None:
        """Raise what `put_tree` would refuse this tree for; write nothing.

        For a host with providers that are not recorded yet: check, record them,
        then put. So a registration that is cut off anywhere can be repeated, and
        nobody else's provider is ever recorded. Raises LedgerUnavailable too.
        """

    def put_tree(
        self, providers: Sequence[Provider], *, recorded: Collection[str], cell: str
    ) -> None:
        """Make the ledger know this tree, root first: inventories, traits, aggregates.

        Creates what is missing and changes what differs (custom classes and
        traits too); COMPUTE_STATUS_DISABLED is left as it is, and the root gets
        a trait that names the cell. Writing the same tree again changes nothing.

        Only providers are changed that are in `recorded`: the uuids that this
        cell had recorded for this host before, or that an operator adopted.
        Raises ProviderNotOurs where another one is there already, by its uuid or
        its name, and TreeRefused where the tree is no tree, too large, brings
        names that hosts may not create, or where a recorded provider hangs in
        another tree: nothing is written then. Raises TreeRefused too where the
        ledger refuses a write (an inventory in use is taken away): what was
        written before is taken back, and the text says what could not be. Raises
        LedgerUnavailable, or OutcomeUnknown where a part may be written:
        register again.
        """

    def remove_tree(self, root_provider: str, recorded: Collection[str]) -> None:
        """Remove those of the host's tree that are recorded, its root last.

        What is gone already is fine. Raises LedgerRefused where one is in use, or
        has a child that is somebody else's, and LedgerUnavailable; it may be
        repeated.
        """

    def set_schedulable(self, root_provider: str, schedulable: bool) -> None:
        """Clear or set COMPUTE_STATUS_DISABLED on the host.

        Raises LedgerUnavailable, or LedgerRefused where the ledger does not know
        the provider (yet).
        """


class Vocabulary(Protocol):
    """Which names the ledger knows. Answers may be cached for a short time."""

    def unknown_resource_classes(self, names: Sequence[str]) -> list[str]:
        """Return those that the ledger has not, after asking it anew."""

    def unknown_traits(self, names: Sequence[str]) -> list[str]:
        """Return those that the ledger has not, after asking it anew."""


class Books(Protocol):
    """What the audit reads: every claim of ours, and every provider's usage."""

    def claims_on(self, provider: str) -> Mapping[str, Mapping[str, int]]:
        """Return consumer -> amounts by class held on this provider, of any type.

        The ledger does not say the type here: `Claims.read_back` does.
        """

    def usages(self, provider: str) -> Mapping[str, int]:
        """Return amounts by class in use on this provider."""

    def providers_of(self, root_provider: str) -> Sequence[str]:
        """Return the uuids of the tree below (and with) this root."""
