"""How an instance comes into its cell, and how it is read."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from oslo_db import exception as db_errors

from understudy.cells import changes, errors, leases, primitives
from understudy.cells.cell import attempts, groups, instances
from understudy.cells.cell.announcing import AnnouncingSection
from understudy.cells.changes import Row
from understudy.cells.clock import db_now
from understudy.cells.records import AttemptRecord, InstanceRecord, NewBuild
from understudy.cells.tables_cell import instances as table
from understudy.cells.tables_cell import requests
from understudy.cells.transactions import reading, writing
from understudy.objects import states
from understudy.objects.build_request import BuildRequest
from understudy.objects.fault import Fault
from understudy.objects.notification import InstanceEvent
from understudy.objects.states import AttemptState


class Builds(AnnouncingSection):
    """InstanceUnknown or RequestUnknown where there is no row."""

    def insert_build(
        self, build: NewBuild, owner: str | None = None, lease_seconds: float = 0.0
    ) -> InstanceRecord:
        """Write an instance and its claimed attempt down, BUILDING; with an owner, leased to it.

        The same attempt again gives what is there. An instance that comes back
        after it was handed over starts anew. Tombstoned if it was deleted,
        GroupHostTaken if a member of its group is on the host, LostRace if it is
        at another attempt.
        """
        lease = leases.GIVEN_BACK if owner is None else leases.granted(owner, lease_seconds)
        return self._put(build, {"state": states.BUILDING, "fault": None, **lease}, None)

    def insert_failed(self, build: NewBuild, fault: Fault) -> InstanceRecord:
        """Write an instance down that cannot be built here, FAILING with its claim.

        Its attempt is never cast, so there is nothing to clean. It holds no host
        of its group. Repeats and refusals are those of `insert_build`.
        """
        failing = {"state": states.FAILING, "fault": primitives.dump(fault), **leases.GIVEN_BACK}
        return self._put(build, failing, fault)

    def _put(self, build: NewBuild, begun: dict[str, Any], fault: Fault | None) -> InstanceRecord:
        try:
            return self._insert(build, begun, fault)
        except db_errors.DBDuplicateEntry:
            return self._insert_again(build, begun, fault)

    @writing
    def _insert(
        self,
        connection: sa.Connection,
        build: NewBuild,
        begun: dict[str, Any],
        fault: Fault | None,
    ) -> InstanceRecord:
        values = {
            "uuid": build.instance_uuid,
            "request_id": build.request.request_id,
            "created_at": db_now(),
            **_values(build),
            **begun,
        }
        key = instances.row.uuid == build.instance_uuid
        inserted = changes.insert(connection, table, values, key, instances.COLUMNS)
        return self._complete(connection, build, inserted, fault)

    @writing
    def _insert_again(
        self,
        connection: sa.Connection,
        build: NewBuild,
        begun: dict[str, Any],
        fault: Fault | None,
    ) -> InstanceRecord:
        row = instances.row
        # Not in the table of moves: this row's story is over, and another begins.
        came_back = instances.swap(
            connection,
            build.instance_uuid,
            (row.state == states.HANDED_OVER, row.attempt < build.attempt),
            {**_values(build), **begun},
        )
        if came_back is not None:
            return self._complete(connection, build, came_back, fault)
        found = instances.find(connection, build.instance_uuid)
        if found.state in {states.DELETING, states.DELETED}:
            raise errors.Tombstoned(build.instance_uuid)
        if found.attempt != build.attempt:
            expected = f"{states.BUILDING}/{build.attempt}"
            raise instances.lost(connection, build.instance_uuid, expected)
        return instances.record(found)

    def _complete(
        self, connection: sa.Connection, build: NewBuild, row: Row, fault: Fault | None
    ) -> InstanceRecord:
        request = {
            "request_id": build.request.request_id,
            "body": primitives.dump(build.request),
            "created_at": db_now(),
        }
        changes.insert_missing(connection, requests, request, "request_id")
        if fault is None:
            attempts.write(connection, row, AttemptState.CLAIMED, build.selection)
            groups.keep_apart(connection, row)
            self._announcer.announce(connection, InstanceEvent.SELECTED, row)
        else:
            ended = {
                "fault": primitives.dump(fault),
                "cleaned": True,
                "ended_at": db_now(),
            }
            attempts.write(connection, row, AttemptState.FAILED, build.selection, **ended)
            self._announcer.announce(connection, InstanceEvent.ATTEMPT_FAILED, row)
        return instances.record(row)

    @reading
    def instance(self, connection: sa.Connection, uuid: str) -> InstanceRecord:
        """Return the instance."""
        return instances.record(instances.find(connection, uuid))

    @reading
    def attempts(self, connection: sa.Connection, uuid: str) -> list[AttemptRecord]:
        """Return every target of every attempt, in the order they were tried."""
        query = (
            sa.select(*attempts.COLUMNS)
            .where(attempts.row.instance_uuid == uuid)
            .order_by(attempts.row.number, attempts.row.position)
        )
        return [attempts.record(found) for found in connection.execute(query)]

    @reading
    def request_of(self, connection: sa.Connection, request_id: str) -> BuildRequest:
        """Return the request that an instance of this cell was built for."""
        query = sa.select(requests.c.body).where(requests.c.request_id == request_id)
        body = connection.scalars(query).first()
        if body is None:
            raise errors.RequestUnknown(request_id)
        return primitives.load(BuildRequest, body)


def _values(build: NewBuild) -> dict[str, Any]:
    affinity = build.request.affinity
    return {
        "name": build.name,
        "project_id": build.request.project_id,
        "user_id": build.request.user_id,
        "consumer_type": build.consumer_type,
        "attempt": build.attempt,
        "position": 0,
        "attempts_left": build.attempts_left,
        "cells_left": build.cells_left,
        **instances.target(build.selection),
        **instances.understudies(build.alternates),
        "generation": build.generation,
        "group_uuid": affinity and affinity.group_uuid,
        "group_policy": affinity and affinity.policy,
        "deadline": db_now() + build.deadline_seconds,
        "updated_at": db_now(),
    }
