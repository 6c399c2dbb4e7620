"""Take back what was written for a registration that was then refused.

Each write is noted that was applied, or of which nobody said. Undone are, in
this order, moves, providers that were created (children first), changes of
providers that were there, and names that nobody uses. What cannot be taken back is said,
and left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from understudy.ledger import api, errors, pauses
from understudy.ledger.candidate_query import DISABLED
from understudy.ledger.ownership import Found
from understudy.ledger.provider_record import (
    AGGREGATES,
    INVENTORIES,
    TRAITS,
    Contended,
    Inventories,
    ProviderRecord,
    done,
)
from understudy.objects.host import Provider

NAME: Final = "name"
PARENT: Final = "parent_provider_uuid"
_MAX_TRIES: Final = 5
_GONE: Final = 404
_MAX_SAID: Final = 8


@dataclass(slots=True)
class _Before:
    """One provider as it was, and which parts of it were written since."""

    name: str
    parent_uuid: str | None
    inventories: Inventories
    traits: frozenset[str]
    aggregates: frozenset[str]
    written: set[str] = field(default_factory=set)


class Undo:
    """What one registration has written so far, over all its tries."""

    def __init__(self, placement: api.PlacementApi, pause: pauses.Pause) -> None:
        """Write through `placement`; wait by `pause` where somebody else writes too."""
        self._api = placement
        self._pause = pause
        self._created: dict[str, Provider] = {}
        self._before: dict[str, _Before] = {}
        self._names: dict[tuple[str, str], None] = {}

    @property
    def new_providers(self) -> frozenset[str]:
        """The uuids of providers that this registration has created, or may have."""
        return frozenset(self._created)

    @property
    def is_needed(self) -> bool:
        """May something have been written?"""
        return bool(self._created or self._before or self._names)

    def created(self, provider: Provider) -> None:
        """Note that the provider was created."""
        self._created[provider.uuid] = provider

    def named(self, kind: str, name: str) -> None:
        """Note that a trait or resource class was created."""
        self._names[kind, name] = None

    def changed(self, found: Found, record: ProviderRecord, part: str) -> None:
        """Note that a part of a provider was written; `record` has what it was before."""
        uuid = found["uuid"]
        if uuid in self._created:
            return
        if uuid not in self._before:
            parts = record.inventories, record.traits, record.aggregates
            self._before[uuid] = _Before(found["name"], found["parent_provider_uuid"], *parts)
        self._before[uuid].written.add(part)

    def run(self) -> str:
        """Undo all of it; say what was undone, and what is left and why."""
        undone: list[str] = []
        left: list[str] = []
        steps = self._steps()
        for index, (what, step) in enumerate(steps):
            try:
                self._until_uncontended(step)
                undone.append(what)
            except errors.LedgerRefused as error:
                left.append(f"{what} ({error})")
            except errors.LedgerUnavailable as error:
                # The next step would wait as long and fare no better.
                left += [f"{what} ({error})", *(rest for rest, _ in steps[index + 1 :])]
                break
        return "; ".join(
            f"{verb}: {_listed(which)}"
            for verb, which in (("undone", undone), ("left as written", left))
            if which
        )

    def _steps(self) -> list[tuple[str, Callable[[], None]]]:
        changed = list(reversed(self._before.items()))
        return [
            # One that was moved below a new provider keeps that from being deleted.
            *(
                (f"the move of {before.name}", self._return(uuid, before.parent_uuid))
                for uuid, before in changed
                if PARENT in before.written
            ),
            *(
                (f"the creation of {provider.name}", self._deletion(f"/resource_providers/{uuid}"))
                for uuid, provider in reversed(self._created.items())
            ),
            # A new one may have had the old name.
            *(
                (f"the changes of {before.name}", self._restoration(uuid, before))
                for uuid, before in changed
            ),
            *((name, self._deletion(f"/{kind}/{name}")) for kind, name in self._names),
        ]

    def _return(self, uuid: str, parent: str | None) -> Callable[[], None]:
        def put() -> None:
            path = f"/resource_providers/{uuid}"
            place = {NAME: self._api.get(path)[NAME], PARENT: parent}
            done(f"PUT {path}", self._api.write("PUT", path, place))

        return put

    def _deletion(self, path: str) -> Callable[[], None]:
        def delete() -> None:
            try:
                done(f"DELETE {path}", self._api.write("DELETE", path))
            except errors.LedgerRefused as error:
                if error.status != _GONE:
                    raise

        return delete

    def _restoration(self, uuid: str, before: _Before) -> Callable[[], None]:
        def restore() -> None:
            path = f"/resource_providers/{uuid}"
            if NAME in before.written:
                place = {NAME: before.name, PARENT: before.parent_uuid}
                done(f"PUT {path}", self._api.write("PUT", path, place))
            record = ProviderRecord(self._api, uuid, self._api.get(path)["generation"])
            record.read()
            if INVENTORIES in before.written:
                record.put_inventories(before.inventories)
            if TRAITS in before.written:
                record.put_traits(before.traits - {DISABLED} | (record.traits & {DISABLED}))
            if AGGREGATES in before.written:
                record.put_aggregates(before.aggregates)

        return restore

    def _until_uncontended(self, step: Callable[[], None]) -> None:
        for failed in range(1, _MAX_TRIES + 1):
            try:
                step()
                return
            except Contended as error:
                if failed == _MAX_TRIES:
                    raise errors.LedgerUnavailable("undoing", str(error)) from error
            self._pause(failed)


def _listed(which: list[str]) -> str:
    more = len(which) - _MAX_SAID
    return ", ".join(which[:_MAX_SAID]) + (f" and {more} more" if more > 0 else "")
