"""Look at who could take a request, as the ledger sees it now.

This is the one place where the scheduler asks for candidates: one honest GET
for each look. Whoever makes that faster hands in another `Candidates`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from understudy.ledger.protocols import Candidates, CandidateSet, ProviderSummary
from understudy.objects.build_request import BuildRequest
from understudy.scheduler import filters, hosts
from understudy.scheduler.directory import HostDirectory
from understudy.scheduler.filters import Filter, Sifted
from understudy.scheduler.ranking import Ranking, Weighted

LOG = logging.getLogger(__name__)

_WIDER = 8
_LOOKS = 3


@dataclass(frozen=True, slots=True)
class Survey:
    """What one look has shown: the hosts that passed, best first, and those that did not."""

    ranking: Ranking
    sifted: Sifted
    summaries: Mapping[str, ProviderSummary]
    unregistered: int
    """Providers with room that are no host of an enabled cell."""
    cut_off_at: int | None
    """The number of candidates at which the ledger stopped; None where it showed all."""

    @property
    def shows_room(self) -> bool:
        """Did the ledger have any candidate at all, wherever?"""
        return bool(self.sifted.kept or self.sifted.dropped or self.unregistered)


class Surveyor:
    """Asks the ledger and the directory, then filters and weighs."""

    def __init__(
        self,
        candidates: Candidates,
        directory: HostDirectory,
        filters: Sequence[Filter],
        weighers: Sequence[Weighted],
        limit: int = 1000,
    ) -> None:
        """Ask for `limit` candidates at first, for more where those do not do."""
        self._candidates = candidates
        self._directory = directory
        self._filters = filters
        self._weighers = weighers
        self._limit = limit

    def look(self, request: BuildRequest, enough: int) -> Survey:
        """Return what there is.

        If the ledger stopped at the limit and fewer than `enough` hosts passed
        the filters, ask again for more. Raises what the ledger and the
        directory raise.
        """
        limit = self._limit
        survey = self._look(request, limit)
        for _ in range(_LOOKS - 1):
            if survey.cut_off_at is None or len(survey.sifted.kept) >= enough:
                break
            limit *= _WIDER
            LOG.info("%s: too few hosts, asking for %d candidates", request.request_id, limit)
            survey = self._look(request, limit)
        return survey

    def _look(self, request: BuildRequest, limit: int) -> Survey:
        found = self._candidates.find(request, limit)
        roots = _roots(found)
        registered = self._directory.look_up(roots)
        assembled = hosts.turned(hosts.assemble(found, registered), request.request_id)
        sifted = filters.sift(assembled, self._filters, request)
        return Survey(
            ranking=Ranking(sifted.kept, request, self._weighers),
            sifted=sifted,
            summaries=found.summaries,
            unregistered=len(roots) - len(registered),
            cut_off_at=limit if len(found.candidates) >= limit else None,
        )


def _roots(found: CandidateSet) -> frozenset[str]:
    return frozenset(candidate.root_provider for candidate in found.candidates)
