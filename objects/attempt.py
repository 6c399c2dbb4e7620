"""One cast of a build to one host."""

from __future__ import annotations

from oslo_versionedobjects import fields

from understudy.objects import base, states
from understudy.objects import fields as our_fields
from understudy.objects.fault import Fault


@base.Registry.register
class Attempt(base.UnderstudyObject):
    """One line in the timeline of a build.

    `number` counts from 1 and on across cells; it is the fencing token. A
    target that lost its claim before the cast has state LOST_CLAIM and shares
    its number with the target that came after it. Times are seconds since the
    epoch on the cell database's clock.
    """

    # 1.0: first version
    VERSION = "1.0"

    fields = {
        "instance_uuid": fields.UUIDField(),
        "number": fields.IntegerField(),
        "state": fields.EnumField(states.AttemptState.ALL),
        "cell_name": fields.StringField(),
        "service_host": fields.StringField(),
        "nodename": fields.StringField(),
        "fault": fields.ObjectField("Fault", nullable=True, default=our_fields.NONE),
        "started_at": fields.FloatField(),
        "ended_at": fields.FloatField(nullable=True, default=our_fields.NONE),
    }

    instance_uuid: str
    number: int
    state: str
    cell_name: str
    service_host: str
    nodename: str
    fault: Fault | None
    started_at: float
    ended_at: float | None
