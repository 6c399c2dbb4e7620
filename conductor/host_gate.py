"""Hold what comes over a cell's bus against who sent it.

Agents speak for their own hosts only; what operators want of hosts comes from
the super conductor, whose user of the broker this cell trusts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from understudy.cells import errors as cell_errors
from understudy.cells.cell_store import CellStore
from understudy.conductor import host_identity
from understudy.objects.limits import HostLimits
from understudy.rpcapi import errors as wire
from understudy.rpcapi.context import RequestContext


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a cell believes, and how much they may say."""

    users: frozenset[str | None]
    """Users of its broker whose orders are taken. None: also of whom the broker says nothing,
    while services of the first release are about."""
    new_hosts: bool = True
    """Do hosts come in that nobody has approved?"""
    limits: HostLimits = field(default_factory=HostLimits)

    def and_of(self, users: Iterable[str | None]) -> Trust:
        """Return the same with these users besides."""
        return dataclasses.replace(self, users=self.users | set(users))


NOBODY_ELSE: Final = Trust(frozenset())
EVERYBODY: Final = Trust(frozenset({None}))
"""Where no broker is between: in tests."""


class HostGate:
    """Lets messages pass, or raises what their senders are told."""

    def __init__(self, store: CellStore, trust: Trust) -> None:
        """Look hosts up in `store`."""
        self._store = store
        self._trusted = trust.users

    def check_report(self, context: RequestContext, host: str) -> None:
        """Raise HostRefused unless the sender speaks for this host. Raises HostNotFound."""
        try:
            record = self._store.host(host)
        except cell_errors.HostUnknown as error:
            raise wire.HostNotFound(host) from error
        speaker = context.speaker
        problem = host_identity.may_speak(
            host_identity.spoken_by(context),
            record,
            None if speaker is None else speaker.host_uuid,
        )
        if problem is not None:
            raise wire.HostRefused(host, problem)

    def check_order(self, context: RequestContext, method: str) -> None:
        """Raise Forbidden unless the sender is trusted with the cell."""
        if context.sender not in self._trusted:
            raise wire.Forbidden(
                method,
                f"the broker's user {context.sender}",
                "orders come from the super conductor; where that has another user of this "
                "broker than this conductor, name it in [conductor] trusted_users",
            )
