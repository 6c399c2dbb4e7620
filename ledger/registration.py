"""One host's tree on its way into Placement: all is read and checked, then it is written."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from understudy.ledger import api, errors, pauses, tree
from understudy.ledger.new_names import Names, NewNames
from understudy.ledger.ownership import Found, Ownership
from understudy.ledger.provider_record import Contended, ProviderRecord, done
from understudy.ledger.undo import Undo
from understudy.objects.host import Provider

Records = dict[str, tuple[Found, ProviderRecord]]


class Registration:
    """One tree; `put` may be called again after Contended, and then knows what it wrote."""

    def __init__(
        self,
        placement: api.PlacementApi,
        names: NewNames,
        pause: pauses.Pause,
        providers: Sequence[Provider],
        recorded: Collection[str],
        own_trait: str,
    ) -> None:
        """Give the root `own_trait`; the uuids in `recorded` are the host's own."""
        self._api = placement
        self._names = names
        self._providers = providers
        self._own_trait = own_trait
        self._ownership = Ownership(placement, providers, recorded)
        self._undo = Undo(placement, pause)

    @property
    def has_written(self) -> bool:
        """May something have been written?"""
        return self._undo.is_needed

    def check(self) -> tuple[dict[str, Found], Names]:
        """Return which providers are there, and which names are missing.

        It only reads. Raises ProviderNotOurs, TreeRefused.
        """
        there = self._ownership.check(self._undo.new_providers)
        return there, self._names.missing(self._providers, self._own_trait)

    def put(self) -> None:
        """Write what differs. Raises Contended and whatever `check` raises."""
        there, missing = self.check()
        records = {uuid: (found, self._read(found)) for uuid, found in there.items()}
        for kind, name in missing:
            self._create_name(kind, name)
        for provider in self._providers:
            self._put(provider, records)

    def taken_back(self, error: errors.LedgerError) -> errors.TreeRefused:
        """Undo what was written; return why, and what became of it."""
        host = tree.shown(self._providers[0].name)
        if not self.has_written:
            return errors.TreeRefused(host, str(error))
        undone = self._undo.run()
        self._names.forget()
        return errors.TreeRefused(host, f"{error}; {undone}")

    def _read(self, found: Found) -> ProviderRecord:
        record = ProviderRecord(
            self._api,
            found["uuid"],
            found["generation"],
            lambda part: self._undo.changed(found, record, part),
        )
        record.read()
        return record

    def _put(self, provider: Provider, records: Records) -> None:
        if provider.uuid in records:
            found, record = records[provider.uuid]
            self._put_place(provider, found, record)
        else:
            record = ProviderRecord(self._api, provider.uuid, self._create(provider))
        record.put(provider, {self._own_trait} if provider.parent_uuid is None else ())

    def _create(self, provider: Provider) -> int:
        """Create the provider; return its generation."""
        body = {
            "uuid": provider.uuid,
            "name": provider.name,
            "parent_provider_uuid": provider.parent_uuid,
        }
        outcome = self._api.write("POST", "/resource_providers", body)
        if api.may_be_applied(outcome):
            self._undo.created(provider)
        try:
            answer = done(f"creation of {tree.shown(provider.name)}", outcome)
        except errors.LedgerRefused as error:
            if self._ownership.exists(provider.uuid):
                # Somebody was faster, or an answer was lost: look whose it is.
                raise Contended(str(error)) from error
            raise
        return int(answer["generation"])

    def _put_place(self, provider: Provider, found: Found, record: ProviderRecord) -> None:
        """Give it its name and its parent, where they differ."""
        body = {"name": provider.name, "parent_provider_uuid": provider.parent_uuid}
        differing = [key for key, value in body.items() if found[key] != value]
        if not differing:
            return
        path = f"/resource_providers/{provider.uuid}"
        outcome = self._api.write("PUT", path, body)
        if api.may_be_applied(outcome):
            for part in differing:
                self._undo.changed(found, record, part)
        done(f"PUT {path}", outcome)

    def _create_name(self, kind: str, name: str) -> None:
        path = f"/{kind}/{name}"
        outcome = self._api.write("PUT", path)
        # One that was there already is somebody else's.
        if isinstance(outcome, api.Lost) or (isinstance(outcome, api.Done) and outcome.created):
            self._undo.named(kind, name)
        done(f"PUT {path}", outcome)
        self._names.learn(kind, name)
