"""One thing to be built, as clients see it."""

from __future__ import annotations

from oslo_versionedobjects import fields

from understudy.objects import base, states
from understudy.objects import fields as our_fields
from understudy.objects.attempt import Attempt
from understudy.objects.fault import Fault


@base.Registry.register
class Instance(base.UnderstudyObject):
    """An instance and, where one was asked for by uuid, its timeline.

    `state` is one of `objects.states`; `attempt` is the recorded (newest)
    attempt's number, 0 before the first. `cell_name` and `service_host` are
    None until it is mapped. Times are seconds since the epoch.
    """

    # 1.0: first version
    VERSION = "1.0"

    fields = {
        "uuid": fields.UUIDField(),
        "name": fields.StringField(),
        "request_id": fields.UUIDField(),
        "project_id": fields.StringField(),
        "user_id": fields.StringField(),
        "state": fields.EnumField(states.ALL),
        "attempt": fields.IntegerField(default=0),
        "cell_name": fields.StringField(nullable=True, default=our_fields.NONE),
        "service_host": fields.StringField(nullable=True, default=our_fields.NONE),
        "alternates_left": fields.IntegerField(default=0),
        "fault": fields.ObjectField("Fault", nullable=True, default=our_fields.NONE),
        "attempts": fields.ListOfObjectsField("Attempt", default=[]),
        "created_at": fields.FloatField(),
        "updated_at": fields.FloatField(),
    }

    uuid: str
    name: str
    request_id: str
    project_id: str
    user_id: str
    state: str
    attempt: int
    cell_name: str | None
    service_host: str | None
    alternates_left: int
    fault: Fault | None
    attempts: list[Attempt]
    created_at: float
    updated_at: float


@base.Registry.register
class InstancePage(base.UnderstudyObject):
    """One page of a listing across cells.

    `marker` is the uuid to continue after, None on the last page;
    `cells_unanswered` names the cells whose instances are missing from it.
    """

    # 1.0: first version
    VERSION = "1.0"

    fields = {
        "instances": fields.ListOfObjectsField("Instance", default=[]),
        "marker": fields.UUIDField(nullable=True, default=our_fields.NONE),
        "cells_unanswered": fields.ListOfStringsField(default=[]),
    }

    instances: list[Instance]
    marker: str | None
    cells_unanswered: list[str]
