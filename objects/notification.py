"""What became of an instance, as others are told of it."""

from __future__ import annotations

from typing import Final

from oslo_versionedobjects import fields

from understudy.objects import base, states
from understudy.objects import fields as our_fields
from understudy.objects.fault import Fault


class InstanceEvent:
    """What an instance can meet with."""

    ACCEPTED: Final = "instance.build.accepted"
    """Written down by the super conductor."""
    SELECTED: Final = "instance.selected"
    """This attempt holds the claim on its host; its build is about to be cast."""
    ATTEMPT_FAILED: Final = "instance.attempt.failed"
    ACTIVE: Final = "instance.active"
    ERROR: Final = "instance.error"
    DELETED: Final = "instance.deleted"
    ALL: Final = (ACCEPTED, SELECTED, ATTEMPT_FAILED, ACTIVE, ERROR, DELETED)


@base.Registry.register
class InstanceNotification(base.UnderstudyObject):
    """One event of one instance.

    It may come more than once; (instance_uuid, sequence) tells a repeat. Of one
    instance, what has the higher sequence happened later. The numbers have
    gaps. `time` is in seconds since the epoch on the clock of the database that
    wrote it down, `publisher` the process that sent it.
    """

    # 1.0: first version
    VERSION = "1.0"

    fields = {
        "event_type": fields.EnumField(InstanceEvent.ALL),
        "publisher": fields.StringField(default=""),
        "instance_uuid": fields.UUIDField(),
        "request_id": fields.UUIDField(),
        "name": fields.StringField(),
        "project_id": fields.StringField(),
        "user_id": fields.StringField(),
        "state": fields.EnumField(states.ALL),
        "attempt": fields.IntegerField(),
        "sequence": fields.IntegerField(),
        "cell_name": fields.StringField(nullable=True, default=our_fields.NONE),
        "service_host": fields.StringField(nullable=True, default=our_fields.NONE),
        "fault": fields.ObjectField("Fault", nullable=True, default=our_fields.NONE),
        "time": fields.FloatField(default=0.0),
    }

    event_type: str
    publisher: str
    instance_uuid: str
    request_id: str
    name: str
    project_id: str
    user_id: str
    state: str
    attempt: int
    sequence: int
    cell_name: str | None
    service_host: str | None
    fault: Fault | None
    time: float
