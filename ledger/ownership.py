"""Which providers a host's tree may write: its own and new ones, nobody else's.

A provider is the host's own where this cell recorded it for this host, or an
operator adopted it; it is new where Placement has neither its uuid nor its
name. One request tells that of a tree that is there whole; each provider that
is missing takes two more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NoReturn

from understudy.ledger import api, cell_trait, errors, tree
from understudy.objects.host import Provider

Found = Mapping[str, Any]
"""A provider, as Placement lists it."""


class Ownership:
    """One host's tree, held against Placement; it only reads."""

    def __init__(
        self, placement: api.PlacementApi, providers: Sequence[Provider], recorded: Collection[str]
    ) -> None:
        """Take the uuids in `recorded` as this host's own."""
        self._api = placement
        self._providers = providers
        self._uuids = {provider.uuid for provider in providers}
        self._recorded = frozenset(recorded)

    def check(self, created: Collection[str] = ()) -> dict[str, Found]:
        """Return those providers of the tree that are there, by uuid.

        Those in `created` are the host's too, if they look as this very
        registration creates them. Raises ProviderNotOurs and TreeRefused.
        """
        root = self._providers[0].uuid
        there = {found["uuid"]: found for found in self._list(in_tree=root)}
        for provider in self._providers:
            found = there.get(provider.uuid)
            if found is None:
                self._check_missing(provider, there)
                continue
            is_new = provider.uuid in created and _looks_like(found, provider)
            if provider.uuid not in self._recorded and not is_new:
                self._refuse(found)
            if found["root_provider_uuid"] != root:
                self._refuse_moved(found)
            if found["name"] != provider.name:
                self._check_name(provider, there)
        return {uuid: found for uuid, found in there.items() if uuid in self._uuids}

    def exists(self, uuid: str) -> bool:
        """Is there a provider of this uuid, anywhere?"""
        return bool(self._list(uuid=uuid))

    def _check_missing(self, provider: Provider, there: Mapping[str, Found]) -> None:
        """Raise unless neither uuid nor name is anybody's."""
        # Where the root was not found there is no provider of its uuid.
        if provider is not self._providers[0]:
            for found in self._list(uuid=provider.uuid):
                if provider.uuid in self._recorded:
                    self._refuse_moved(found)
                self._refuse(found)
        self._check_name(provider, there)

    def _check_name(self, provider: Provider, there: Mapping[str, Found]) -> None:
        """Raise where the name is that of a provider which the tree does not list."""
        for found in self._list(name=provider.name):
            if found["uuid"] in self._uuids:
                continue
            if found["uuid"] in self._recorded and found["uuid"] in there:
                raise errors.TreeRefused(
                    self._host,
                    f"the name {provider.name} is that of {found['uuid']}, another provider of "
                    "this host; give the new one a name of its own",
                )
            self._refuse(found)

    def _refuse(self, found: Found) -> NoReturn:
        root = self._root_of(found)
        name, root_name = tree.shown(found["name"]), tree.shown(root["name"])
        raise errors.ProviderNotOurs(found["uuid"], name, root_name, self._cell_of(root["uuid"]))

    def _refuse_moved(self, found: Found) -> NoReturn:
        root = self._root_of(found)
        raise errors.TreeRefused(
            self._host,
            f"provider {found['uuid']} ({tree.shown(found['name'])}) is recorded for it, but is "
            f"in the tree of {tree.shown(root['name'])} ({root['uuid']}); put it back there",
        )

    def _root_of(self, found: Found) -> Found:
        listed = self._list(in_tree=found["uuid"])
        return next((one for one in listed if one["uuid"] == found["root_provider_uuid"]), found)

    def _cell_of(self, root: str) -> str | None:
        try:
            return cell_trait.cell_in(
                self._api.get(f"/resource_providers/{root}/traits")["traits"]
            )
        except errors.LedgerRefused:
            return None  # It was deleted meanwhile: nobody's any more.

    def _list(self, **by: str) -> list[Found]:
        found: list[Found] = self._api.get("/resource_providers", list(by.items()))[
            "resource_providers"
        ]
        return found

    @property
    def _host(self) -> str:
        return tree.shown(self._providers[0].name)


def _looks_like(found: Found, provider: Provider) -> bool:
    name, parent = found["name"], found["parent_provider_uuid"]
    return bool(name == provider.name and parent == provider.parent_uuid)
