"""How long a failed build waits for its alternate's to begin, from what drivers noted."""

from __future__ import annotations

from collections.abc import Iterable

from understudy.compute.build_log import Event, Noted


def seconds(noted: Iterable[Noted]) -> list[float]:
    """Return the time from each failure to the beginning of the next attempt of its instance.

    A failure that no attempt followed is left out, and so is one that was noted twice.
    """
    failed: dict[tuple[str, int], float] = {}
    begun: dict[tuple[str, int], float] = {}
    for one in noted:
        first = {Event.FAILED: failed, Event.BEGUN: begun}.get(one.event)
        if first is not None:
            key = (one.tag.instance_uuid, one.tag.attempt)
            first[key] = min(one.at, first.get(key, one.at))
    return [
        begun[uuid, attempt + 1] - at
        for (uuid, attempt), at in sorted(failed.items())
        if (uuid, attempt + 1) in begun
    ]
