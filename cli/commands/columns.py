"""Rows of the tables: what of an instance, a host or a time is shown, and how."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cliff import columns

from understudy.objects import text

if TYPE_CHECKING:
    from understudy.objects.attempt import Attempt
    from understudy.objects.fault import Fault
    from understudy.objects.instance import Instance

LONGEST_LINE = 3000
"""Characters shown of one attempt."""
INSTANCE: Sequence[str] = ("UUID", "Name", "State", "Cell", "Host", "Attempt", "Fault")


def instance_row(instance: Instance) -> tuple[object, ...]:
    """Return the cells below INSTANCE."""
    return (
        instance.uuid,
        instance.name,
        instance.state,
        instance.cell_name,
        instance.service_host,
        instance.attempt,
        instance.fault.code if instance.fault else None,
    )


def fault_text(fault: Fault | None) -> str | None:
    """Return the fault in one line, or None."""
    if fault is None:
        return None
    return f"{fault.code} (blames the {fault.blames}): {fault.message}".removesuffix(": ")


def when(seconds: float | None) -> str | None:
    """Return the time as people write it, in UTC."""
    if seconds is None:
        return None
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Timeline(columns.FormattableColumn[Sequence[Any]]):
    """The attempts of an instance: a line each for people, a list for programs."""

    _value: Sequence[Attempt]

    def human_readable(self) -> str:
        """Return a line for each attempt."""
        return "\n".join(attempt_line(attempt) for attempt in self._value)

    def machine_readable(self) -> list[dict[str, object]]:
        """Return a map for each attempt."""
        return [
            {
                "number": attempt.number,
                "state": attempt.state,
                "cell": attempt.cell_name,
                "host": attempt.service_host,
                "fault": attempt.fault.code if attempt.fault else None,
                "blames": attempt.fault.blames if attempt.fault else None,
                "message": attempt.fault.message if attempt.fault else None,
                "started_at": when(attempt.started_at),
                "ended_at": when(attempt.ended_at),
            }
            for attempt in self._value
        ]


def attempt_line(attempt: Attempt) -> str:
    """Return what became of one attempt: "1  cell1/host-a  FAILED after 0.3 s: ..."."""
    took = ""
    if attempt.ended_at is not None:
        took = f" after {max(attempt.ended_at - attempt.started_at, 0):.1f} s"
    why = f": {fault_text(attempt.fault)}" if attempt.fault else ""
    where = f"{attempt.cell_name}/{attempt.service_host}"
    return text.printable(f"{attempt.number}  {where}  {attempt.state}{took}{why}", LONGEST_LINE)
