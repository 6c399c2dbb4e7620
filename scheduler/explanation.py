"""Say why a request found too few hosts, and what would change that.

Pure. The reasons count what each step eliminated, the nearest miss is the host
with the least against it, and the remedy follows from that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from understudy.objects.build_request import BuildRequest
from understudy.objects.fields import AffinityPolicy
from understudy.rpcapi.errors import NoValidHost
from understudy.scheduler.filters import Filter
from understudy.scheduler.hosts import HostCandidate
from understudy.scheduler.plan import Situation
from understudy.scheduler.survey import Survey


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What is known when the hosts have run out.

    `found` is how many instances could have a host. `capable` counts the
    providers with room for each class alone; it is asked for only where the
    ledger showed no candidate at all.
    """

    request: BuildRequest
    requested: int
    found: int
    survey: Survey
    situation: Situation
    filters: Sequence[Filter]
    capable: Mapping[str, int]


def explain(shortfall: Shortfall) -> NoValidHost:
    """Return the error that tells the requester."""
    sifted = shortfall.survey.sifted
    if sifted.kept:
        nearest, remedy = _used_up(shortfall)
    elif sifted.dropped:
        nearest, remedy = _filtered(shortfall)
    elif shortfall.survey.unregistered:
        nearest = "a provider with room that is no host of an enabled cell"
        remedy = "see that its agent runs and that its cell is known and enabled"
    else:
        nearest, remedy = _no_room(shortfall)
    if shortfall.survey.cut_off_at is not None:
        remedy += (
            f"; only the first {shortfall.survey.cut_off_at} candidates were looked at, "
            "a request for rarer traits or resources may find others"
        )
    return NoValidHost(shortfall.requested, shortfall.found, _reasons(shortfall), nearest, remedy)


def _reasons(shortfall: Shortfall) -> dict[str, int]:
    survey, lost = shortfall.survey, shortfall.situation.lost
    used_up = sum(host.uuid not in lost for host in survey.sifted.kept)
    eliminated = {
        "no host of an enabled cell": survey.unregistered,
        **{f"filter {name}": count for name, count in survey.sifted.dropped_by.items()},
        "claim lost to others": len(lost),
        "used up by this request": used_up,
    }
    return {
        **{reason: count for reason, count in eliminated.items() if count},
        **{
            f"the ledger (providers with room for {name})": count
            for name, count in shortfall.capable.items()
        },
    }


def _no_room(shortfall: Shortfall) -> tuple[str, str]:
    lacking = [name for name, count in shortfall.capable.items() if not count]
    present = [name for name, count in shortfall.capable.items() if count]
    if lacking:
        nearest = f"a provider with room for {', '.join(present)} only" if present else ""
        return nearest, f"ask for less {' and '.join(lacking)}, or add hosts that have it"
    return (
        "each resource has room somewhere, but never all of them on one host",
        _ask_for_less(shortfall.request),
    )


def _ask_for_less(request: BuildRequest) -> str:
    in_groups = [trait for group in request.groups for trait in group.required_traits]
    traits = sorted({*request.required_traits, *in_groups})
    if traits:
        return f"ask for less, require fewer of the traits {', '.join(traits)}, or add hosts"
    return "ask for less in one instance, or add hosts"


def _filtered(shortfall: Shortfall) -> tuple[str, str]:
    against = {
        host: _speaking_against(host, shortfall) for host in shortfall.survey.sifted.dropped
    }
    nearest = min(against, key=lambda host: len(against[host]))
    names = " and ".join(each.name for each in against[nearest])
    remedies = " and ".join(each.remedy for each in against[nearest])
    return f"host {nearest.name}, dropped by {names}", remedies


def _speaking_against(host: HostCandidate, shortfall: Shortfall) -> list[Filter]:
    return [each for each in shortfall.filters if not each.keeps(host, shortfall.request)]


def _used_up(shortfall: Shortfall) -> tuple[str, str]:
    situation = shortfall.situation
    best = shortfall.survey.ranking.hosts[0].name
    if not situation.open_hosts():
        return f"host {best}, where others claimed first", "ask again, or add hosts"
    at_most = f"ask for at most {shortfall.found}" if shortfall.found else "ask for less"
    match situation.policy:
        case AffinityPolicy.AFFINITY:
            nearest = f"host {best}, for {shortfall.found} of {shortfall.requested} together"
            remedy = f"{at_most}, or build outside the affinity group"
        case AffinityPolicy.ANTI_AFFINITY:
            nearest = f"host {best}, which has another member of the group"
            remedy = f"{at_most}, add hosts, or build outside the anti-affinity group"
        case _:
            nearest = f"host {best}, with room for fewer than were asked for"
            remedy = f"{at_most}, or add hosts"
    dropped_by = shortfall.survey.sifted.dropped_by
    if dropped_by:
        largest = max(dropped_by, key=lambda name: dropped_by[name])
        remedy += ", or " + next(f.remedy for f in shortfall.filters if f.name == largest)
    return nearest, remedy
