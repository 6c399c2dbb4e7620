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

EQUAL_GROUPS = "6 or more equal groups"
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
_SHORT_OF = re.compile(r"not enough ([A-Z][A-Z0-9_]+)")
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
    """Return what eliminated most, or what there was not enough of."""
    short_of = _SHORT_OF.search(message)
    if short_of:
        return f"not enough {short_of.group(1)}"
    eliminated = _ELIMINATED.search(message)
    if eliminated:
        counted = [(int(count), what.strip()) for what, count in _COUNTED.findall(eliminated[1])]
        if counted:
            return max(counted, key=lambda pair: pair[0])[1]
    return "no valid host"
