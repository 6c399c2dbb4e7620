"""What a cell conductor answers to an agent that reports in."""

from __future__ import annotations

from oslo_versionedobjects import fields

from understudy.objects import base
from understudy.objects import fields as our_fields


@base.Registry.register
class Orders(base.UnderstudyObject):
    """What the agent is to do now.

    `tear_down`: {host: [[instance uuid, attempt], ...]}, each known to be
    superseded, failed or deleted. `register`: hosts that the cell does not know
    (or believes down) and that must register again before they are schedulable.
    """

    # 1.0: first version
    VERSION = "1.0"

    fields = {
        "tear_down": our_fields.JsonField(default={}),
        "register": fields.ListOfStringsField(default=[]),
    }

    tear_down: dict[str, list[tuple[str, int]]]
    register: list[str]
