"""The ledger that the promises are run against here: Placement over HTTP, on MariaDB."""

from __future__ import annotations

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


class OverHttp(subject.LedgerTestCase):
    """Against a real Placement, empty; `faults` happen on our side of the wire."""

    def connect(self) -> None:
        self.placement = shared.placement(self)
        adapter = http.connect(token_endpoint.Token(self.placement.url, "admin"))
        self.faults = Faults()
        faulty_transport.insert(adapter, self.faults)
        ledger = Ledger.on(adapter, PATIENCE)
        self.claims, self.candidates = ledger.claims, ledger.candidates
        self.inventory, self.vocabulary = ledger.inventory, ledger.vocabulary
        self.books = ledger.books
