"""Make Placement know what a host consists of.

Read the tree once, write only what differs, and start over where somebody else
wrote at the same time: every allocation raises the generation of its provider,
so on a busy host that is the rule and no error.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from understudy.ledger import api, errors, pauses
from understudy.ledger.provider_record import Contended, ProviderRecord, done
from understudy.ledger.vocabulary import PlacementVocabulary
from understudy.objects.host import Provider

MAX_TRIES: Final = 10
_BAD_REQUEST: Final = 400
_CUSTOM: Final = "CUSTOM_"


class PlacementInventory:
    """`protocols.Inventory` on Placement. Safe to use from many threads."""

    def __init__(
        self,
        placement: api.PlacementApi,
        vocabulary: PlacementVocabulary | None = None,
        pause: pauses.Pause | None = None,
    ) -> None:
        """Share `vocabulary` with others, so that a known name is asked for once."""
        self._api = placement
        self._vocabulary = vocabulary or PlacementVocabulary(placement)
        self._pause = pause or pauses.jittered()

    def put_tree(self, providers: Sequence[Provider]) -> None:
        """Make the ledger know this tree, root first: inventories, traits, aggregates.

        Providers that the ledger has below this root and that are not in
        `providers` are left alone: other services hang theirs there.
        """
        self._until_uncontended(f"tree of {providers[0].name}", lambda: self._put_tree(providers))

    def set_schedulable(self, root_provider: str, schedulable: bool) -> None:
        """Clear or set COMPUTE_STATUS_DISABLED on the host."""

        def put() -> None:
            found = self._api.get(f"/resource_providers/{root_provider}")
            record = ProviderRecord(self._api, root_provider, found["generation"])
            record.read_traits()
            record.set_disabled(not schedulable)

        self._until_uncontended(f"schedulability of {root_provider}", put)

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

    def _put_tree(self, providers: Sequence[Provider]) -> None:
        self._create_names(providers)
        known = self._known(providers[0].uuid)
        for provider in providers:
            if provider.uuid in known:
                found = known[provider.uuid]
                record = ProviderRecord(self._api, provider.uuid, found["generation"])
                self._rename(provider, found)
                record.read()
            else:
                record = ProviderRecord(self._api, provider.uuid, self._create(provider))
            record.put(provider)

    def _known(self, root: str) -> dict[str, dict[str, Any]]:
        body = self._api.get("/resource_providers", [("in_tree", root)])
        return {found["uuid"]: found for found in body["resource_providers"]}

    def _create(self, provider: Provider) -> int:
        """Create the provider; return its generation."""
        body = {
            "uuid": provider.uuid,
            "name": provider.name,
            "parent_provider_uuid": provider.parent_uuid,
        }
        operation = f"creation of {provider.name}"
        try:
            answer = done(operation, self._api.write("POST", "/resource_providers", body))
        except errors.LedgerRefused as error:
            if self._exists(provider):
                raise Contended(str(error)) from error
            raise
        return int(answer["generation"])

    def _exists(self, provider: Provider) -> bool:
        """Was it created meanwhile, as we want it?"""
        body = self._api.get("/resource_providers", [("uuid", provider.uuid)])
        return any(
            found["name"] == provider.name
            and found["parent_provider_uuid"] == provider.parent_uuid
            for found in body["resource_providers"]
        )

    def _rename(self, provider: Provider, found: dict[str, Any]) -> None:
        """Give it its name and its parent, where they differ."""
        wanted = {"name": provider.name, "parent_provider_uuid": provider.parent_uuid}
        if any(found[field] != value for field, value in wanted.items()):
            path = f"/resource_providers/{provider.uuid}"
            done(f"PUT {path}", self._api.write("PUT", path, wanted))

    def _create_names(self, providers: Sequence[Provider]) -> None:
        """Create the custom resource classes and traits that are missing."""
        classes = _distinct(name for provider in providers for name in provider.inventories)
        for name in self._vocabulary.unknown_resource_classes(classes):
            self._create_name("resource_classes", name)
            self._vocabulary.learn(resource_classes=[name])
        traits = _distinct(name for provider in providers for name in provider.traits)
        for name in self._vocabulary.unknown_traits(traits):
            self._create_name("traits", name)
            self._vocabulary.learn(traits=[name])

    def _create_name(self, kind: str, name: str) -> None:
        operation = f"PUT /{kind}/{name}"
        if not name.startswith(_CUSTOM):
            detail = f"{name} is no name that it knows, and only {_CUSTOM} ones can be created"
            raise errors.LedgerRefused(operation, _BAD_REQUEST, detail)
        done(operation, self._api.write("PUT", f"/{kind}/{name}"))


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
