"""What a run came to, counted from what the super conductor tells any client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from understudy.cli.cloud import AuditedCloud, AuditReport, Cloud
from understudy.objects import states
from understudy.objects.instance import Instance

PAGE = 500


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a run of builds; the names are those of `--json`."""

    builds: int
    active: int
    error: int
    retried: int
    attempts: int
    alternates_used: int
    claims_leaked: int | None
    """None, as `double_claims`, where the ledger was not at hand."""
    double_claims: int | None
    seconds: float
    unended: int = 0
    """Builds that were asked for and have not ended, or are not to be seen."""


@dataclass(frozen=True, slots=True)
class Run:
    """The figures, and what is worth telling beside them."""

    figures: Figures
    rescued: Instance | None
    """A build that its understudy brought to life, with its timeline."""
    findings: tuple[str, ...] = ()
    """What the audit found, a line for each."""

    @property
    def audited(self) -> bool:
        """Was the ledger looked at?"""
        return self.figures.claims_leaked is not None

    @property
    def sound(self) -> bool:
        """Has every build ended, with nothing leaked and nothing doubled?"""
        return not (self.figures.unended or self.findings)


def instances(cloud: Cloud) -> Iterator[Instance]:
    """Yield every instance, page by page."""
    marker: str | None = None
    while True:
        page = cloud.client.list_instances(
            cloud.context(), {}, ["created_at", "uuid"], ["asc", "asc"], PAGE, marker
        )
        yield from page.instances
        marker = page.marker
        if marker is None:
            return


def count(cloud: AuditedCloud, asked: int, seconds: float) -> Run:
    """Return the figures of a cloud in which so many builds were asked for."""
    return tally(cloud, instances(cloud), asked, seconds, cloud.audit())


def tally(
    cloud: Cloud,
    instances: Iterable[Instance],
    asked: int,
    seconds: float,
    audit: AuditReport | None,
) -> Run:
    """Return the figures of these instances, of which so many were asked for."""
    found = list(instances)
    timelines = [
        cloud.client.show(cloud.context(), instance.uuid)
        for instance in found
        if instance.attempt > 1
    ]
    ended = sum(instance.state in states.ENDED for instance in found)
    figures = Figures(
        builds=len(found),
        active=sum(instance.state == states.ACTIVE for instance in found),
        error=sum(instance.state == states.ERROR for instance in found),
        retried=len(timelines),
        attempts=sum(instance.attempt for instance in found),
        alternates_used=sum(len(instance.attempts) - 1 for instance in timelines),
        claims_leaked=len(audit.leaked) if audit else None,
        double_claims=len(audit.doubled) if audit else None,
        seconds=round(seconds, 3),
        unended=asked - ended,
    )
    findings = (*audit.leaked, *audit.doubled) if audit else ()
    return Run(figures, _best_story(timelines), findings)


def _best_story(timelines: list[Instance]) -> Instance | None:
    rescued = [instance for instance in timelines if instance.state == states.ACTIVE]
    return max(rescued, key=lambda instance: len(instance.attempts), default=None)
