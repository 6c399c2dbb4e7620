"""What hosts say that they hold: (instance uuid, attempt) each, as JSON brings it.

It decides what is torn down, so nothing in it is guessed at or converted.
"""

from __future__ import annotations

from typing import Final, TypeGuard

from understudy.objects import errors, text
from understudy.objects.limits import HostLimits
from understudy.objects.resource_validation import MAX_AMOUNT, is_uuid

Pairs = list[tuple[str, int]]

_PAIR: Final = 2
_REMEDY: Final = "send [instance uuid, attempt], the attempt a whole number from 1"


def check(holds: object, limits: HostLimits, field: str = "holds") -> Pairs:
    """Return what one host holds. Raises InvalidRequest for anything but pairs."""
    if not isinstance(holds, (list, tuple)):
        raise errors.InvalidRequest(field, f"{text.excerpt(holds)} is no list", _REMEDY)
    if len(holds) > limits.holdings:
        raise errors.InvalidRequest(
            field, f"{len(holds)} are too many", f"send at most {limits.holdings}"
        )
    return [_pair(item, f"{field}[{index}]") for index, item in enumerate(holds)]


def check_all(in_hand: object, limits: HostLimits) -> dict[str, Pairs]:
    """Return what each host of an agent has in hand. Raises InvalidRequest."""
    if not isinstance(in_hand, dict):
        raise errors.InvalidRequest(
            "in_hand", f"{text.excerpt(in_hand)} is no map", "send a list for each host by name"
        )
    if len(in_hand) > limits.agent_hosts:
        raise errors.InvalidRequest(
            "in_hand", f"{len(in_hand)} hosts are too many", f"send at most {limits.agent_hosts}"
        )
    for name in in_hand:
        if not isinstance(name, str) or not text.is_plain_name(name):
            raise errors.InvalidRequest(
                "in_hand", f"{text.excerpt(name)} is no host's name", text.PLAIN_NAME
            )
    return {name: check(held, limits, f"in_hand.{name}") for name, held in in_hand.items()}


def is_attempt(number: object) -> TypeGuard[int]:
    """Is it the number of an attempt: from 1 on, and no more than databases count?"""
    return type(number) is int and 1 <= number <= MAX_AMOUNT


def _pair(item: object, field: str) -> tuple[str, int]:
    if not isinstance(item, (list, tuple)) or len(item) != _PAIR:
        raise errors.InvalidRequest(field, f"{text.excerpt(item)} is no pair", _REMEDY)
    uuid, attempt = item
    if not is_uuid(uuid):
        raise errors.InvalidRequest(field, f"{text.excerpt(uuid)} is no uuid", _REMEDY)
    if not is_attempt(attempt):
        raise errors.InvalidRequest(field, f"{text.excerpt(attempt)} is no attempt", _REMEDY)
    return uuid, attempt
