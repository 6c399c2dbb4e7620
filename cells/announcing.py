"""Events of instances, written down in the transaction that makes them true.

So none is lost with a process, and none is told of what did not happen. Who
publishes them is another matter, see outbox.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from understudy.cells import changes, primitives
from understudy.cells.clock import db_now
from understudy.objects.notification import InstanceEvent, InstanceNotification

LAST: Final = 2**31 - 1
"""The sequence of a delete: nothing comes after it, whatever the attempt was."""
_PER_ATTEMPT: Final = 10
_RANKS: Final = {
    InstanceEvent.ACCEPTED: 0,
    InstanceEvent.SELECTED: 1,
    InstanceEvent.ATTEMPT_FAILED: 2,
    InstanceEvent.ACTIVE: 3,
    InstanceEvent.ERROR: 4,
}


def sequence_of(event_type: str, attempt: int) -> int:
    """Return where the event stands among all of its instance's.

    Counted from the attempt, which goes on across cells, so that databases
    which know nothing of each other agree, and a repeat gets the same number.
    """
    if event_type == InstanceEvent.DELETED:
        return LAST
    return attempt * _PER_ATTEMPT + _RANKS[event_type]


class Announcer:
    """Writes events down for a publisher; without a table it does nothing at all."""

    def __init__(self, table: sa.Table | None) -> None:
        """Write into this table."""
        self._table = table

    @property
    def is_on(self) -> bool:
        """Is anything written down?"""
        return self._table is not None

    def write(
        self,
        connection: sa.Connection,
        events: Sequence[InstanceNotification],
        cell_name: Any = None,
    ) -> None:
        """Write events down in one statement; those that are there already stay as they are.

        `cell_name` is the name, or an expression for it.
        """
        if self._table is None or not events:
            return
        values = [
            {
                "instance_uuid": event.instance_uuid,
                "sequence": event.sequence,
                "body": primitives.dump(event),
            }
            for event in events
        ]
        common = {"cell_name": cell_name, "created_at": db_now()}
        changes.insert_all_missing(
            connection, self._table, values, common, ("instance_uuid", "sequence")
        )
