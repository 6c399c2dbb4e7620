"""A running process of ours, and a cell, as operators see them."""

from __future__ import annotations

from oslo_versionedobjects import fields

from understudy.objects import base
from understudy.objects import fields as our_fields


@base.Registry.register
class Service(base.UnderstudyObject):
    """One process: "scheduler", "conductor", "cell-conductor" or "compute"."""

    # 1.0: first version
    VERSION = "1.0"

    fields = {
        "binary": fields.StringField(),
        "name": fields.StringField(),
        "cell_name": fields.StringField(nullable=True, default=our_fields.NONE),
        "alive": fields.BooleanField(),
        "seconds_since_heartbeat": fields.FloatField(),
    }

    binary: str
    name: str
    cell_name: str | None
    alive: bool
    seconds_since_heartbeat: float


@base.Registry.register
class Cell(base.UnderstudyObject):
    """A cell and whether its database answers; addresses carry no password."""

    # 1.0: first version
    VERSION = "1.0"

    fields = {
        "uuid": fields.UUIDField(),
        "name": fields.StringField(),
        "enabled": fields.BooleanField(),
        "transport_url": fields.StringField(),
        "database_url": fields.StringField(),
        "answers": fields.BooleanField(),
        "hosts": fields.IntegerField(default=0),
        "instances": fields.IntegerField(default=0),
    }

    uuid: str
    name: str
    enabled: bool
    transport_url: str
    database_url: str
    answers: bool
    hosts: int
    instances: int
