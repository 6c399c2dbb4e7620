"""One host that is able to take an instance, with all that is needed to claim it."""

from __future__ import annotations

import json
from typing import Any

from oslo_versionedobjects import fields

from understudy.objects import base
from understudy.objects import fields as our_fields


@base.Registry.register
class Selection(base.UnderstudyObject):
    """A chosen host, or an alternate for it.

    The fields carry the names of Nova's Selection 1.1 wherever they mean the
    same. `allocation_request` is the JSON text that Placement gave for this
    host ({"allocations": {provider: {"resources": {class: amount}}},
    "mappings": {suffix: [provider]}}) and `allocation_request_version` the
    microversion it is written in.
    """

    # 1.0: first version
    VERSION = "1.0"

    fields = {
        "compute_node_uuid": fields.UUIDField(),
        "service_host": fields.StringField(),
        "nodename": fields.StringField(),
        "cell_uuid": fields.UUIDField(),
        "limits": our_fields.AmountsField(nullable=True, default=our_fields.NONE),
        "allocation_request": fields.StringField(),
        "allocation_request_version": fields.StringField(),
        "availability_zone": fields.StringField(nullable=True, default=our_fields.NONE),
    }

    compute_node_uuid: str
    service_host: str
    nodename: str
    cell_uuid: str
    limits: dict[str, int] | None
    allocation_request: str
    allocation_request_version: str
    availability_zone: str | None

    @property
    def allocations(self) -> dict[str, dict[str, int]]:
        """Amounts by provider and resource class, parsed from the request."""
        return allocations_of(self.allocation_request)


def allocations_of(allocation_request: str) -> dict[str, dict[str, int]]:
    """Return the amounts by provider and resource class that an allocation request asks for."""
    request: dict[str, Any] = json.loads(allocation_request)
    return {provider: dict(part["resources"]) for provider, part in request["allocations"].items()}
