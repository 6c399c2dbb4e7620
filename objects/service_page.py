"""The processes of the API level and of all cells, as far as the cells answered."""

from __future__ import annotations

from oslo_versionedobjects import fields

from understudy.objects import base
from understudy.objects.service import Service


@base.Registry.register
class ServicePage(base.UnderstudyObject):
    """Every process that beats.

    `cells_unanswered` names the cells whose processes are missing from it.
    """

    # 1.0: first version
    VERSION = "1.0"

    fields = {
        "services": fields.ListOfObjectsField("Service", default=[]),
        "cells_unanswered": fields.ListOfStringsField(default=[]),
    }

    services: list[Service]
    cells_unanswered: list[str]
