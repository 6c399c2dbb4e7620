"""A machine that builds instances, and the tree of providers it consists of."""

from __future__ import annotations

from typing import Any

from oslo_utils import versionutils
from oslo_versionedobjects import fields

from understudy.objects import base
from understudy.objects import fields as our_fields


@base.Registry.register
class Provider(base.UnderstudyObject):
    """One provider of a host's tree, as Placement is to know it.

    `inventories`: {class: {"total": n, "reserved": n, "min_unit": n,
    "max_unit": n, "step_size": n, "allocation_ratio": x}}; only "total" is
    required. `parent_uuid` is None for the host itself (the root).
    """

    # 1.0: first version
    VERSION = "1.0"

    fields = {
        "uuid": fields.UUIDField(),
        "name": fields.StringField(),
        "parent_uuid": fields.UUIDField(nullable=True, default=our_fields.NONE),
        "inventories": our_fields.JsonField(default={}),
        "traits": fields.ListOfStringsField(default=[]),
        "aggregates": fields.ListOfUUIDField(default=[]),
    }

    uuid: str
    name: str
    parent_uuid: str | None
    inventories: dict[str, dict[str, float]]
    traits: list[str]
    aggregates: list[str]


@base.Registry.register
class Host(base.UnderstudyObject):
    """A host as its agent registers it and as operators see it.

    `compute_node_uuid` is the host's own uuid, which it keeps whatever it is
    called; it is that of its root provider too. `agent` is the name that the
    agent process listens under; several hosts may share one. `providers` is
    the tree, root first (left empty in listings). `alive` and
    `seconds_since_heartbeat` are filled in by the cell. `refused` says why the
    cell does not take the host, None where it does, and `remedy` what to do
    about it.
    """

    # 1.0: first version
    # 1.1: added refused and remedy
    VERSION = "1.1"

    fields = {
        "name": fields.StringField(),
        "nodename": fields.StringField(),
        "compute_node_uuid": fields.UUIDField(),
        "agent": fields.StringField(),
        "availability_zone": fields.StringField(nullable=True, default=our_fields.NONE),
        "failure_domain": fields.StringField(nullable=True, default=our_fields.NONE),
        "providers": fields.ListOfObjectsField("Provider", default=[]),
        "cell_name": fields.StringField(nullable=True, default=our_fields.NONE),
        "admin_state": fields.EnumField(
            our_fields.AdminState.ALL, default=our_fields.AdminState.ENABLED
        ),
        "reason": fields.StringField(nullable=True, default=our_fields.NONE),
        "alive": fields.BooleanField(default=True),
        "seconds_since_heartbeat": fields.FloatField(nullable=True, default=our_fields.NONE),
        "instances": fields.IntegerField(default=0),
        "refused": fields.StringField(nullable=True, default=our_fields.NONE),
        "remedy": fields.StringField(nullable=True, default=our_fields.NONE),
    }

    name: str
    nodename: str
    compute_node_uuid: str
    agent: str
    availability_zone: str | None
    failure_domain: str | None
    providers: list[Provider]
    cell_name: str | None
    admin_state: str
    reason: str | None
    alive: bool
    seconds_since_heartbeat: float | None
    instances: int
    refused: str | None
    remedy: str | None

    def obj_make_compatible(self, primitive: dict[str, Any], target_version: str) -> None:
        """Take away what an older peer does not know."""
        super().obj_make_compatible(primitive, target_version)
        if versionutils.convert_version_to_tuple(target_version) < (1, 1):
            primitive.pop("refused", None)
            primitive.pop("remedy", None)
