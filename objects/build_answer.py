"""What the super conductor answers about a request: accepted, and how it went."""

from __future__ import annotations

from oslo_versionedobjects import fields

from understudy.objects import base, states
from understudy.objects.instance import Instance


@base.Registry.register
class BuildAccepted(base.UnderstudyObject):
    """The request is written down; these instances will be built or end in ERROR."""

    # 1.0: first version
    VERSION = "1.0"

    fields = {
        "request_id": fields.UUIDField(),
        "instance_uuids": fields.ListOfUUIDField(),
    }

    request_id: str
    instance_uuids: list[str]


@base.Registry.register
class BuildResult(base.UnderstudyObject):
    """Where every instance of a request stands now.

    `cells_unanswered` names the cells that could not be asked; the instances
    they hold are shown as they were last known.
    """

    # 1.0: first version
    VERSION = "1.0"

    fields = {
        "request_id": fields.UUIDField(),
        "instances": fields.ListOfObjectsField("Instance"),
        "cells_unanswered": fields.ListOfStringsField(default=[]),
    }

    request_id: str
    instances: list[Instance]
    cells_unanswered: list[str]

    @property
    def ended(self) -> bool:
        """Has every instance come to its ending?"""
        return all(instance.state in states.ENDED for instance in self.instances)
