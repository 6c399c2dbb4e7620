"""The ledger that the promises are run against here: Placement over HTTP, on MariaDB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keystoneauth1 import adapter as ksa_adapter
from keystoneauth1 import token_endpoint

from tests.fakes.faults import Faults
from tests.functional.ledger import subject
from tests.functional.support import faulty_transport
from tests.integration.support import shared
from understudy.ledger import api, http
from understudy.ledger.ledger import Ledger

PATIENCE = api.Timeouts(connect=5, read=30)


def connect(url: str, timeouts: api.Timeouts = PATIENCE) -> Ledger:
    """Return the ledger that a service would make of the Placement at `url`."""
    return Ledger.on(http.connect(token_endpoint.Token(url, "admin")), timeouts)


@dataclass(frozen=True)
class Connected:
    """What tests of Placement itself speak through."""

    adapter: ksa_adapter.Adapter
    api: api.PlacementApi


class OverHttp(subject.LedgerTestCase):
    """Against a real Placement, empty; `faults` happen on our side of the wire."""

    # Also put before classes whose `placement` is the one in the process.
    placement: Any

    def connect(self) -> None:
        self.server = shared.placement(self)
        adapter = http.connect(token_endpoint.Token(self.server.url, "admin"))
        self.faults = Faults()
        faulty_transport.insert(adapter, self.faults)
        self.placement = Connected(adapter, api.PlacementApi(adapter, PATIENCE))
        ledger = Ledger.on(adapter, PATIENCE)
        self.claims, self.candidates = ledger.claims, ledger.candidates
        self.inventory, self.vocabulary = ledger.inventory, ledger.vocabulary
        self.books = ledger.books
