"""Give back what a selection claimed for instances that no cell holds.

Only the super conductor does this, and only for instances whose mapping says
that no cell has them or that they are deleted: nobody else owns such a claim.
"""

from __future__ import annotations

import logging

from understudy.ledger import errors as ledger_errors
from understudy.ledger.protocols import Claims, Owner
from understudy.objects.build_request import BuildRequest

LOG = logging.getLogger(__name__)


def owner_of(request: BuildRequest) -> Owner:
    """Return whose claims a request's are."""
    return Owner(request.project_id, request.user_id, str(request.consumer_type))


class FirstClaims:
    """Releases claims that lost their instance before it came to a cell."""

    def __init__(self, claims: Claims) -> None:
        """Take the ledger's claims."""
        self._claims = claims

    def is_held(self, instance_uuid: str) -> bool:
        """Does the ledger show a claim? Raises LedgerUnavailable."""
        return bool(self._claims.read_back(instance_uuid).allocations)

    def release(self, request: BuildRequest, instance_uuid: str) -> None:
        """Give back whatever the ledger shows for this instance, if it is ours.

        Reads first, so it is safe to repeat. Raises LedgerUnavailable.
        """
        held = self._claims.read_back(instance_uuid)
        owner = owner_of(request)
        if held.generation is None or not held.allocations:
            return
        if held.owner is not None and held.owner.consumer_type != owner.consumer_type:
            LOG.warning("%s is claimed as %s, not ours", instance_uuid, held.owner.consumer_type)
            return
        self._claims.unclaim(instance_uuid, owner, held.generation)

    def release_written(self, request: BuildRequest, instance_uuid: str, generation: int) -> None:
        """Give back a claim with the generation that our own write produced.

        A newer generation has another owner and is left. Raises LedgerUnavailable.
        """
        try:
            self._claims.unclaim(instance_uuid, owner_of(request), generation)
        except ledger_errors.StaleGeneration as stale:
            LOG.warning("the claim is left to its owner: %s", stale)
