"""What to wait for, what to leave to others, and how one failure spares the rest."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from understudy.cells import errors as cell_errors
from understudy.ledger import errors as ledger_errors
from understudy.objects.errors import InvalidRequest
from understudy.rpcapi import errors as wire
from understudy.rpcapi import logs

LOG = logging.getLogger(__name__)

BUSY = (cell_errors.LostRace, cell_errors.LeaseHeld)
"""Somebody else works on it, or was faster: leave it to them."""
NOT_NOW = (
    wire.ServiceUnavailable,
    wire.Forbidden,
    wire.LedgerDown,
    wire.Overloaded,
    # An upgrade is under way, and somebody forgot a pin.
    wire.UnsupportedVersion,
    ledger_errors.LedgerError,
    cell_errors.CellUnreachable,
    cell_errors.CellUnknown,
    cell_errors.ApiDatabaseUnreachable,
)
"""Nothing is wrong with the request: try again later.

Forbidden is what a scheduler answers until its operator names us among its callers.
"""
NEVER = (
    wire.NoValidHost,
    wire.TooManyEqualGroups,
    wire.LedgerRefusedRequest,
    InvalidRequest,
)
"""The answer is no, and the scheduler holds nothing for it."""


def pause(error: Exception, seconds: float) -> float:
    """Return after how many seconds to try again: so many, or as many as were asked for."""
    if isinstance(error, wire.Overloaded):
        return max(seconds, error.retry_after_seconds)
    return seconds


@contextlib.contextmanager
def apart(what: str) -> Iterator[None]:
    """Let what goes wrong with one row or cell be logged, and the others go on.

    Only for work that a sweeper does again: what was intended is in a database.
    """
    try:
        yield
    except BUSY as busy:
        LOG.debug("%s is left to others: %s", what, busy)
    except NOT_NOW as error:
        LOG.warning("%s waits: %s", what, error)
    except Exception:
        LOG.exception("%s went wrong; it is tried again", what)


@contextlib.contextmanager
def apart_about(what: str, request_id: str, instance_uuid: str) -> Iterator[None]:
    """Set `what` of one instance `apart`, and let all that is logged meanwhile name it."""
    with logs.about(request_id, instance_uuid), apart(f"{what} of {instance_uuid}"):
        yield
