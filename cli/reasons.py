"""Why a request was refused, in a few words that are the same each time.

Messages carry counts and names of hosts; what is counted must not.
"""

from __future__ import annotations

import re

from understudy.cli.flight import Landing
from understudy.objects import states
from understudy.objects.errors import InvalidRequest
from understudy.objects.fault import Fault
from understudy.objects.instance import Instance
from understudy.rpcapi.errors import LedgerRefusedRequest, TooManyEqualGroups

EQUAL_GROUPS = "6 or more groups that share a class"
NOT_ENDED = "not ended in time"
DELETED = "deleted"
_BY_CODE = {
    "too-many-equal-groups": EQUAL_GROUPS,
    "ledger-refused": "refused by Placement",
    "deadline": "deadline passed",
}
_BY_ERROR: dict[type[Exception], str] = {
    TooManyEqualGroups: EQUAL_GROUPS,
    LedgerRefusedRequest: "refused by Placement",
}
NOT_TOGETHER = "room for each resource, but not on one host"
_ROOM_FOR = re.compile(r"providers with room for ([A-Z0-9_]+)\): (\d+)")
_ELIMINATED = re.compile(r"eliminated by (.*?)(?:;|$)")
_COUNTED = re.compile(r"([^,:]+): (\d+)")


def of(landing: Landing) -> str | None:
    """Return why the request was refused, or None if all of it was placed."""
    if landing.error is not None:
        return _of_error(landing.error)
    if not landing.ended:
        return NOT_ENDED
    for instance in landing.instances:
        if instance.state != states.ACTIVE:
            return _of_instance(instance)
    return None


def _of_error(error: Exception) -> str:
    if not isinstance(error, InvalidRequest):
        return _BY_ERROR.get(type(error), type(error).__name__)
    where: str = error.field
    field, _, name = where.rpartition(".")
    if "traits" in field or "resources" in field:
        return f"no host has {name}"
    return f"{where}: {error.problem}"


def _of_instance(instance: Instance) -> str:
    if instance.fault is None:
        return DELETED if instance.state == states.DELETED else "no reason given"
    return of_fault(instance.fault)


def of_fault(fault: Fault) -> str:
    """Return the short reason that a fault stands for."""
    if fault.code == "no-valid-host":
        return _of_no_valid_host(fault.message)
    return _BY_CODE.get(fault.code, fault.code.replace("-", " "))


def _of_no_valid_host(message: str) -> str:
    """Return what there is not enough of, or else what eliminated most hosts."""
    rooms: list[tuple[str, str]] = _ROOM_FOR.findall(message)
    lacking = sorted(name for name, count in rooms if int(count) == 0)
    if lacking:
        return f"not enough {' and '.join(lacking)}"
    if rooms:
        return NOT_TOGETHER
    eliminated = _ELIMINATED.search(message)
    found: list[tuple[str, str]] = _COUNTED.findall(eliminated[1]) if eliminated else []
    counted = [(int(count), what.strip()) for what, count in found]
    return max(counted, key=lambda pair: pair[0])[1] if counted else "no valid host"
