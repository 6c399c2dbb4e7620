"""The faults that a conductor itself finds; hosts report the others."""

from __future__ import annotations

from understudy.objects import text
from understudy.objects.fault import MAX_MESSAGE, Fault
from understudy.objects.fields import Blame

NO_VALID_HOST = "no-valid-host"
TOO_MANY_EQUAL_GROUPS = "too-many-equal-groups"
LEDGER_REFUSED = "ledger-refused"
REQUEST_REFUSED = "request-refused"
DEADLINE = "deadline"
ALTERNATES_EXHAUSTED = "alternates-exhausted"
ATTEMPTS_EXHAUSTED = "attempts-exhausted"
HOST_DOWN = "host-down"
HOST_DRAINING = "host-draining"
GROUP_HOST_TAKEN = "group-host-taken"
CLAIM_LOST = "claim-lost"
CLAIM_GONE = "claim-gone"
NO_OTHER_CELL = "no-other-cell"


def deadline_passed(last: Fault | None = None) -> Fault:
    """Time is up; `last` is what the build was busy with."""
    return Fault(code=DEADLINE, blames=Blame.NETWORK, message=_after("the deadline passed", last))


def no_alternate_left(last: Fault, attempts_spent: bool) -> Fault:
    """The build ends because of `last`, with no host left that it may try."""
    if attempts_spent:
        return Fault(
            code=ATTEMPTS_EXHAUSTED,
            blames=last.blames,
            message=_after("every attempt allowed was made", last),
        )
    return Fault(
        code=ALTERNATES_EXHAUSTED, blames=last.blames, message=_after("no alternate left", last)
    )


def host_down(host: str) -> Fault:
    """Say that the host was silent for too long."""
    return Fault(code=HOST_DOWN, blames=Blame.HOST, message=f"{host} does not answer any more")


def host_draining(host: str) -> Fault:
    """Say that the host starts no builds any more."""
    return Fault(code=HOST_DRAINING, blames=Blame.HOST, message=f"{host} is being drained")


def claim_lost(host: str) -> Fault:
    """Say that the host had no room left when its claim was tried."""
    return Fault(code=CLAIM_LOST, blames=Blame.HOST, message=f"{host} has no room any more")


def claim_gone(host: str) -> Fault:
    """Say that somebody else took the build's claim away."""
    return Fault(
        code=CLAIM_GONE,
        blames=Blame.HOST,
        message=f"the claim on {host} is gone, and nobody here gave it back",
    )


def group_host_taken(host: str) -> Fault:
    """Say that another member of the group came to the host first."""
    return Fault(
        code=GROUP_HOST_TAKEN,
        blames=Blame.HOST,
        message=f"{host} holds another member of the anti-affinity group",
    )


def no_other_cell(last: Fault | None, reason: str) -> Fault:
    """Say that the cell was exhausted and that no other one could take the build."""
    return Fault(
        code=NO_OTHER_CELL,
        blames=last.blames if last else Blame.HOST,
        message=_after(f"no other cell can take it ({reason})", last),
    )


def _after(what: str, last: Fault | None) -> str:
    said = f"{what}; before that, {last.code}: {last.message}" if last else what
    return text.printable(said, MAX_MESSAGE)
