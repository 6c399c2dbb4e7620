"""What a cell conductor answers to an agent that reports in."""

from __future__ import annotations

from typing import Any

from oslo_utils import versionutils
from oslo_versionedobjects import fields

from understudy.objects import base
from understudy.objects import fields as our_fields


@base.Registry.register
class Orders(base.UnderstudyObject):
    """What the agent is to do now.

    `tear_down`: {host: [[instance uuid, attempt], ...]}, each known to be
    superseded, failed or deleted on that very host. `host_uuids`: for each host
    of `tear_down` the uuid of its own; an order for another uuid is not the
    agent's. `unknown`: like `tear_down`, but of these the cell knows nothing on
    that host; they are left as they are. `register`: hosts that the cell does
    not know (or believes down) and that must register again before they are
    schedulable.
    """

    # 1.0: first version
    # 1.1: added host_uuids and unknown
    VERSION = "1.1"

    fields = {
        "tear_down": our_fields.JsonField(default={}),
        "register": fields.ListOfStringsField(default=[]),
        "host_uuids": fields.DictOfStringsField(default={}),
        "unknown": our_fields.JsonField(default={}),
    }

    tear_down: dict[str, list[tuple[str, int]]]
    register: list[str]
    host_uuids: dict[str, str]
    unknown: dict[str, list[tuple[str, int]]]

    def obj_make_compatible(self, primitive: dict[str, Any], target_version: str) -> None:
        """Take away what an older peer does not know."""
        super().obj_make_compatible(primitive, target_version)
        if versionutils.convert_version_to_tuple(target_version) < (1, 1):
            primitive.pop("host_uuids", None)
            primitive.pop("unknown", None)
