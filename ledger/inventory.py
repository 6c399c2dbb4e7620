"""Make Placement know what a host consists of.

Read the tree once, write only what differs, and start over where somebody else
wrote at the same time: every allocation raises the generation of its provider,
so on a busy host that is the rule and no error. A tree that is refused leaves
Placement as it was.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from understudy.ledger import api, cell_trait, errors, pauses, tree
from understudy.ledger.new_names import NameBounds, NewNames
from understudy.ledger.provider_record import Contended, ProviderRecord, done
from understudy.ledger.registration import Registration
from understudy.ledger.vocabulary import PlacementVocabulary
from understudy.objects.host import Provider

MAX_TRIES: Final = 10
_BAD_REQUEST: Final = 400
_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True)
class HostBounds:
    """What hosts may bring into Placement at most."""

    tree: tree.TreeBounds = field(default_factory=tree.TreeBounds)
    names: NameBounds = field(default_factory=NameBounds)


class PlacementInventory:
    """`protocols.Inventory` on Placement. Safe to use from many threads."""

    def __init__(
        self,
        placement: api.PlacementApi,
        vocabulary: PlacementVocabulary | None = None,
        pause: pauses.Pause | None = None,
        bounds: HostBounds | None = None,
    ) -> None:
        """Share `vocabulary` with others, so that a known name is asked for once."""
        self._api = placement
        self._vocabulary = vocabulary or PlacementVocabulary(placement)
        self._pause = pause or pauses.jittered()
        self._bounds = bounds or HostBounds()

    def check_tree(
        self, providers: Sequence[Provider], *, recorded: Collection[str], cell: str
    ) -> None:
        """Raise what `put_tree` would refuse the tree for; write nothing."""
        registration = self._registration(providers, recorded, cell)
        try:
            registration.check()
        except errors.LedgerRefused as error:
            raise registration.taken_back(error) from error

    def put_tree(
        self, providers: Sequence[Provider], *, recorded: Collection[str], cell: str
    ) -> None:
        """Make the ledger know this tree, root first: inventories, traits, aggregates.

        Providers that the ledger has below this root and that are not in
        `providers` are left alone: other services hang theirs there.
        """
        registration = self._registration(providers, recorded, cell)
        operation = f"tree of {tree.shown(providers[0].name)}"
        try:
            self._until_uncontended(operation, registration.put)
        except (errors.TreeRefused, errors.ProviderNotOurs) as error:
            if not registration.has_written:
                raise
            raise registration.taken_back(error) from error
        except errors.LedgerRefused as error:
            raise registration.taken_back(error) from error
        except errors.LedgerUnavailable as error:
            if not registration.has_written:
                raise
            detail = f"{error.detail}; it may be written in part, register again"
            raise errors.OutcomeUnknown(error.operation, detail) from error

    def remove_tree(self, root_provider: str, recorded: Collection[str]) -> None:
        """Remove those of the host's tree that are recorded, children first, its root last.

        What is gone already is fine. Raises LedgerRefused where one is in use, or
        has a child that is somebody else's; those that went before it stay gone.
        """
        body = self._api.get("/resource_providers", [("in_tree", root_provider)])
        parents = {
            found["uuid"]: found["parent_provider_uuid"] for found in body["resource_providers"]
        }

        def depth(uuid: str) -> int:
            above = parents.get(uuid)
            return 0 if above is None else 1 + depth(above)

        for uuid in sorted(parents.keys() & set(recorded), key=depth, reverse=True):
            path = f"/resource_providers/{uuid}"
            try:
                done(f"DELETE {path}", self._api.write("DELETE", path))
            except Contended as error:
                raise errors.LedgerUnavailable(f"DELETE {path}", str(error)) from error
            except errors.LedgerRefused as error:
                if error.status != _NOT_FOUND:
                    raise

    def set_schedulable(self, root_provider: str, schedulable: bool) -> None:
        """Clear or set COMPUTE_STATUS_DISABLED on the host."""

        def put() -> None:
            found = self._api.get(f"/resource_providers/{root_provider}")
            record = ProviderRecord(self._api, root_provider, found["generation"])
            record.read_traits()
            record.set_disabled(not schedulable)

        self._until_uncontended(f"schedulability of {root_provider}", put)

    def _registration(
        self, providers: Sequence[Provider], recorded: Collection[str], cell: str
    ) -> Registration:
        tree.check(providers, self._bounds.tree)
        names = NewNames(self._vocabulary, self._bounds.names)
        own_trait = cell_trait.of(cell)
        return Registration(self._api, names, self._pause, providers, recorded, own_trait)

    def _until_uncontended(self, operation: str, put: Callable[[], None]) -> None:
        for failed in itertools.count(1):
            try:
                put()
                return
            except Contended as error:
                if failed == MAX_TRIES:
                    raise errors.LedgerUnavailable(operation, str(error)) from error
            except errors.LedgerRefused as error:
                # A name that was known may be gone: ask for all of them, once.
                if error.status != _BAD_REQUEST or failed > 1:
                    raise
                self._vocabulary.forget()
            self._pause(failed)
