"""Build requests: written down before they are answered, and worked on under a lease."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from oslo_db import exception as db_errors

from understudy.cells import changes, errors, leases, mapping_states, primitives
from understudy.cells.api.announcing import AnnouncingSection
from understudy.cells.changes import Row
from understudy.cells.clock import db_now
from understudy.cells.records import RequestRecord
from understudy.cells.tables_api import instance_mappings, requests
from understudy.cells.transactions import reading, writing
from understudy.objects.build_request import BuildRequest

PENDING = "PENDING"
SELECTED = "SELECTED"
DONE = "DONE"

_COLUMNS = (
    requests.c.request_id,
    requests.c.body,
    requests.c.state,
    requests.c.answer,
    (requests.c.deadline - db_now()).label("seconds_left"),
    requests.c.lease_owner,
    requests.c.created_at,
)


class Requests(AnnouncingSection):
    """Every method is one transaction; RequestUnknown where there is no such request."""

    def accept(
        self,
        request: BuildRequest,
        instances: Sequence[tuple[str, str]],
        deadline_seconds: float,
        asked: BuildRequest | None = None,
    ) -> RequestRecord:
        """Write the request and its instances (uuid, name) down, all ACCEPTED.

        The same id and body again give what was written the first time; another
        body raises RequestIdTaken. The body that counts is `asked`, what the
        client sent, where `request` has the operator's options filled in.
        """
        digest = _digest(asked or request)
        try:
            return self._insert(request, digest, instances, deadline_seconds)
        except db_errors.DBDuplicateEntry as error:
            try:
                return self._accepted_before(request.request_id, digest)
            except errors.RequestUnknown:
                # It is not the request that was there, but one of its instances.
                raise error from None

    def repeated(self, asked: BuildRequest) -> RequestRecord:
        """Return what was written when this body came before; RequestIdTaken for another."""
        return self._accepted_before(asked.request_id, _digest(asked))

    @writing
    def _insert(
        self,
        connection: sa.Connection,
        request: BuildRequest,
        digest: str,
        instances: Sequence[tuple[str, str]],
        deadline_seconds: float,
    ) -> RequestRecord:
        whose = {"project_id": request.project_id, "user_id": request.user_id}
        now = {"created_at": db_now(), "updated_at": db_now()}
        values = {
            "request_id": request.request_id,
            "digest": digest,
            "body": primitives.dump(request),
            "state": PENDING,
            "deadline": db_now() + deadline_seconds,
            "lease_until": 0.0,
        }
        row = changes.insert(
            connection, requests, {**values, **whose, **now}, _is(request.request_id), _COLUMNS
        )
        if instances:
            mapping = {
                "request_id": request.request_id,
                "state": mapping_states.ACCEPTED,
                "attempt": 0,
                "lease_until": 0.0,
            }
            connection.execute(
                sa.insert(instance_mappings).values(**now),
                [
                    {"instance_uuid": uuid, "name": name, "position": place, **mapping, **whose}
                    for place, (uuid, name) in enumerate(instances)
                ],
            )
            self._announcer.accepted(connection, request, instances)
        return _record(row)

    @reading
    def _accepted_before(
        self, connection: sa.Connection, request_id: str, digest: str
    ) -> RequestRecord:
        row = _find(connection, request_id, requests.c.digest)
        if row.digest != digest:
            raise errors.RequestIdTaken(request_id)
        return _record(row)

    @reading
    def request(self, connection: sa.Connection, request_id: str) -> RequestRecord:
        """Return the request."""
        return _record(_find(connection, request_id))

    @writing
    def take_request(
        self, connection: sa.Connection, request_id: str, owner: str, lease_seconds: float
    ) -> RequestRecord:
        """Take or prolong the lease; LeaseHeld if another has it, or it is DONE."""
        taken = (
            sa.update(requests)
            .where(_is(request_id), requests.c.state != DONE, leases.may_take(requests, owner))
            .values(**leases.granted(owner, lease_seconds))
        )
        row = changes.change(connection, taken, _is(request_id), _COLUMNS)
        if row is None:
            raise _held(_find(connection, request_id))
        return _record(row)

    @writing
    def put_off_request(
        self, connection: sa.Connection, request_id: str, owner: str, seconds: float
    ) -> None:
        """Give the lease back, but let nobody take it for so many seconds."""
        self._swap(connection, request_id, owner, (PENDING, SELECTED), leases.put_off(seconds))

    @writing
    def record_answer(
        self, connection: sa.Connection, request_id: str, owner: str, answer: str
    ) -> None:
        """Write the selection down, PENDING -> SELECTED; LeaseHeld without the lease."""
        selected = {"state": SELECTED, "answer": answer, "updated_at": db_now()}
        self._swap(connection, request_id, owner, (PENDING,), selected)

    @writing
    def finish_request(self, connection: sa.Connection, request_id: str, owner: str) -> None:
        """End the work on it, -> DONE, and the lease; LeaseHeld without the lease."""
        done = {"state": DONE, "updated_at": db_now(), **leases.GIVEN_BACK}
        self._swap(connection, request_id, owner, (PENDING, SELECTED), done)

    @reading
    def waiting_requests(self, connection: sa.Connection, limit: int) -> list[str]:
        """Return the ids of requests that are not DONE and that nobody works on, oldest first."""
        return list(connection.scalars(_waiting(limit)))

    @reading
    def count_requests(self, connection: sa.Connection) -> dict[str, int]:
        """Return how many requests are in each state."""
        query = sa.select(requests.c.state, sa.func.count()).group_by(requests.c.state)
        return dict(connection.execute(query).tuples().all())

    @staticmethod
    def _swap(
        connection: sa.Connection,
        request_id: str,
        owner: str,
        expected: Sequence[str],
        values: dict[str, Any],
    ) -> None:
        # A lease that has run out is still mine until someone else takes it.
        swap = (
            sa.update(requests)
            .where(
                _is(request_id),
                requests.c.lease_owner == owner,
                requests.c.state.in_(expected),
            )
            .values(**values)
        )
        if connection.execute(swap).rowcount == 0:
            found = _find(connection, request_id)
            if found.state not in expected:
                raise errors.LostRace(request_id, f"{expected[0]}/0", f"{found.state}/0")
            raise _held(found)


@functools.lru_cache(maxsize=4)
def _waiting(limit: int) -> sa.Select[Any]:
    # What every sweep asks is put together once.
    return (
        sa.select(requests.c.request_id)
        .where(requests.c.state.in_((PENDING, SELECTED)), leases.is_free(requests))
        .order_by(requests.c.created_at, requests.c.request_id)
        .limit(limit)
    )


def _is(request_id: str) -> sa.ColumnElement[bool]:
    return requests.c.request_id == request_id


def _find(connection: sa.Connection, request_id: str, *more: sa.ColumnElement[Any]) -> Row:
    row = connection.execute(sa.select(*_COLUMNS, *more).where(_is(request_id))).first()
    if row is None:
        raise errors.RequestUnknown(request_id)
    return row


def _held(row: Row) -> errors.LeaseHeld:
    owner = "nobody (it is DONE)" if row.state == DONE else row.lease_owner or leases.NOBODY
    return errors.LeaseHeld(f"request {row.request_id}", owner)


def _record(row: Row) -> RequestRecord:
    return RequestRecord(
        request_id=row.request_id,
        request=primitives.load(BuildRequest, row.body),
        state=row.state,
        answer=row.answer,
        seconds_left=row.seconds_left,
        lease_owner=row.lease_owner,
        created_at=row.created_at,
    )


def _digest(request: BuildRequest) -> str:
    """Return what two requests that ask for the same have in common.

    Names of versions and fields left empty are not part of it, so that an
    upgrade between two calls does not tell them apart.
    """
    said = _said(request.obj_to_wire())
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _said(value: Any) -> Any:
    if isinstance(value, dict):
        fields = value.get("understudy_object.data", value)
        return {name: _said(part) for name, part in fields.items() if part not in (None, [], {})}
    if isinstance(value, list):
        return [_said(part) for part in value]
    return value
